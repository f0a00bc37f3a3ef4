/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "stats/coverage.h"

static void test_shares_are_pooled(void **state)
{
	const struct coverage_matrix m[] = {
		{ 100, 95 }, { 0, 0 }, { 100, 97 }, { 50, 48 }
	};
	struct coverage c;

	(void)state;
	assert_int_equal(coverage_pool(m, 4, 1, &c), 0);
	assert_true(c.valid);
	assert_int_equal(c.matrices, 3);
	assert_int_equal(c.intervals, 250);
	assert_int_equal(c.covered, 240);
	assert_true(fabs(c.share - 0.96) < 1e-12);
	assert_true(c.lower <= 0.96 && c.upper >= 0.96);
	assert_true(c.lower > 0.93 && c.upper < 0.99);
}

static void test_one_matrix_has_no_bound(void **state)
{
	const struct coverage_matrix m[] = { { 0, 0 }, { 40, 39 } };
	struct coverage c;

	(void)state;
	assert_int_equal(coverage_pool(m, 2, 1, &c), 0);
	assert_false(c.valid);
	assert_true(c.share > 0.97);
	assert_int_equal(coverage_pool(m, 0, 1, &c), 0);
	assert_false(c.valid);
	assert_true(c.share == 0);
}

static void test_matrices_that_agree_leave_no_doubt(void **state)
{
	const struct coverage_matrix m[] = { { 20, 19 },
					     { 20, 19 },
					     { 20, 19 } };
	struct coverage c;

	(void)state;
	assert_int_equal(coverage_pool(m, 3, 1, &c), 0);
	assert_true(fabs(c.lower - 0.95) < 1e-12);
	assert_true(fabs(c.upper - 0.95) < 1e-12);
}

/* Matrices of 48 intervals whose own coverage wavers: the lower bound is above
 * the truth in about 5 % of the cases, and not much rarer. */
static void test_lower_bound_holds(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	const int trials = 400;
	int above = 0;

	(void)state;
	gsl_rng_set(rng, 11);
	for (int t = 0; t < trials; t++) {
		struct coverage_matrix m[8];
		struct coverage c;

		for (int i = 0; i < 8; i++) {
			double p = gsl_ran_beta(rng, 95, 5);

			m[i].intervals = 48;
			m[i].covered = gsl_ran_binomial(rng, p, 48);
		}
		assert_int_equal(coverage_pool(m, 8, (uint64_t)t, &c), 0);
		above += c.lower > 0.95;
	}
	gsl_rng_free(rng);
	print_message("lower bound above the truth in %.3f of %d\n",
		      (double)above / trials, trials);
	assert_in_range(above, trials / 100, trials / 8);
}

static void test_tail(void **state)
{
	(void)state;
	assert_true(fabs(coverage_tail(0, 1, 0.95) - 0.05) < 1e-9);
	assert_true(fabs(coverage_tail(10, 10, 0.95) - 1) < 1e-9);
	assert_true(coverage_tail(80, 100, 0.95) < 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares_are_pooled),
		cmocka_unit_test(test_one_matrix_has_no_bound),
		cmocka_unit_test(test_matrices_that_agree_leave_no_doubt),
		cmocka_unit_test(test_lower_bound_holds),
		cmocka_unit_test(test_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
