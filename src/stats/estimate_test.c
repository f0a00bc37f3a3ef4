/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/estimate.h"

#define NEAR(a, b) assert_true(is_near(a, b))

static bool is_near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * fmax(1, fabs(b));
}

static struct stats_efficiency estimate(const double *x, const double *y,
					size_t n, const struct stats_pool *pool)
{
	struct stats_blocks blocks = { .n = n, .x = x, .y = y };
	struct stats_efficiency e;

	stats_estimate(&blocks, pool, &e);
	return e;
}

static double trimmed(const double *x, const double *y, size_t n)
{
	struct stats_blocks blocks = { .n = n, .x = x, .y = y };

	return stats_trimmed_ratio(&blocks);
}

static void assert_no_numbers(const struct stats_efficiency *e, size_t n)
{
	struct stats_efficiency none = { .n = n };

	assert_false(e->valid);
	assert_true(e->ratio == none.ratio && e->lo == 0 && e->hi == 0 &&
		    e->half_width == 0 && e->s == 0 && e->s_star == 0 &&
		    e->nu == 0);
	assert_int_equal(e->n, n);
	assert_false(stats_reached(e, 1e9));
}

/* By hand: x = 100 110 90 100, y = 80 99 63 78. R = 320/400 = 0.8, mean(y) =
 * 80, residuals 0 11 -9 -2 over 80, s^2 = (121 + 81 + 4) / 6400 / 3;
 * t(0.975, 3) = 3.182446. */
static void test_by_hand(void **state)
{
	const double x[] = { 100, 110, 90, 100 }, y[] = { 80, 99, 63, 78 };
	struct stats_efficiency e = estimate(x, y, 4, NULL);
	double s = sqrt(206 / 6400.0 / 3);
	double half = 3.182446305284263 * s / 2;

	(void)state;
	assert_true(e.valid);
	NEAR(e.ratio, 0.8);
	NEAR(e.s, s);
	NEAR(e.s_star, s);
	NEAR(e.nu, 3);
	NEAR(e.lo, 0.8 * exp(-half));
	NEAR(e.hi, 0.8 * exp(half));
	NEAR(e.half_width, exp(half) - 1);
	/* k = floor(0.2 * 4) = 0: the mean of 0.8, 0.9, 0.7, 0.78. */
	NEAR(trimmed(x, y, 4), 0.795);
}

/* s^2 of points: 0.01, 0.01, 1: m = 0.01, the last clipped to 0.03. */
static void test_pool_by_hand(void **state)
{
	const double x[] = { 100, 100 };
	const double d1 = 100 * sqrt(0.01 / 2), d3 = 100 * sqrt(1 / 2.0);
	const double y1[] = { 100 - d1, 100 + d1 };
	const double y3[] = { 100 - d3, 100 + d3 };
	const struct stats_blocks points[] = {
		{ 2, x, y1 }, { 0, NULL, NULL }, { 2, x, y1 },
		{ 2, x, y3 }, { 1, x, y1 },
	};
	struct stats_pool pool;
	struct stats_efficiency e;

	(void)state;
	assert_int_equal(stats_pool_points(points, 5, &pool), 0);
	assert_int_equal(pool.points, 3);
	assert_int_equal(pool.blocks, 6);
	NEAR(pool.s0 * pool.s0, 0.05 / 3);

	/* t^2 = (20 * 0.05/3 + 0.01) / 21 > 0.01: the pool pulls up. */
	e = estimate(x, y1, 2, &pool);
	NEAR(e.s, 0.1);
	NEAR(e.s_star, sqrt((20 * 0.05 / 3 + 0.01) / 21));
	NEAR(e.nu, 21);
	/* t^2 < 1: the point's own, with its own degrees of freedom. */
	e = estimate(x, y3, 2, &pool);
	NEAR(e.s_star, 1);
	NEAR(e.nu, 1);
}

static void test_pool_of_one_point_adds_nothing(void **state)
{
	const double x[] = { 100, 101, 99, 100 }, y[] = { 90, 92, 88, 91 };
	const struct stats_blocks point = { 4, x, y };
	struct stats_pool pool;
	struct stats_efficiency alone, pooled;

	(void)state;
	stats_pool_points(&point, 1, &pool);
	alone = estimate(x, y, 4, NULL);
	pooled = estimate(x, y, 4, &pool);
	assert_true(pooled.nu == alone.nu && pooled.lo == alone.lo);
	stats_pool_points(NULL, 0, &pool);
	assert_true(pool.s0 == 0 && pool.inflation == 1);
}

static void test_constant_data_has_no_width(void **state)
{
	double x[20], y[20];
	struct stats_blocks points[3];
	struct stats_pool pool;
	struct stats_efficiency e;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		x[i] = 941.3;
		y[i] = 0.1 * 941.3;
	}
	for (size_t i = 0; i < 3; i++)
		points[i] = (struct stats_blocks){ 20, x, y };
	stats_pool_points(points, 3, &pool);
	assert_true(isfinite(pool.lag1) && pool.inflation == 1);
	e = estimate(x, y, 20, &pool);
	assert_true(e.valid);
	NEAR(e.ratio, 0.1);
	assert_true(e.half_width == 0);
	assert_true(e.lo == e.ratio && e.ratio == e.hi);
	assert_true(stats_reached(&e, 0.025));
	assert_int_equal(stats_blocks_left(&e, 0.025), 0);
}

static void test_one_block_or_none(void **state)
{
	const double x[] = { 100 }, y[] = { 90 };
	struct stats_efficiency e = estimate(x, y, 1, NULL);

	(void)state;
	assert_no_numbers(&e, 1);
	assert_int_equal(stats_blocks_left(&e, 0.025), STATS_MIN_BLOCKS - 1);
	e = estimate(NULL, NULL, 0, NULL);
	assert_no_numbers(&e, 0);
	assert_int_equal(stats_blocks_left(&e, 0.025), STATS_MIN_BLOCKS);
}

static void test_zero_throughput(void **state)
{
	const double zero[14] = { 0 }, some[14] = { 5, 0, 5, 5 };
	double ten[14];
	struct stats_efficiency e;

	(void)state;
	for (size_t i = 0; i < 14; i++)
		ten[i] = 10;
	e = estimate(zero, ten, 14, NULL);
	assert_no_numbers(&e, 14);
	e = estimate(ten, zero, 14, NULL);
	assert_no_numbers(&e, 14);
	assert_int_equal(stats_blocks_left(&e, 0.025), 1);
	/* A block or two without a byte are data as any other. */
	e = estimate(ten, some, 14, NULL);
	assert_true(e.valid);
	NEAR(e.ratio, 15 / 140.0);
	e = estimate(some, ten, 14, NULL);
	assert_true(e.valid);
	NEAR(e.ratio, 140 / 15.0);
	/* 11 of 14 have no reference: no middle to speak of. */
	assert_true(trimmed(some, ten, 14) == 0);
}

static void test_what_is_no_rate_is_refused(void **state)
{
	const double bad[] = { NAN, INFINITY, -INFINITY, -1, 1.7e308 };
	double x[3] = { 1, 1, 1 }, y[3] = { 1, 1, 1 };
	struct stats_mean mean;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct stats_efficiency e;

		x[0] = x[1] = bad[i];
		e = estimate(x, y, 3, NULL);
		assert_no_numbers(&e, 3);
		e = estimate(y, x, 3, NULL);
		assert_no_numbers(&e, 3);
		stats_mean_of(x, 3, &mean);
		assert_false(mean.valid);
		assert_true(mean.mean == 0 && mean.hi == 0);
	}
}

static bool all_finite(const struct stats_efficiency *e)
{
	return isfinite(e->ratio) && isfinite(e->lo) && isfinite(e->hi) &&
	       isfinite(e->half_width) && isfinite(e->s) &&
	       isfinite(e->s_star) && isfinite(e->nu);
}

/* Every mixture of 9 magnitudes over 3 blocks: never a NaN, and valid
 * intervals are in order. */
static void test_huge_ratios_and_never_nan(void **state)
{
	const double v[] = { 0,	  5e-324, 1e-300, 1e-9,	  1,
			     1e9, 1e150,  1e300,  1.7e308 };
	size_t valid = 0;

	(void)state;
	for (size_t i = 0; i < 9 * 9 * 9 * 9; i++) {
		const double x[] = { v[i % 9], v[i / 9 % 9], 1 };
		const double y[] = { v[i / 81 % 9], v[i / 729], 1 };
		const struct stats_blocks points[] = { { 3, x, y },
						       { 3, y, x } };
		struct stats_pool pool;
		struct stats_efficiency e;

		stats_pool_points(points, 2, &pool);
		assert_true(isfinite(pool.s0) && isfinite(pool.lag1) &&
			    isfinite(pool.inflation));
		e = estimate(x, y, 3, &pool);
		assert_true(all_finite(&e));
		assert_true(isfinite(trimmed(x, y, 3)));
		assert_true(!e.valid || (e.lo <= e.ratio && e.ratio <= e.hi));
		stats_blocks_left(&e, 0.025);
		valid += e.valid;
	}
	assert_true(valid > 1000);
}

static void test_huge_ratio_is_right(void **state)
{
	const double x[] = { 1e-3, 1e-3, 2e-3 }, y[] = { 1e9, 1e9, 2e9 };
	struct stats_efficiency e = estimate(x, y, 3, NULL);

	(void)state;
	assert_true(e.valid);
	NEAR(e.ratio / 1e12, 1);
}

/* 20 % at each end: 2 of 10 go. */
static void test_trimmed_ratio(void **state)
{
	const double x[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	const double y[] = { 9, 1, 1, 0, 1, 1, 2, 1, 1, 99 };
	const double ties[] = { 2, 2, 1, 1, 1, 2, 2, 2, 1, 2 };

	(void)state;
	/* kept: 1 1 1 1 1 2 */
	NEAR(trimmed(x, y, 10), 7 / 6.0);
	/* kept of 1 1 1 1 2 2 2 2 2 2: 1 1 2 2 2 2 */
	NEAR(trimmed(x, ties, 10), 10 / 6.0);
	assert_true(trimmed(x, y, 0) == 0);
}

static void test_lag_widens(void **state)
{
	double x[40], up[40], flat[40];
	struct stats_blocks points[10];
	struct stats_pool pool;
	struct stats_efficiency with, without;

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		x[i] = 100;
		up[i] = 90 + floor((double)i / 10);
		flat[i] = 90 + (double)(i % 2);
	}
	for (size_t i = 0; i < 10; i++)
		points[i] = (struct stats_blocks){ 40, x, up };
	stats_pool_points(points, 10, &pool);
	assert_true(pool.lag1 > 0.8 && pool.lag1 < 1);
	NEAR(pool.inflation, sqrt((1 + pool.lag1) / (1 - pool.lag1)));
	with = estimate(x, up, 40, &pool);
	without = estimate(x, up, 40, NULL);
	assert_true(with.s_star > 2.9 * without.s_star);
	assert_true(with.s == without.s);

	for (size_t i = 0; i < 10; i++)
		points[i] = (struct stats_blocks){ 40, x, flat };
	stats_pool_points(points, 10, &pool);
	assert_true(pool.lag1 < -0.8 && pool.inflation == 1);
}

static void test_reached_takes_blocks_and_width(void **state)
{
	struct stats_efficiency e = { .n = 12,
				      .ratio = 1,
				      .half_width = 0.0247,
				      .s_star = 0.03,
				      .nu = 31,
				      .valid = true };

	(void)state;
	assert_true(stats_reached(&e, 0.025));
	e.half_width = 0.02471;
	assert_false(stats_reached(&e, 0.025));
	assert_true(stats_reached(&e, 0.05));
	e.n = 11;
	assert_false(stats_reached(&e, 0.05));
	assert_int_equal(stats_blocks_left(&e, 0.05), 1);
}

/* With s* = 0.1 and the pool's degrees of freedom: n blocks are asked for at
 * which the width is reached, and at n - 1 it is not. */
static void test_blocks_left_is_what_it_takes(void **state)
{
	struct stats_efficiency e = {
		.n = 12, .s_star = 0.1, .nu = 31, .half_width = 1, .valid = true
	};
	size_t n = 12 + stats_blocks_left(&e, 0.025);
	double at = stats_t_quantile((double)n + 19) * 0.1 / sqrt((double)n);
	double before =
		stats_t_quantile((double)n + 18) * 0.1 / sqrt((double)n - 1);

	(void)state;
	assert_true(expm1(at) <= 0.0247);
	assert_true(expm1(before) > 0.0247);
	assert_int_equal(stats_blocks_left(&e, 0), 999999988);
}

static void test_mean(void **state)
{
	const double v[] = { 10, 12, 14 }, wide[] = { 0, 100 };
	struct stats_mean mean;

	(void)state;
	stats_mean_of(v, 3, &mean);
	/* sd 2, t(0.975, 2) = 4.302653 */
	NEAR(mean.mean, 12);
	NEAR(mean.hi, 12 + 4.302652729696142 * 2 / sqrt(3));
	NEAR(mean.lo, 12 - 4.302652729696142 * 2 / sqrt(3));
	stats_mean_of(v, 1, &mean);
	assert_true(mean.valid && mean.lo == 10 && mean.hi == 10);
	stats_mean_of(v, 0, &mean);
	assert_false(mean.valid);
	stats_mean_of(wide, 2, &mean);
	assert_true(mean.lo == 0 && mean.hi > 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_pool_by_hand),
		cmocka_unit_test(test_pool_of_one_point_adds_nothing),
		cmocka_unit_test(test_constant_data_has_no_width),
		cmocka_unit_test(test_one_block_or_none),
		cmocka_unit_test(test_zero_throughput),
		cmocka_unit_test(test_what_is_no_rate_is_refused),
		cmocka_unit_test(test_huge_ratios_and_never_nan),
		cmocka_unit_test(test_huge_ratio_is_right),
		cmocka_unit_test(test_trimmed_ratio),
		cmocka_unit_test(test_lag_widens),
		cmocka_unit_test(test_reached_takes_blocks_and_width),
		cmocka_unit_test(test_blocks_left_is_what_it_takes),
		cmocka_unit_test(test_mean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
