/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab/placement.h"

static void get(cpu_set_t *set)
{
	assert_int_equal(sched_getaffinity(0, sizeof(*set), set), 0);
}

static void test_the_sides_share_no_cpu_and_leave_none_out(void **state)
{
	cpu_set_t before, m1, m2, both, after;
	struct placement placement;

	(void)state;
	get(&before);
	if (CPU_COUNT(&before) < 2)
		skip(); /* one CPU: there is nothing to split */
	placement_enter(&placement, PLACEMENT_M1);
	get(&m1);
	placement_leave(&placement);
	placement_enter(&placement, PLACEMENT_M2);
	get(&m2);
	placement_leave(&placement);
	get(&after);
	CPU_AND(&both, &m1, &m2);
	assert_int_equal(CPU_COUNT(&both), 0);
	CPU_OR(&both, &m1, &m2);
	assert_true(CPU_EQUAL(&both, &before));
	assert_true(CPU_EQUAL(&after, &before));
	assert_true(CPU_COUNT(&m2) >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_the_sides_share_no_cpu_and_leave_none_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
