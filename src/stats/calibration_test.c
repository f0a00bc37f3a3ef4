/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "stats/calibration.h"

#define SENTINELS  8
#define ROUNDS_MAX 64
#define BAND	   0.0125

static double x[SENTINELS][ROUNDS_MAX], y[SENTINELS][ROUNDS_MAX],
	u[SENTINELS][ROUNDS_MAX], v[SENTINELS][ROUNDS_MAX];

/* Short slices give `factor` of the true efficiency, at sentinel `only` or,
 * if that is negative, at all. */
static void make(struct calibration_pairs *pairs, size_t n, double noise,
		 double factor, int only)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	gsl_rng_set(rng, 3);
	for (int i = 0; i < SENTINELS; i++) {
		double ratio = 0.2 + 0.1 * i;
		double f = only < 0 || only == i ? factor : 1;

		for (size_t j = 0; j < n; j++) {
			x[i][j] = 1000 * exp(gsl_ran_gaussian(rng, noise));
			y[i][j] = 1000 * ratio * f *
				  exp(gsl_ran_gaussian(rng, noise));
			u[i][j] = 900 * exp(gsl_ran_gaussian(rng, noise));
			v[i][j] =
				900 * ratio * exp(gsl_ran_gaussian(rng, noise));
		}
		pairs[i] =
			(struct calibration_pairs){ n, x[i], y[i], u[i], v[i] };
	}
	gsl_rng_free(rng);
}

static void test_the_same_is_shown(void **state)
{
	struct calibration_pairs pairs[SENTINELS];
	struct calibration_finding f;

	(void)state;
	make(pairs, 64, 0.03, 1, -1);
	calibration_judge(pairs, SENTINELS, BAND, &f);
	assert_int_equal(f.verdict, CALIBRATION_SHOWN);
	assert_int_equal(f.sentinels, SENTINELS);
	assert_int_equal(f.rounds, SENTINELS * 64);
	assert_true(f.lo < f.shift && f.shift < f.hi);
}

static void test_few_rounds_leave_it_open(void **state)
{
	struct calibration_pairs pairs[SENTINELS];
	struct calibration_finding f;

	(void)state;
	make(pairs, 3, 0.08, 1, -1);
	calibration_judge(pairs, SENTINELS, BAND, &f);
	assert_int_equal(f.verdict, CALIBRATION_OPEN);
}

static void test_a_shift_is_refuted(void **state)
{
	struct calibration_pairs pairs[SENTINELS];
	struct calibration_finding f;

	(void)state;
	make(pairs, 64, 0.03, 0.95, -1);
	calibration_judge(pairs, SENTINELS, BAND, &f);
	assert_int_equal(f.verdict, CALIBRATION_REFUTED);
	assert_true(fabs(f.shift + 0.05) < 0.01);
}

/* The smallest buffer alone: the mean over eight does not show it. */
static void test_one_sentinel_is_enough(void **state)
{
	struct calibration_pairs pairs[SENTINELS];
	struct calibration_finding f;

	(void)state;
	make(pairs, 64, 0.03, 0.93, 2);
	calibration_judge(pairs, SENTINELS, BAND, &f);
	assert_int_equal(f.verdict, CALIBRATION_REFUTED);
	assert_int_equal(f.worst, 2);
	assert_true(f.worst_hi < -BAND);
}

static void test_nothing_is_never_nan(void **state)
{
	struct calibration_pairs pairs[SENTINELS];
	struct calibration_finding f;

	(void)state;
	make(pairs, 1, 0.03, 1, -1);
	calibration_judge(pairs, SENTINELS, BAND, &f);
	assert_int_equal(f.verdict, CALIBRATION_OPEN);
	assert_int_equal(f.sentinels, 0);
	make(pairs, 4, 0, 1, -1);
	for (size_t j = 0; j < 4; j++)
		y[5][j] = 0;
	calibration_judge(pairs, SENTINELS, BAND, &f);
	assert_int_equal(f.sentinels, SENTINELS - 1);
	assert_true(isfinite(f.shift) && isfinite(f.lo) && isfinite(f.hi));
	assert_int_equal(f.verdict, CALIBRATION_SHOWN);
}

/* A sentinel that is well known and a little off hides no other that is not
 * so well known and far off. */
static void test_a_sharp_one_hides_no_other(void **state)
{
	struct calibration_pairs pairs[2];
	struct calibration_finding f;

	(void)state;
	for (size_t j = 0; j < 16; j++) {
		double wobble = j % 2 ? 1 : -1;

		x[0][j] = u[0][j] = x[1][j] = u[1][j] = 1000;
		v[0][j] = v[1][j] = 500;
		y[0][j] = 500 * (1.005 + 0.0001 * wobble);
		y[1][j] = 500 * (1.06 + 0.02 * wobble);
	}
	for (int i = 0; i < 2; i++)
		pairs[i] = (struct calibration_pairs){ 16, x[i], y[i], u[i],
						       v[i] };
	calibration_judge(pairs, 2, BAND, &f);
	assert_int_equal(f.worst, 1);
	assert_true(f.worst_lo > BAND);
	assert_int_equal(f.verdict, CALIBRATION_REFUTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_is_shown),
		cmocka_unit_test(test_few_rounds_leave_it_open),
		cmocka_unit_test(test_a_shift_is_refuted),
		cmocka_unit_test(test_one_sentinel_is_enough),
		cmocka_unit_test(test_nothing_is_never_nan),
		cmocka_unit_test(test_a_sharp_one_hides_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
