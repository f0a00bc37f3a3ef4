/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/family.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/order.h"

static void assert_near(double a, double b)
{
	if (!(fabs(a - b) < 1e-12))
		fail_msg("%.15g is not %.15g", a, b);
}

/* R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") and "BH" */
static void test_known_values(void **state)
{
	const double p[] = { 0.01, 0.04, 0.03, 0.005 };
	const double holm[] = { 0.03, 0.06, 0.06, 0.02 };
	const double bh[] = { 0.02, 0.04, 0.04, 0.02 };
	double adjusted[4];

	(void)state;
	assert_int_equal(stats_holm(p, 4, adjusted), 0);
	for (int i = 0; i < 4; i++)
		assert_near(adjusted[i], holm[i]);
	assert_int_equal(stats_false_discovery(p, 4, adjusted), 0);
	for (int i = 0; i < 4; i++)
		assert_near(adjusted[i], bh[i]);
}

static void test_what_is_no_p_value_is_one(void **state)
{
	double p[] = { NAN, -0.5, 7, 0.001 };

	(void)state;
	assert_int_equal(stats_holm(p, 4, p), 0); /* in place */
	for (int i = 0; i < 3; i++)
		assert_near(p[i], 1);
	assert_near(p[3], 0.004);
	assert_int_equal(stats_holm(NULL, 0, NULL), 0);
	assert_int_equal(stats_false_discovery(NULL, 0, NULL), 0);
}

/* 50 true nulls, 2000 times: any rejection at 5 % in about 1 of 20. */
static void test_holm_keeps_the_level(void **state)
{
	int wrong = 0;

	(void)state;
	for (uint64_t run = 0; run < 2000; run++) {
		double p[50], least = 1;

		for (uint64_t i = 0; i < 50; i++)
			p[i] = (double)(stats_seed(run, i) >> 11) * 0x1p-53;
		stats_holm(p, 50, p);
		for (int i = 0; i < 50; i++)
			least = fmin(least, p[i]);
		wrong += least <= 0.05;
	}
	assert_in_range(wrong, 70, 130);
}

static void test_tails(void **state)
{
	(void)state;
	assert_near(stats_t_tail(0, 5), 0.5);
	assert_near(stats_t_tail(INFINITY, 5), 0);
	assert_near(stats_t_tail(-INFINITY, 5), 1);
	assert_near(stats_t_tail(NAN, 5), 0.5);
	assert_near(stats_t_tail(2, 0), 0.5);
	assert_true(fabs(stats_t_of_tail(0.025, 10) - 2.228139) < 1e-6);
	assert_near(stats_t_tail(stats_t_of_tail(1e-6, 3), 3) / 1e-6, 1);
	assert_near(stats_t_of_tail(0, 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_values),
		cmocka_unit_test(test_what_is_no_p_value_is_one),
		cmocka_unit_test(test_holm_keeps_the_level),
		cmocka_unit_test(test_tails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
