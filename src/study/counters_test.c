/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "study/counters.h"

static void expect(const char *after, const char *before, const char *want)
{
	json_t *a = json_loads(after, 0, NULL);
	json_t *b = before ? json_loads(before, 0, NULL) : NULL;
	json_t *w = json_loads(want, 0, NULL);
	json_t *got = counters_subtract(a, b);

	assert_non_null(a);
	assert_non_null(w);
	if (!json_equal(got, w))
		fail_msg("%s, not %s", json_dumps(got, 0), want);
	json_decref(a);
	json_decref(b);
	json_decref(w);
	json_decref(got);
}

static void test_every_end_is_subtracted(void **state)
{
	(void)state;
	expect("{\"netback\": {\"flips\": 12, \"copies\": 7},"
	       " \"netfront\": {\"flips\": 1}}",
	       "{\"netback\": {\"flips\": 2, \"copies\": 7},"
	       " \"netfront\": {\"flips\": 0}}",
	       "{\"netback\": {\"flips\": 10, \"copies\": 0},"
	       " \"netfront\": {\"flips\": 1}}");
	/* beyond what a double holds */
	expect("{\"bytes\": 9007199254740999}", "{\"bytes\": 9007199254740992}",
	       "{\"bytes\": 7}");
}

static void test_what_is_new_counts_from_zero(void **state)
{
	(void)state;
	expect("{\"a\": 5, \"b\": {\"c\": 3}}", "{\"a\": 1}",
	       "{\"a\": 4, \"b\": {\"c\": 3}}");
	expect("{\"a\": 5}", NULL, "{\"a\": 5}");
	expect("{\"a\": 5}", "{\"a\": {\"c\": 3}}", "{\"a\": 5}");
}

static void test_what_is_no_number_is_left_out(void **state)
{
	(void)state;
	expect("{\"mode\": \"copy\", \"n\": 2, \"list\": [1]}", "{}",
	       "{\"n\": 2}");
	assert_null(counters_subtract(NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_end_is_subtracted),
		cmocka_unit_test(test_what_is_new_counts_from_zero),
		cmocka_unit_test(test_what_is_no_number_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
