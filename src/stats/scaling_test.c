/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/scaling.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#define SIZES  3
#define BLOCKS 40

static const double sizes[SIZES] = { 1, 2, 4 };

struct data {
	double rate[SIZES][BLOCKS];
	const double *row[SIZES];
	struct scaling_input in;
};

static void open_data(struct data *d, size_t n)
{
	for (int i = 0; i < SIZES; i++)
		d->row[i] = d->rate[i];
	d->in = (struct scaling_input){ SIZES, sizes, n, d->row };
}

/* T = 900 c^e, with noise of its own for each rate and, much larger, one that
 * all rates of a block share: what the machine does meanwhile. */
static void make(struct data *d, gsl_rng *rng, double e, double own,
		 double shared)
{
	open_data(d, BLOCKS);
	for (int j = 0; j < BLOCKS; j++) {
		double machine = exp(gsl_ran_gaussian(rng, shared));

		for (int i = 0; i < SIZES; i++)
			d->rate[i][j] = 900 * pow(sizes[i], e) * machine *
					exp(gsl_ran_gaussian(rng, own));
	}
}

static void finds_the_exponent(void **state)
{
	static const double exponents[] = { 1, 0.7, 0, -0.3 };
	struct scaling s;
	struct data d;

	(void)state;
	for (int k = 0; k < 4; k++) {
		open_data(&d, BLOCKS);
		for (int i = 0; i < SIZES; i++)
			for (int j = 0; j < BLOCKS; j++)
				d.rate[i][j] =
					900 * pow(sizes[i], exponents[k]);
		assert_int_equal(scaling_fit(&d.in, &s), 0);
		assert_true(s.valid);
		assert_true(fabs(s.exponent - exponents[k]) < 1e-9);
		assert_true(s.hi - s.lo < 1e-9);
		assert_true(s.misfit < 1e-9);
		assert_true(fabs(s.each[0].ratio - 1) < 1e-9);
		assert_true(fabs(s.each[2].ratio - pow(4, exponents[k] - 1)) <
			    1e-9);
	}
}

/* 95 % of the intervals hold the truth: within 4 SD of a binomial share. The
 * shared noise, 20 %, is not in their width. */
static void its_interval_covers(void **state)
{
	enum { TRIALS = 4000 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	int inside = 0;
	double width = 0;

	(void)state;
	gsl_rng_set(rng, 77);
	for (int k = 0; k < TRIALS; k++) {
		struct scaling s;
		struct data d;

		make(&d, rng, 0.8, 0.05, 0.2);
		assert_int_equal(scaling_fit(&d.in, &s), 0);
		inside += s.lo <= 0.8 && 0.8 <= s.hi;
		width += (s.hi - s.lo) / TRIALS;
	}
	gsl_rng_free(rng);
	assert_in_range(inside, TRIALS * 0.95 - 4 * 13.8,
			TRIALS * 0.95 + 4 * 13.8);
	/* 2 t sd(d) / sqrt(n), with sd(d) = 0.05 sqrt(2) / ln 4 */
	assert_true(fabs(width - 2 * 2.02 * 0.05 * sqrt(2) / log(4) /
					 sqrt(BLOCKS)) < 0.002);
}

/* A bend: 1 cable 100, 2 cables 200, 4 cables 200. */
static void tells_that_it_does_not_fit(void **state)
{
	struct scaling s;
	struct data d;

	(void)state;
	open_data(&d, BLOCKS);
	for (int j = 0; j < BLOCKS; j++) {
		d.rate[0][j] = 100;
		d.rate[1][j] = d.rate[2][j] = 200;
	}
	assert_int_equal(scaling_fit(&d.in, &s), 0);
	assert_true(fabs(s.exponent - 0.5) < 1e-9);
	assert_true(s.misfit > 0.2);
	assert_true(fabs(s.each[1].ratio - 1) < 1e-9);
	assert_true(fabs(s.each[2].ratio - 0.5) < 1e-9);
}

static void refuse(struct data *d)
{
	struct scaling s;

	memset(&s, 0xff, sizeof(s));
	assert_int_equal(scaling_fit(&d->in, &s), 0);
	assert_false(s.valid);
	assert_true(s.exponent == 0 && s.lo == 0 && s.hi == 0);
}

static void has_no_number_for_nonsense(void **state)
{
	static const double unsorted[SIZES] = { 1, 4, 2 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct data d;

	(void)state;
	make(&d, rng, 1, 0.1, 0.1);
	d.in.n = 1;
	refuse(&d);
	d.in.n = BLOCKS;
	d.in.sizes = 1;
	refuse(&d);
	d.in.sizes = SIZES;
	d.in.size = unsorted;
	refuse(&d);
	d.in.size = sizes;
	d.rate[1][3] = NAN;
	refuse(&d);
	d.rate[1][3] = -1;
	refuse(&d);
	for (int j = 0; j < BLOCKS; j++)
		d.rate[1][j] = 0;
	refuse(&d);
	gsl_rng_free(rng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_exponent),
		cmocka_unit_test(its_interval_covers),
		cmocka_unit_test(tells_that_it_does_not_fit),
		cmocka_unit_test(has_no_number_for_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
