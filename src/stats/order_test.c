/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/order.h"

#define N 112

static void assert_permutation(const int *order, size_t n)
{
	bool seen[N] = { false };

	for (size_t i = 0; i < n; i++) {
		assert_in_range(order[i], 0, n - 1);
		assert_false(seen[order[i]]);
		seen[order[i]] = true;
	}
}

static void test_every_order_is_a_permutation(void **state)
{
	int order[N];

	(void)state;
	for (size_t n = 0; n <= N; n++)
		for (uint64_t seed = 0; seed < 20; seed++) {
			stats_order(seed, order, n);
			assert_permutation(order, n);
		}
}

static void test_a_seed_is_an_order(void **state)
{
	int a[N], b[N], low[N];
	/* Written down once: stored seeds must mean the same for years. */
	static const int golden[8] = { 2, 7, 5, 1, 3, 4, 0, 6 };
	int first[8];

	(void)state;
	stats_order(42, a, N);
	stats_order(42, b, N);
	assert_memory_equal(a, b, sizeof(a));
	stats_order(43, b, N);
	assert_memory_not_equal(a, b, sizeof(a));
	stats_order(42 + (UINT64_C(1) << 32), low, N);
	assert_memory_not_equal(a, low, sizeof(a));
	stats_order(42, first, 8);
	assert_memory_equal(first, golden, sizeof(first));
}

/* All 6 orders of 3 paths, each about equally often: chi^2 with 5 degrees of
 * freedom is above 25 once in 7,000 times, and the seeds are fixed. */
static void test_orders_are_even(void **state)
{
	int count[27] = { 0 }, order[3];
	double chi2 = 0, expected = 6000 / 6.0;

	(void)state;
	for (uint64_t i = 0; i < 6000; i++) {
		stats_order(stats_seed(7, i), order, 3);
		count[order[0] * 9 + order[1] * 3 + order[2]]++;
	}
	for (size_t i = 0; i < 27; i++)
		if (count[i])
			chi2 += (count[i] - expected) * (count[i] - expected) /
				expected;
	assert_true(chi2 > 0 && chi2 < 25);
}

static void test_odd_cycles_are_reversed(void **state)
{
	int order[3 * 8];
	int differing = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		stats_block_order(seed, order, 3, 8);
		for (size_t cycle = 0; cycle < 8; cycle++)
			assert_permutation(order + 3 * cycle, 3);
		for (size_t cycle = 0; cycle < 8; cycle += 2)
			for (size_t i = 0; i < 3; i++)
				assert_int_equal(order[3 * cycle + i],
						 order[3 * cycle + 5 - i]);
		differing += memcmp(order, order + 6, 3 * sizeof(int)) != 0;
	}
	/* A pair of cycles repeats the pair before once in six times. */
	assert_in_range(differing, 30, 50);
}

static void test_block_of_one_path_or_an_odd_cycle(void **state)
{
	int order[9], one[3] = { 9, 9, 9 };

	(void)state;
	stats_block_order(1, order, 3, 3);
	assert_permutation(order + 6, 3);
	stats_block_order(1, one, 1, 3);
	assert_int_equal(one[0] + one[1] + one[2], 0);
	stats_block_order(1, one, 0, 3);
	stats_block_order(1, one, 3, 0);
	assert_int_equal(one[0] + one[1] + one[2], 0);
}

static void test_seeds_differ(void **state)
{
	uint64_t seed[1000];

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		seed[i] = stats_seed(i / 100, i % 100);
	for (size_t i = 0; i < 1000; i++)
		for (size_t j = 0; j < i; j++)
			assert_true(seed[i] != seed[j]);
	/* Splitmix64's own first output from 0. */
	assert_true(stats_seed(0, 0) == UINT64_C(0xe220a8397b1dcdaf));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_order_is_a_permutation),
		cmocka_unit_test(test_a_seed_is_an_order),
		cmocka_unit_test(test_orders_are_even),
		cmocka_unit_test(test_odd_cycles_are_reversed),
		cmocka_unit_test(test_block_of_one_path_or_an_odd_cycle),
		cmocka_unit_test(test_seeds_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
