/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

#include "stats/loss_search.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static void test_no_trial_says_nothing(void **state)
{
	struct loss_search found;

	(void)state;
	loss_search_fit(NULL, 0, &found);
	assert_int_equal(found.state, LOSS_SEARCH_UNKNOWN);
	assert_true(isinf(loss_search_half_width(&found)));
	NEAR(loss_search_next(NULL, 0, 42), 42);
}

static void test_all_alike_is_an_open_end(void **state)
{
	const struct loss_trial none[] = { { 3, false, LOSS_EVEN },
					   { 5, false, LOSS_EVEN } };
	const struct loss_trial all[] = { { 3, true, LOSS_EVEN },
					  { 5, true, LOSS_EVEN } };
	struct loss_search found;

	(void)state;
	loss_search_fit(none, 2, &found);
	assert_int_equal(found.state, LOSS_SEARCH_ABOVE);
	NEAR(found.rate, 5);
	assert_true(isinf(found.hi));
	assert_true(loss_search_next(none, 2, 1) > 5);
	loss_search_fit(all, 2, &found);
	assert_int_equal(found.state, LOSS_SEARCH_BELOW);
	NEAR(found.rate, 3);
	NEAR(found.lo, 0);
	assert_true(loss_search_next(all, 2, 1) < 3);
}

/* A step at 10: the limits come near as trials do, and never pass it. */
static void test_a_sharp_step_is_found(void **state)
{
	struct loss_trial trial[64];
	struct loss_search found;

	(void)state;
	for (int i = 0; i < 64; i++) {
		double x = loss_search_next(trial, (size_t)i, 20);

		trial[i] = (struct loss_trial){ .offered = x, .lossy = x > 10 };
	}
	loss_search_fit(trial, 64, &found);
	assert_int_equal(found.state, LOSS_SEARCH_FOUND);
	assert_true(found.lo <= 10 && 10 <= found.hi);
	assert_true(fabs(found.rate / 10 - 1) < 0.01);
	assert_true(loss_search_half_width(&found) < 0.02);
}

/* In which order the trials came is no matter. */
static void test_order_is_no_matter(void **state)
{
	struct loss_trial a[9], b[9];
	struct loss_search x, y;

	(void)state;
	for (int i = 0; i < 9; i++) {
		a[i] = (struct loss_trial){ 1 + i, i > 5 || i == 3, false };
		b[8 - i] = a[i];
	}
	loss_search_fit(a, 9, &x);
	loss_search_fit(b, 9, &y);
	NEAR(x.rate, y.rate);
	NEAR(x.lo, y.lo);
	assert_true(x.rate > 3 && x.rate < 7);
}

static struct loss_search found_at(double rate, double lo, double hi)
{
	return (struct loss_search){
		.state = LOSS_SEARCH_FOUND, .rate = rate, .lo = lo, .hi = hi
	};
}

static void test_the_ratio_has_both_errors(void **state)
{
	const struct loss_search a = found_at(50, 49, 51);
	const struct loss_search b = found_at(100, 90, 105);
	const struct loss_search open = found_at(100, 0, 105);
	struct loss_search r;

	(void)state;
	loss_search_ratio(&a, &b, &r);
	NEAR(r.rate, 0.5);
	assert_true(r.lo < 0.5 * 49 / 50 && r.lo > 0.5 * 49 / 50 * 100 / 106);
	assert_true(r.hi > 0.5 * 100 / 90 && r.hi < 0.5 * 51 / 50 * 100 / 89);
	loss_search_ratio(&a, &open, &r);
	assert_int_equal(r.state, LOSS_SEARCH_UNKNOWN);
}

static void test_voids_do_not_count(void **state)
{
	const struct loss_trial trial[] = {
		{ 3, false, LOSS_EVEN }, { 4, true, LOSS_UNEVEN },
		{ 5, false, LOSS_EVEN }, { 6, true, LOSS_EVEN },
		{ 7, false, LOSS_DARK }, { 8, true, LOSS_EVEN },
	};
	struct loss_search found;

	(void)state;
	loss_search_fit(trial, 6, &found);
	assert_int_equal(found.state, LOSS_SEARCH_FOUND);
	assert_true(found.trials == 4 && found.voids == 2 && !found.uneven);
	assert_true(found.rate > 5 && found.rate < 6);
}

/*
 * A search against a sender that is even up to `even` and can do no more than
 * `most`; above `capacity` all is lossy, and so is a part of all others.
 */
struct bench {
	double even, most, capacity;
	double unlucky; /* part of even trials that a stall made void */
};

static size_t play(gsl_rng *rng, const struct bench *b,
		   struct loss_search *found)
{
	static struct loss_trial trial[LOSS_SEARCH_MAX];
	size_t n = 0;

	do {
		double x = loss_search_next(trial, n, 40);
		bool is_void = x > b->even || gsl_rng_uniform(rng) < b->unlucky;

		x = fmin(x, b->most);
		/* what pauses and bursts is lossy at any rate */
		trial[n++] = (struct loss_trial){
			.offered = is_void ? 0.8 * x : x,
			.lossy = is_void || x > b->capacity,
			.is_void = is_void ? LOSS_UNEVEN : LOSS_EVEN,
		};
		loss_search_fit(trial, n, found);
	} while (n < LOSS_SEARCH_MAX && !loss_search_is_done(found, 0.05));
	return n;
}

/* Two in five trials hit by a stall, and the rate is found all the same. */
static void test_stalls_do_not_move_the_rate(void **state)
{
	const struct bench stalls = { 1e9, 1e9, 10, 0.4 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct loss_search found;
		size_t n = play(rng, &stalls, &found);

		assert_in_range(n, LOSS_SEARCH_TRIALS, 120);
		assert_int_equal(found.state, LOSS_SEARCH_FOUND);
		assert_true(found.lo <= 10 && found.hi >= 10);
		assert_true(fabs(found.rate / 10 - 1) < 0.03);
		assert_int_equal(found.trials + found.voids, n);
	}
	gsl_rng_free(rng);
}

/* What cannot be offered evenly is above all that was offered. */
static void test_the_senders_end(void **state)
{
	const struct bench slow = { 1e9, 10, 1e9, 0 };
	const struct bench shares = { 10, 1e9, 1e9, 0 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct loss_search found;

	(void)state;
	play(rng, &slow, &found);
	assert_int_equal(found.state, LOSS_SEARCH_ABOVE);
	NEAR(found.rate, 10);
	assert_true(found.trials == LOSS_SEARCH_TRIALS && !found.voids);
	play(rng, &shares, &found);
	assert_int_equal(found.state, LOSS_SEARCH_ABOVE);
	assert_true(found.rate > 8 && found.rate <= 10);
	assert_true(found.voids > 0 && !found.uneven);
	gsl_rng_free(rng);
}

/* A machine on which nothing is even, however slow: it ends, and says so. */
static void test_nothing_is_even(void **state)
{
	const struct bench loaded = { 1e9, 1e9, 10, 1 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct loss_search found;

	(void)state;
	assert_int_equal(play(rng, &loaded, &found), 2 * LOSS_SEARCH_TRIALS);
	assert_true(found.uneven);
	assert_int_equal(found.trials, found.voids);
	assert_int_equal(found.state, LOSS_SEARCH_BELOW);
	gsl_rng_free(rng);
}

/* Every trial dark: slower and slower, an end, and nothing claimed. */
static void test_dark_trials_say_nothing(void **state)
{
	struct loss_trial trial[200];
	struct loss_search found = { 0 };
	size_t n = 0;

	(void)state;
	while (n < 200 && !loss_search_is_done(&found, 0.05)) {
		trial[n] = (struct loss_trial){
			.offered = loss_search_next(trial, n, 1000),
			.is_void = LOSS_DARK,
		};
		loss_search_fit(trial, ++n, &found);
	}
	assert_int_equal(n, 2 * LOSS_SEARCH_ENOUGH);
	assert_int_equal(found.state, LOSS_SEARCH_UNKNOWN);
	assert_true(found.voids == n && found.trials == 0);
	assert_true(trial[n - 1].offered < 15 && trial[n - 1].offered > 5);
	/* among uneven ones they hide nothing, and claim nothing */
	for (size_t i = 0; i < 60; i++)
		trial[i] = (struct loss_trial){
			.offered = 1 + (double)i,
			.is_void = i < 30 ? LOSS_UNEVEN : LOSS_DARK,
		};
	loss_search_fit(trial, 60, &found);
	assert_int_equal(found.state, LOSS_SEARCH_ABOVE);
	NEAR(found.rate, 30);
	assert_true(found.uneven && found.trials == 30 && found.voids == 60);
}

/*
 * Coverage. Each kind of loss has its truth at rate 1, where half of the
 * trials are lossy.
 */

enum kind {
	SHARP,	/* a capacity that scatters by 0.5 % */
	NOISY,	/* by 3 % */
	WILD,	/* by 10 % */
	GRADUAL /* loss at all rates, growing with the sixth power */
};

static double draw_loss(gsl_rng *rng, enum kind kind, double x)
{
	static const double sigma[] = { 0.005, 0.03, 0.10 };

	if (kind == GRADUAL) /* the median of gamma(1/2, 2) is 0.4549 */
		return 0.001 / 0.4549 * pow(x, 6) * gsl_ran_gamma(rng, 0.5, 2);
	return 1 - exp(gsl_ran_gaussian(rng, sigma[kind])) / x;
}

/* As the study searches: until the interval is narrow, or 80 trials. */
static void search(gsl_rng *rng, enum kind kind, double precision,
		   struct loss_search *found)
{
	struct loss_trial trial[80];
	size_t n = 0;

	do {
		double x = loss_search_next(trial, n, 1.3);

		trial[n++] = (struct loss_trial){
			.offered = x,
			.lossy = draw_loss(rng, kind, x) > 0.001,
		};
		loss_search_fit(trial, n, found);
	} while (n < 80 && (n < LOSS_SEARCH_TRIALS ||
			    loss_search_half_width(found) > precision));
}

static void test_coverage(void **state)
{
	static const char *const names[] = { "sharp", "noisy", "wild",
					     "gradual" };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	(void)state;
	gsl_rng_set(rng, 7);
	for (enum kind kind = SHARP; kind <= GRADUAL; kind++) {
		const int times = 300;
		int covered = 0;
		double error = 0;

		for (int i = 0; i < times; i++) {
			struct loss_search found;

			search(rng, kind, 0.05, &found);
			covered += found.lo <= 1.002 && 0.998 <= found.hi;
			error += fabs(log(found.rate)) / times;
		}
		print_message("%s: %.3f covered, mean error %.1f %%\n",
			      names[kind], (double)covered / times,
			      100 * error);
		/* 0.95 but three standard errors of 300 */
		assert_true(covered >= 0.912 * times);
		assert_true(error < (kind == GRADUAL ? 0.15 : 0.06));
	}
	gsl_rng_free(rng);
}

/* Of the ratio of two searches, whose truth is 0.8. */
static void test_coverage_of_the_ratio(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	int covered = 0, known = 0;

	(void)state;
	gsl_rng_set(rng, 8);
	for (int i = 0; i < 300; i++) {
		struct loss_search a, b, ratio;

		search(rng, NOISY, 0.05, &a);
		search(rng, NOISY, 0.05, &b);
		a.rate *= 0.8;
		a.lo *= 0.8;
		a.hi *= 0.8;
		loss_search_ratio(&a, &b, &ratio);
		if (ratio.state != LOSS_SEARCH_FOUND)
			continue;
		known++;
		covered += ratio.lo <= 0.8 && 0.8 <= ratio.hi;
	}
	gsl_rng_free(rng);
	print_message("%d of %d covered\n", covered, known);
	assert_true(known > 270);
	assert_true(covered >= 0.912 * known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_trial_says_nothing),
		cmocka_unit_test(test_all_alike_is_an_open_end),
		cmocka_unit_test(test_a_sharp_step_is_found),
		cmocka_unit_test(test_order_is_no_matter),
		cmocka_unit_test(test_the_ratio_has_both_errors),
		cmocka_unit_test(test_voids_do_not_count),
		cmocka_unit_test(test_stalls_do_not_move_the_rate),
		cmocka_unit_test(test_the_senders_end),
		cmocka_unit_test(test_nothing_is_even),
		cmocka_unit_test(test_dark_trials_say_nothing),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_coverage_of_the_ratio),
	};

	return cmocka_run_group_tests_name("loss_search", tests, NULL, NULL);
}
