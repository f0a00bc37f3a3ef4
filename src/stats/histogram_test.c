/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats/histogram.h"
#include "stats/order.h"

static struct histogram a, b, both;

static void test_buckets_are_narrow_and_without_gaps(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		int64_t low = histogram_low(i), high = histogram_high(i);

		assert_true(high > low);
		assert_int_equal(histogram_bucket(low), i);
		assert_int_equal(histogram_bucket(high - 1), i);
		assert_true((high - low) * 128 <= (low > 128 ? low : 128));
	}
	assert_int_equal(histogram_bucket(-5), 0);
	assert_int_equal(histogram_bucket(INT64_MAX), HISTOGRAM_BUCKETS - 1);
	assert_int_equal(histogram_bucket((INT64_C(1) << 42) - 1),
			 HISTOGRAM_BUCKETS - 1);
}

/* What a value falls into is stored for years. */
static void test_known_buckets(void **state)
{
	(void)state;
	assert_int_equal(histogram_bucket(255), 255);
	assert_int_equal(histogram_bucket(256), 256);
	assert_int_equal(histogram_bucket(257), 256);
	assert_int_equal(histogram_bucket(25000), 7 * 128 + 195);
	assert_int_equal(histogram_bucket(1000000), 12 * 128 + 244);
}

static int64_t latency(uint64_t seed, uint64_t i)
{
	double u = ((double)(stats_seed(seed, i) >> 11) + 0.5) * 0x1p-53;

	return (int64_t)(20000 - 30000 * log(u)); /* exponential tail */
}

static int compare(const void *x, const void *y)
{
	int64_t p = *(const int64_t *)x, q = *(const int64_t *)y;

	return (p > q) - (p < q);
}

#define N 100000

static void test_quantiles_are_those_of_the_sorted(void **state)
{
	static const double share[] = { 0.001, 0.5, 0.9, 0.99, 0.9999 };
	static int64_t sorted[N];

	(void)state;
	memset(&a, 0, sizeof(a));
	for (size_t i = 0; i < N; i++) {
		sorted[i] = latency(1, i);
		histogram_add(&a, sorted[i]);
	}
	qsort(sorted, N, sizeof(*sorted), compare);
	for (size_t i = 0; i < 5; i++) {
		double right = (double)sorted[(size_t)(share[i] * N)];
		double q = histogram_quantile(&a, share[i]);

		assert_true(fabs(q / right - 1) < 0.01);
		assert_true(fabs(histogram_below(&a, q) - share[i] * N) < 1e-3);
	}
	assert_true(histogram_quantile(&a, 1) >= (double)sorted[N - 1]);
}

static void test_merging_is_exact(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	memset(&both, 0, sizeof(both));
	for (size_t i = 0; i < N; i++) {
		histogram_add(i % 3 ? &a : &b, latency(2, i));
		histogram_add(&both, latency(2, i));
	}
	histogram_merge(&a, &b);
	assert_memory_equal(&a, &both, sizeof(a));
}

static void test_nothing_and_one(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	assert_true(histogram_quantile(&a, 0.5) == 0);
	assert_true(histogram_below(&a, 1e9) == 0);
	histogram_add(&a, 100);
	assert_true(histogram_quantile(&a, 0) >= 100);
	assert_true(histogram_quantile(&a, 0.9999) <= 101);
	assert_true(histogram_below(&a, 1e18) <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_are_narrow_and_without_gaps),
		cmocka_unit_test(test_known_buckets),
		cmocka_unit_test(test_quantiles_are_those_of_the_sorted),
		cmocka_unit_test(test_merging_is_exact),
		cmocka_unit_test(test_nothing_and_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
