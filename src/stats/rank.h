/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rank.h - does one quantity go with another? Spearman's rank correlation
 * with a bootstrap interval. Pure; called by the analysis.
 */
#ifndef VAZAO_STATS_RANK_H
#define VAZAO_STATS_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_RANK_MIN 8 /* pairs; below, no interval is worth its name */

struct stats_rank {
	size_t n;
	double rho;    /* -1 .. 1, ties by mean ranks */
	double lo, hi; /* 95 %: percentiles over resampled pairs */
	double p;      /* two-sided, of rho = 0 */
	bool valid;    /* false: n < STATS_RANK_MIN, or one of them constant */
};

/*
 * p by t = rho sqrt((n - 2) / (1 - rho^2)), n - 2 degrees of freedom (Kendall
 * and Stuart, The Advanced Theory of Statistics, section 31.19). The interval
 * by `resamples` draws of n pairs with replacement, seeded. -ENOMEM.
 */
int stats_rank_correlate(const double *x, const double *y, size_t n,
			 size_t resamples, uint64_t seed,
			 struct stats_rank *rank);

#endif
