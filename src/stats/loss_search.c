/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/loss_search.h"

#include <math.h>
#include <stdlib.h>

/* Rates scatter at least by so much, as a half-width, and at most. */
#define SPREAD_MIN 0.03
#define SPREAD_MAX 0.30

/* A step where nothing, or all, was lossy yet. */
#define STEP 1.2

/* Where not one trial says anything: to a hundredth. */
#define DARK_STEPS 25

#define GOLDEN 0.6180339887498949

static int compare(const void *a, const void *b)
{
	const struct loss_trial *x = a, *y = b;

	return (x->offered > y->offered) - (x->offered < y->offered);
}

/*
 * Isotonic regression of n zeros and ones, all of weight 1: adjacent violators
 * are pooled. fit[i] for each i.
 */
static void fit_isotonic(const struct loss_trial *t, size_t n, double *fit)
{
	double sum[LOSS_SEARCH_MAX];
	size_t count[LOSS_SEARCH_MAX], pools = 0, at = 0;

	for (size_t i = 0; i < n; i++) {
		sum[pools] = t[i].lossy;
		count[pools++] = 1;
		while (pools > 1 &&
		       sum[pools - 2] * (double)count[pools - 1] >=
			       sum[pools - 1] * (double)count[pools - 2]) {
			pools--;
			sum[pools - 1] += sum[pools];
			count[pools - 1] += count[pools];
		}
	}
	for (size_t p = 0; p < pools; p++)
		for (size_t k = 0; k < count[p]; k++)
			fit[at++] = sum[p] / (double)count[p];
}

/* -2 log L of Bernoulli trials; 0 log 0 is 0. */
static double deviance(const struct loss_trial *t, size_t n, const double *fit)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		double p = t[i].lossy ? fit[i] : 1 - fit[i];

		sum -= 2 * log(p > 1e-12 ? p : 1e-12);
	}
	return sum;
}

/* The deviance where R lies between trial k - 1 and trial k. */
static double deviance_split(const struct loss_trial *t, size_t n, size_t k,
			     double *fit)
{
	fit_isotonic(t, k, fit);
	fit_isotonic(t + k, n - k, fit + k);
	for (size_t i = 0; i < n; i++)
		fit[i] = i < k ? fmin(fit[i], 0.5) : fmax(fit[i], 0.5);
	return deviance(t, n, fit);
}

/* Between trial i - 1 and trial i. */
static double middle(const struct loss_trial *t, size_t n, size_t i)
{
	if (i == 0)
		return t[0].offered;
	if (i == n)
		return t[n - 1].offered;
	return sqrt(t[i - 1].offered * t[i].offered);
}

/* Where the fit is a half over a stretch, its middle. */
static double crossing(const struct loss_trial *t, size_t n, const double *fit)
{
	size_t from = 0, to = 0;

	while (from < n && fit[from] < 0.5)
		from++;
	while (to < n && fit[to] <= 0.5)
		to++;
	return sqrt(middle(t, n, from) * middle(t, n, to));
}

static void find_limits(const struct loss_trial *t, size_t n, double least,
			struct loss_search *found)
{
	double fit[LOSS_SEARCH_MAX];
	bool any = false;

	for (size_t k = 0; k <= n; k++) {
		if (deviance_split(t, n, k, fit) - least > LOSS_SEARCH_LR)
			continue;
		if (!any)
			found->lo = k ? t[k - 1].offered : 0;
		found->hi = k < n ? t[k].offered : INFINITY;
		any = true;
	}
}

/* Of uneven trials so many are made, and where the upper end stays open, as
 * the sender can do no more. */
#define PATIENCE (2 * LOSS_SEARCH_TRIALS)

static size_t pick(const struct loss_trial *trial, size_t n,
		   struct loss_trial *picked, struct loss_search *found)
{
	size_t even = 0, at = 0;

	for (size_t i = 0; i < n; i++)
		even += !trial[i].is_void;
	found->uneven = 3 * even < n;
	for (size_t i = 0; i < n; i++)
		if (trial[i].is_void == LOSS_EVEN ||
		    (found->uneven && trial[i].is_void == LOSS_UNEVEN))
			picked[at++] = trial[i];
	found->trials = at;
	found->made = n;
	found->voids = n - even;
	return at;
}

/* Those that count, sorted; false where there are none, or all are alike. */
static bool prepare(const struct loss_trial *trial, size_t all,
		    struct loss_trial *sorted, struct loss_search *found)
{
	size_t lossy = 0, n;

	*found = (struct loss_search){ .state = LOSS_SEARCH_UNKNOWN,
				       .hi = INFINITY };
	n = pick(trial, all, sorted, found);
	if (n == 0)
		return false;
	qsort(sorted, n, sizeof(*sorted), compare);
	for (size_t i = 0; i < n; i++)
		lossy += sorted[i].lossy;
	if (lossy > 0 && lossy < n)
		return true;
	found->state = lossy ? LOSS_SEARCH_BELOW : LOSS_SEARCH_ABOVE;
	found->rate = lossy ? sorted[0].offered : sorted[n - 1].offered;
	found->lo = lossy ? 0 : found->rate;
	found->hi = lossy ? found->rate : INFINITY;
	return false;
}

void loss_search_fit(const struct loss_trial *trial, size_t trials,
		     struct loss_search *found)
{
	size_t n = trials < LOSS_SEARCH_MAX ? trials : LOSS_SEARCH_MAX;
	struct loss_trial sorted[LOSS_SEARCH_MAX];
	double fit[LOSS_SEARCH_MAX];

	if (!prepare(trial, n, sorted, found))
		return;
	n = found->trials;
	found->state = LOSS_SEARCH_FOUND;
	fit_isotonic(sorted, n, fit);
	found->rate = crossing(sorted, n, fit);
	found->lo = found->hi = found->rate;
	find_limits(sorted, n, deviance(sorted, n, fit), found);
}

double loss_search_half_width(const struct loss_search *found)
{
	if (found->state != LOSS_SEARCH_FOUND || found->lo <= 0 ||
	    isinf(found->hi))
		return INFINITY;
	return log(found->hi / found->lo) / 2;
}

bool loss_search_is_done(const struct loss_search *found, double precision)
{
	if (found->made >= 2 * LOSS_SEARCH_ENOUGH)
		return true;
	if (found->trials < (found->uneven ? PATIENCE : LOSS_SEARCH_TRIALS))
		return false;
	if (isinf(found->hi) && found->trials >= PATIENCE)
		return true;
	return found->trials >= LOSS_SEARCH_ENOUGH ||
	       found->state != LOSS_SEARCH_FOUND ||
	       loss_search_half_width(found) <= precision;
}

static double spread(const struct loss_search *found)
{
	double h = loss_search_half_width(found);

	return fmin(fmax(h, SPREAD_MIN), SPREAD_MAX);
}

double loss_search_next(const struct loss_trial *trial, size_t trials,
			double first)
{
	/* from -1 to 1, each next one in the largest gap left */
	double u = 2 * fmod((double)trials * GOLDEN, 1) - 1;
	struct loss_search found;

	loss_search_fit(trial, trials, &found);
	switch (found.state) {
	case LOSS_SEARCH_ABOVE:
		/* what is faster may be void: half of them are slower */
		return found.rate * (found.voids ? pow(STEP, u) : STEP);
	case LOSS_SEARCH_BELOW:
		return found.rate / STEP;
	case LOSS_SEARCH_FOUND:
		return found.rate * exp(2 * u * spread(&found));
	default: /* all dark: slower */
		return first * pow(STEP, -fmin((double)found.made, DARK_STEPS));
	}
}

void loss_search_ratio(const struct loss_search *a, const struct loss_search *b,
		       struct loss_search *ratio)
{
	*ratio = (struct loss_search){ .state = LOSS_SEARCH_UNKNOWN,
				       .hi = INFINITY };
	if (isinf(loss_search_half_width(a)) ||
	    isinf(loss_search_half_width(b)))
		return;
	ratio->state = LOSS_SEARCH_FOUND;
	ratio->rate = a->rate / b->rate;
	ratio->lo = ratio->rate *
		    exp(-hypot(log(a->rate / a->lo), log(b->hi / b->rate)));
	ratio->hi = ratio->rate *
		    exp(hypot(log(a->hi / a->rate), log(b->rate / b->lo)));
}
