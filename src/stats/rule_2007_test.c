/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/rule_2007.h"

#define NEAR(a, b) assert_true(is_near(a, b))

static bool is_near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * fmax(1, fabs(b));
}

/* t(0.975, 2) = 4.302653: three runs of sd s have a full width of
 * 2 * 4.302653 s / sqrt(3) = 4.968 s, 5 % of 100 at s = 1.006. */
static void test_stops_at_five_percent_of_full_width(void **state)
{
	const double narrow[] = { 99, 100, 101 };
	const double wide[] = { 98.98, 100, 101.02 };

	(void)state;
	assert_true(rule_2007_reached(narrow, 3));
	assert_false(rule_2007_reached(wide, 3));
	assert_false(rule_2007_done(wide, 3));
}

static void test_takes_three_to_ten(void **state)
{
	const double same[] = { 100, 100, 100 };
	const double wild[] = { 1, 200, 1, 200, 1, 200, 1, 200, 1, 200 };
	const double none[10] = { 0 };

	(void)state;
	assert_false(rule_2007_done(same, 2));
	assert_true(rule_2007_done(same, 3));
	assert_false(rule_2007_done(wild, 9));
	assert_true(rule_2007_done(wild, 10));
	assert_false(rule_2007_reached(wild, 10));
	assert_false(rule_2007_reached(none, 10));
	assert_true(rule_2007_done(none, 10));
}

/* Means 100 and 80, sd 1 and 0.8 (1 % each), n = 4: relative variance
 * 2 * 0.01^2 / 4; equal parts, so nu = 6 and t = 2.446912. */
static void test_ratio_by_hand(void **state)
{
	const double h = sqrt(0.75);
	const double x[] = { 100 - h, 100 - h, 100 + h, 100 + h };
	const double y[] = { 80 - 0.8 * h, 80 + 0.8 * h, 80 - 0.8 * h,
			     80 + 0.8 * h };
	double half = 2.446911851144969 * sqrt(2 * 0.0001 / 4);
	struct stats_efficiency e;

	(void)state;
	rule_2007_estimate(x, 4, y, 4, &e);
	assert_true(e.valid);
	assert_int_equal(e.n, 4);
	NEAR(e.ratio, 0.8);
	NEAR(e.nu, 6);
	NEAR(e.s, 0.01);
	NEAR(e.half_width, expm1(half));
	NEAR(e.lo, 0.8 * exp(-half));
}

static void test_ratio_without_numbers(void **state)
{
	const double x[] = { 100, 101, 99 }, zero[3] = { 0 };
	const double bad[] = { 1, NAN, 2 }, same[] = { 5, 5, 5 };
	struct stats_efficiency e;

	(void)state;
	rule_2007_estimate(x, 3, zero, 3, &e);
	assert_false(e.valid);
	rule_2007_estimate(zero, 3, x, 3, &e);
	assert_false(e.valid);
	rule_2007_estimate(x, 3, bad, 3, &e);
	assert_true(!e.valid && e.ratio == 0 && e.n == 3);
	rule_2007_estimate(x, 1, x, 3, &e);
	assert_false(e.valid);
	rule_2007_estimate(same, 3, same, 3, &e);
	assert_true(e.valid && e.ratio == 1 && e.half_width == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stops_at_five_percent_of_full_width),
		cmocka_unit_test(test_takes_three_to_ten),
		cmocka_unit_test(test_ratio_by_hand),
		cmocka_unit_test(test_ratio_without_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
