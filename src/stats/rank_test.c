/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/rank.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/order.h"

#define N 60

static double uniform(uint64_t seed, uint64_t i)
{
	return (double)(stats_seed(seed, i) >> 11) * 0x1p-53;
}

/* Mean ranks (1, 2.5, 2.5, 4 ...), worked out by hand: 25.75 / 41.5. */
static void test_known_value(void **state)
{
	const double x[] = { 1, 2, 2, 3, 5, 8, 9, 10 };
	const double y[] = { 3, 1, 4, 4, 9, 2, 8, 12 };
	struct stats_rank rank;

	(void)state;
	assert_int_equal(stats_rank_correlate(x, y, 8, 200, 1, &rank), 0);
	assert_true(rank.valid);
	assert_true(fabs(rank.rho - 25.75 / 41.5) < 1e-12);
	assert_true(rank.lo <= rank.rho && rank.rho <= rank.hi);
}

static void test_monotone_is_one(void **state)
{
	double x[N], up[N], down[N];
	struct stats_rank rank;

	(void)state;
	for (int i = 0; i < N; i++) {
		x[i] = uniform(1, (uint64_t)i);
		up[i] = exp(9 * x[i]);
		down[i] = 1 / (1 + x[i]);
	}
	stats_rank_correlate(x, up, N, 100, 1, &rank);
	assert_true(rank.rho == 1 && rank.lo == 1 && rank.p == 0);
	stats_rank_correlate(x, down, N, 100, 1, &rank);
	assert_true(rank.rho == -1 && rank.hi == -1);
}

static void test_nothing_to_say(void **state)
{
	const double same[N] = { 0 };
	double x[N];
	struct stats_rank rank;

	(void)state;
	for (int i = 0; i < N; i++)
		x[i] = i;
	stats_rank_correlate(x, same, N, 100, 1, &rank);
	assert_false(rank.valid);
	assert_true(rank.p == 1 && rank.rho == 0);
	stats_rank_correlate(x, x, STATS_RANK_MIN - 1, 100, 1, &rank);
	assert_false(rank.valid);
}

/* Independent quantities: p below 5 % in about 1 of 20, and the interval
 * leaves 0 out about as often. */
static void test_level(void **state)
{
	int significant = 0, missed = 0;

	(void)state;
	for (uint64_t run = 0; run < 200; run++) {
		double x[N], y[N];
		struct stats_rank rank;

		for (uint64_t i = 0; i < N; i++) {
			x[i] = uniform(2 * run, i);
			y[i] = uniform(2 * run + 1, i);
		}
		stats_rank_correlate(x, y, N, 200, run, &rank);
		significant += rank.p < 0.05;
		missed += rank.lo > 0 || rank.hi < 0;
	}
	assert_in_range(significant, 2, 20);
	assert_in_range(missed, 2, 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_value),
		cmocka_unit_test(test_monotone_is_one),
		cmocka_unit_test(test_nothing_to_say),
		cmocka_unit_test(test_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
