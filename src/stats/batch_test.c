/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Batch means on sequences of known mean: independent, AR(1), constant, none.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats/batch.h"
#include "stats/estimate.h"

#define WINDOWS 600
#define RUNS	1000

static uint64_t state = 1;

static double uniform(void)
{
	state = state * UINT64_C(6364136223846793005) +
		UINT64_C(1442695040888963407);
	return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* x_i = 1000 + e_i, e_i = phi e_(i-1) + noise: mean 1000, SD 20. */
static void make_ar1(double *rate, size_t n, double phi)
{
	double e = 20 * normal();

	for (size_t i = 0; i < n; i++) {
		rate[i] = 1000 + e;
		e = phi * e + 20 * sqrt(1 - phi * phi) * normal();
	}
}

/* How often the interval covers the truth; *naive: each window for itself. */
static double coverage(double phi, double *naive)
{
	double rate[WINDOWS];
	int covered = 0, naively = 0;

	for (int run = 0; run < RUNS; run++) {
		struct stats_batch batch;
		struct stats_mean mean;

		make_ar1(rate, WINDOWS, phi);
		stats_batch_of(rate, WINDOWS, &batch);
		assert_true(batch.valid);
		covered += fabs(batch.mean - 1000) <=
			   batch.half_width * batch.mean;
		stats_mean_of(rate, WINDOWS, &mean);
		naively += mean.lo <= 1000 && 1000 <= mean.hi;
	}
	*naive = (double)naively / RUNS;
	return (double)covered / RUNS;
}

/* 0.95 said; 1000 runs have a standard error of 0.007. */
static void test_coverage(void **unused)
{
	double naive, covered;

	(void)unused;
	covered = coverage(0, &naive);
	assert_true(covered > 0.925 && covered < 0.975);
	covered = coverage(0.5, &naive);
	assert_true(covered > 0.91 && naive < 0.80);
	covered = coverage(0.9, &naive);
	assert_true(covered > 0.88 && naive < 0.45);
	covered = coverage(0.98, &naive);
	assert_true(covered > 0.75 && naive < 0.25);
}

static void test_too_few_or_none(void **unused)
{
	const double zeros[20] = { 0 };
	const double few[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct stats_batch batch;

	(void)unused;
	stats_batch_of(NULL, 0, &batch);
	assert_false(batch.valid);
	stats_batch_of(few, 9, &batch);
	assert_false(batch.valid);
	assert_true(batch.mean == 5);
	stats_batch_of(zeros, 20, &batch);
	assert_false(batch.valid);
}

static void test_constant(void **unused)
{
	double same[40];
	struct stats_batch batch;

	(void)unused;
	for (size_t i = 0; i < 40; i++)
		same[i] = 940;
	stats_batch_of(same, 40, &batch);
	assert_true(batch.valid && batch.independent);
	assert_true(batch.half_width == 0 && batch.mean == 940);
	assert_int_equal(batch.per_batch, 1);
}

/* A ramp is never independent: no batch hides it. */
static void test_a_trend_widens(void **unused)
{
	double ramp[100];
	struct stats_batch batch;

	(void)unused;
	for (size_t i = 0; i < 100; i++)
		ramp[i] = 900 + 2 * (double)i;
	stats_batch_of(ramp, 100, &batch);
	assert_true(batch.valid);
	assert_false(batch.independent);
	assert_true(batch.half_width > 0.05);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_too_few_or_none),
		cmocka_unit_test(test_constant),
		cmocka_unit_test(test_a_trend_widens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
