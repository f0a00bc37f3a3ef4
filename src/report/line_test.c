/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/line.h"

static void expect_wrapped(const char *text, int columns, int first, int rest,
			   const char *lines)
{
	const struct line_place place = { columns, first, rest };
	size_t size;
	char *got;
	FILE *out = open_memstream(&got, &size);

	line_wrap(out, text, &place);
	fclose(out);
	assert_string_equal(got, lines);
	free(got);
}

static void wraps(void **state)
{
	(void)state;
	expect_wrapped("", 10, 0, 2, "\n");
	expect_wrapped("one two", 10, 0, 2, "one two\n");
	expect_wrapped("one two three", 10, 0, 2, "one two\n  three\n");
	/* the caller has begun the line */
	expect_wrapped("one two three", 10, 4, 4, "one\n    two\n    three\n");
	expect_wrapped("about 15 % of it", 9, 0, 0, "about\n15 % of\nit\n");
	expect_wrapped("longerthanten", 10, 0, 2, "longerthan\n  ten\n");
	expect_wrapped("v\303\251z\303\251s v\303\251z\303\251s", 5, 0, 0,
		       "v\303\251z\303\251s\nv\303\251z\303\251s\n");
	expect_wrapped("a\033[1m\tb", 20, 0, 0, "a [1m b\n");
}

static void escapes(void **state)
{
	size_t size;
	char *got;
	FILE *out = open_memstream(&got, &size);

	(void)state;
	line_escape(out, "a|b_c*<d>\n`\\");
	fclose(out);
	assert_string_equal(got, "a\\|b\\_c\\*\\<d> \\`\\\\");
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps),
		cmocka_unit_test(escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
