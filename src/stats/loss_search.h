/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loss_search.h - the highest offered rate without loss: RFC 2544's
 * throughput (section 26.1), found from trials that scatter.
 *
 * A trial offers a rate x for a fixed time and loses a share of it; it is
 * lossy where that is more than a bound b. The probability p(x) of a lossy
 * trial does not fall as x grows. The rate sought is where it is a half,
 *   R = sup { x : p(x) <= 1/2 },
 * at which as many trials stay within the bound as do not: the median of what
 * a search that ends at each machine's hiccups would find (the goal exceed
 * ratio of MLRsearch, draft-ietf-bmwg-mlrsearch, is the same half).
 *
 * Estimate: isotonic regression of lossy (0 or 1) over x; R is where the fit
 * crosses 1/2. Interval: all rates r that the likelihood ratio does not refuse
 * as R,
 *   LR(r) = 2 (log L(fit) - log L(fit with p(r) = 1/2)) <= LOSS_SEARCH_LR,
 * the fit under p(r) = 1/2 being that of the trials below r, cut off at 1/2
 * from above, and of those above, cut off from below (M. Banerjee, J. Wellner:
 * Likelihood ratio tests for monotone functions, Annals of Statistics 29,
 * 2001; current status data). Their limit law's 95 % quantile is 2.29. With
 * rates chosen by what came before, and a search that ends when its interval
 * is narrow, that covers up to 7 % too rarely; 3 covers (loss_search_test.c
 * shows it on four kinds of loss with known truth).
 *
 * Trials that are void (loss_trial.h) do not count, as long as one in three is
 * not: a rate that cannot be offered evenly is above all that was offered.
 * Where more are void than that, at lower rates too, as on a machine that is
 * loaded, or on a path whose sender shares its processors with the path, all
 * count but the dark ones, and `uneven` says so: what is then found is the mean
 * rate of an offer with pauses and bursts.
 *
 * Pure. Called by the study, which asks for the next rate, and by analysis.
 */
#ifndef VAZAO_STATS_LOSS_SEARCH_H
#define VAZAO_STATS_LOSS_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/loss_trial.h"

#define LOSS_SEARCH_LR	   3.0
#define LOSS_SEARCH_TRIALS 20 /* no search ends before */
#define LOSS_SEARCH_ENOUGH 60 /* every one does */
#define LOSS_SEARCH_MAX	   2000

struct loss_trial {
	double offered; /* > 0, any unit */
	bool lossy;
	enum loss_void is_void;
};

enum loss_search_state {
	LOSS_SEARCH_FOUND,  /* R has two limits */
	LOSS_SEARCH_ABOVE,  /* it is above all that was offered: hi is INFINITY,
			     * rate the highest offered */
	LOSS_SEARCH_BELOW,  /* below all: lo is 0, rate the lowest offered */
	LOSS_SEARCH_UNKNOWN /* no trials */
};

struct loss_search {
	enum loss_search_state state;
	double rate, lo, hi;
	size_t trials; /* that count */
	size_t voids;  /* uneven and dark ones, counted or not */
	size_t made;   /* all */
	bool uneven;   /* there were so many that they had to count as well */
};

/* Is it time to end a search? As precise as wanted, a half-width; open at an
 * end; or long enough. */
bool loss_search_is_done(const struct loss_search *found, double precision);

/* The trials in any order, LOSS_SEARCH_MAX at most (further ones are left
 * out). FOUND may still have a limit that is open: lo 0 or hi INFINITY. */
void loss_search_fit(const struct loss_trial *trial, size_t trials,
		     struct loss_search *found);

/* (log hi - log lo) / 2; INFINITY where a limit is open. */
double loss_search_half_width(const struct loss_search *found);

/*
 * The rate to offer next: around the estimate, within twice the interval's
 * half-width, evenly spread; below or above all that was offered where none or
 * all of that was lossy. `first` is what to begin with.
 */
double loss_search_next(const struct loss_trial *trial, size_t trials,
			double first);

/*
 * The ratio of two rates found independently, with its interval (MOVER: G. Y.
 * Zou, A. Donner, Statistics in Medicine 27, 2008, on logarithms):
 *   log lo = d - sqrt((log a - log a_lo)^2 + (log b_hi - log b)^2), d = log a/b,
 * and the like for hi. Trials side by side have their drift in common, so it
 * is rather too wide. UNKNOWN where either is not FOUND with both limits.
 */
void loss_search_ratio(const struct loss_search *a, const struct loss_search *b,
		       struct loss_search *ratio);

#endif
