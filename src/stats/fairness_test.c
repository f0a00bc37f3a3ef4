/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/fairness.h"

#define CLOSE(a, b) assert_true(fabs((a) - (b)) < 1e-12)

static void test_jain(void **state)
{
	const double same[4] = { 7, 7, 7, 7 }, one[4] = { 5, 0, 0, 0 };
	const double half[4] = { 3, 3, 0, 0 }, uneven[3] = { 1, 2, 3 };
	const double none[2] = { 0, 0 }, odd[2] = { NAN, 1 };
	const double negative[2] = { 1, -1 };

	(void)state;
	CLOSE(stats_jain(same, 4), 1);
	CLOSE(stats_jain(same, 1), 1);
	CLOSE(stats_jain(one, 4), 0.25);
	CLOSE(stats_jain(half, 4), 0.5);
	CLOSE(stats_jain(uneven, 3), 36.0 / (3 * 14));
	CLOSE(stats_jain(none, 2), 0);
	CLOSE(stats_jain(odd, 2), 0);
	CLOSE(stats_jain(negative, 2), 0);
	CLOSE(stats_jain(same, 0), 0);
}

/* Of the scale alone it does not depend. */
static void test_jain_has_no_unit(void **state)
{
	const double a[3] = { 1, 2, 4 }, b[3] = { 1e9, 2e9, 4e9 };

	(void)state;
	CLOSE(stats_jain(a, 3), stats_jain(b, 3));
}

static void fill(struct bend_point *point, const double *sum, size_t n,
		 double half)
{
	for (size_t i = 0; i < n; i++)
		point[i] = (struct bend_point){ .pairs = 1 << i,
						.mean = sum[i],
						.lo = sum[i] - half,
						.hi = sum[i] + half };
}

static void test_a_curve_that_bends(void **state)
{
	/* 100 each up to 4, then 30, then nothing */
	const double sum[5] = { 100, 200, 400, 520, 520 };
	struct bend_point point[5];
	struct stats_bend bend;

	(void)state;
	fill(point, sum, 5, 1);
	stats_bend_of(point, 5, &bend);
	assert_true(bend.valid && !bend.open && !bend.hi_open);
	assert_int_equal(bend.at, 4);
	assert_int_equal(bend.lo, 4);
	assert_int_equal(bend.hi, 4);
}

/* Near the limit of a half the interval tells that it is not sure. */
static void test_a_bend_with_noise(void **state)
{
	const double sum[4] = { 100, 151, 200, 202 };
	struct bend_point point[4];
	struct stats_bend bend;

	(void)state;
	fill(point, sum, 4, 20);
	stats_bend_of(point, 4, &bend);
	assert_true(bend.valid);
	assert_int_equal(bend.at, 2);
	assert_int_equal(bend.lo, 1);
	assert_true(bend.hi >= 2);
}

static void test_a_curve_that_does_not_bend(void **state)
{
	const double sum[3] = { 100, 200, 390 };
	struct bend_point point[3];
	struct stats_bend bend;

	(void)state;
	fill(point, sum, 3, 1);
	stats_bend_of(point, 3, &bend);
	assert_true(bend.valid && bend.open && bend.hi_open);
	assert_int_equal(bend.at, 4);
}

static void test_what_is_no_curve(void **state)
{
	const double sum[3] = { 100, 200, 390 }, zero[2] = { 0, 0 };
	struct bend_point point[3];
	struct stats_bend bend;

	(void)state;
	fill(point, sum, 3, 1);
	stats_bend_of(point, 1, &bend);
	assert_false(bend.valid);
	point[2].pairs = 2;
	stats_bend_of(point, 3, &bend);
	assert_false(bend.valid);
	point[1].mean = NAN;
	stats_bend_of(point, 2, &bend);
	assert_false(bend.valid);
	fill(point, zero, 2, 1);
	stats_bend_of(point, 2, &bend);
	assert_false(bend.valid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jain),
		cmocka_unit_test(test_jain_has_no_unit),
		cmocka_unit_test(test_a_curve_that_bends),
		cmocka_unit_test(test_a_bend_with_noise),
		cmocka_unit_test(test_a_curve_that_does_not_bend),
		cmocka_unit_test(test_what_is_no_curve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
