/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line that a person reads while a study runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cmd/progress.h"

static void expect(const struct study_progress *p, int columns,
		   const char *line)
{
	char text[512];

	progress_format(p, columns, text, sizeof(text));
	assert_string_equal(text, line);
}

static void test_measuring(void **state)
{
	struct study_path_progress path[] = {
		{ .name = "native" },
		{ .name = "dom0", .worst_half_width = 0.0312 },
		/* of two blocks that differ: no number for anybody */
		{ .name = "uml", .worst_half_width = 470.04 },
	};
	struct study_progress p = { .phase = STUDY_MEASURING,
				    .cells = 24,
				    .reached = 5,
				    .failed = 1,
				    .elapsed_ns = 38 * NS_PER_S,
				    .budget_ns = 45 * NS_PER_S,
				    .eta_ns = 60 * NS_PER_S,
				    .now = "",
				    .path = path,
				    .paths = 3 };

	(void)state;
	expect(&p, 100,
	       "[#####...............] 5/24 cells, 1 failed  dom0 +-3.1%  "
	       "1m00s to go (budget 7s)");
	expect(&p, 33, "[#####...............] 5/24 cells");
	p.eta_ns = -1;
	p.budget_ns = 0;
	expect(&p, 100,
	       "[#####...............] 5/24 cells, 1 failed  dom0 +-3.1%");
}

static void test_before(void **state)
{
	struct study_progress p = { .phase = STUDY_SETTLING, .now = "" };

	(void)state;
	expect(&p, 100, "starting agents ...");
	p.now = "dom0 (xen)";
	expect(&p, 100, "starting agents: dom0 (xen) ...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_measuring),
		cmocka_unit_test(test_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
