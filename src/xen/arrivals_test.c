/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/arrivals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START 1000000

static int come(struct arrivals *arrivals, int guests, int64_t now_ns)
{
	int in = 0;

	for (int i = 0; i < guests; i++)
		in += arrivals_wait_ns(arrivals, now_ns) == 0;
	return in;
}

static void a_burst_comes_at_once(void **state)
{
	struct arrivals a;

	(void)state;
	arrivals_init(&a, 4, 100);
	assert_int_equal(come(&a, 10, START), 4);
	assert_int_equal(arrivals_wait_ns(&a, START), 100);
	assert_int_equal(arrivals_wait_ns(&a, START + 60), 40);
	assert_int_equal(come(&a, 10, START + 100), 1);
}

static void what_waits_is_not_counted(void **state)
{
	struct arrivals a;

	(void)state;
	arrivals_init(&a, 1, 100);
	assert_int_equal(come(&a, 1000, START), 1);
	assert_int_equal(come(&a, 1, START + 100), 1);
}

static void rest_fills_no_more_than_the_burst(void **state)
{
	struct arrivals a;

	(void)state;
	arrivals_init(&a, 3, 100);
	assert_int_equal(come(&a, 3, START), 3);
	assert_int_equal(come(&a, 9, START + 200), 2);
	assert_int_equal(come(&a, 9, START + 1000000), 3);
}

static void a_steady_stream_keeps_the_pace(void **state)
{
	struct arrivals a;
	int in = 0;

	(void)state;
	arrivals_init(&a, 8, 100);
	for (int64_t t = 0; t < 10000; t++)
		in += come(&a, 1, START + t);
	assert_int_equal(in, 8 + 99);
}

static void no_limit(void **state)
{
	struct arrivals a;

	(void)state;
	arrivals_init(&a, 1, 0);
	assert_int_equal(come(&a, 1000, START), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_comes_at_once),
		cmocka_unit_test(what_waits_is_not_counted),
		cmocka_unit_test(rest_fills_no_more_than_the_burst),
		cmocka_unit_test(a_steady_stream_keeps_the_pace),
		cmocka_unit_test(no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
