/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/order.h"
#include "stats/quantile.h"

#define BLOCKS 20
#define EACH   500

static struct histogram merged, block[BLOCKS], truth;

static double uniform(uint64_t seed, uint64_t i)
{
	return ((double)(stats_seed(seed, i) >> 11) + 0.5) * 0x1p-53;
}

/* An exponential tail, its scale by +-20 % another one in each block. */
static void draw(uint64_t seed, struct histogram *h)
{
	double scale = 30000 * (0.8 + 0.4 * uniform(seed, 0));

	memset(h, 0, sizeof(*h));
	for (uint64_t i = 1; i <= EACH; i++)
		histogram_add(h,
			      (int64_t)(20000 - scale * log(uniform(seed, i))));
}

static struct quantile estimate(uint64_t seed, double q)
{
	struct quantile quantile;

	memset(&merged, 0, sizeof(merged));
	for (size_t b = 0; b < BLOCKS; b++) {
		draw(stats_seed(seed, b), &block[b]);
		histogram_merge(&merged, &block[b]);
	}
	quantile_init(&quantile, q, &merged);
	for (size_t b = 0; b < BLOCKS; b++)
		quantile_add(&quantile, &block[b]);
	quantile_finish(&quantile, &merged);
	return quantile;
}

/* 95 % of 400 studies' intervals, less four standard errors; and they are not
 * so wide that covering is no art. */
static void check_coverage(double q, double widest)
{
	double right = histogram_quantile(&truth, q);
	int covered = 0;

	for (uint64_t turn = 0; turn < 400; turn++) {
		struct quantile e = estimate(1000 + turn, q);

		assert_true(e.valid && e.lo <= e.value && e.value <= e.hi);
		assert_true((e.hi - e.lo) / e.value < widest);
		covered += e.lo <= right && right <= e.hi;
	}
	print_message("%g: %d of 400 covered\n", q, covered);
	assert_in_range(covered, 362, 397);
}

static void test_intervals_cover(void **state)
{
	(void)state;
	for (uint64_t b = 0; b < 4000; b++) {
		draw(stats_seed(7, b), &block[0]);
		histogram_merge(&truth, &block[0]);
	}
	check_coverage(0.5, 0.12);
	check_coverage(0.99, 0.5);
}

static void test_what_few_blocks_cannot_tell(void **state)
{
	struct quantile e = estimate(3, 0.9999);

	(void)state;
	assert_true(e.valid && e.open); /* one latency of 10000 is above */
	quantile_init(&e, 0.5, &merged);
	quantile_add(&e, &block[0]);
	quantile_finish(&e, &merged);
	assert_false(e.valid);
	memset(&merged, 0, sizeof(merged));
	quantile_init(&e, 0.5, &merged);
	quantile_finish(&e, &merged);
	assert_false(e.valid);
	assert_true(e.value == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intervals_cover),
		cmocka_unit_test(test_what_few_blocks_cannot_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
