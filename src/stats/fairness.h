/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fairness.h - how alike n shares are, and where a curve of sums bends.
 *
 * Jain's index of n rates x_i >= 0:
 *   J = (sum x_i)^2 / (n sum x_i^2)
 * 1 where all have the same, 1/n where one has all, k/n where k of n share
 * alike and the others have nothing. R. Jain, D. Chiu, W. Hawe: A quantitative
 * measure of fairness and discrimination for resource allocation in shared
 * computer systems, DEC Research Report TR-301, 1984.
 *
 * The bend of T(n), the sum of n pairs' rates, measured at n_1 < n_2 < ...:
 *   g_1 = T(n_1) / n_1                                what the first bring
 *   g_i = (T(n_i) - T(n_(i-1))) / (n_i - n_(i-1))     what each more brings
 * The curve bends at n_(i-1) for the first i > 1 with g_i < g_1 / 2: the
 * largest number of pairs before one more adds less than half of what the
 * first had. Its interval: the same of BEND_DRAWS curves, each T(n_i) drawn
 * from the normal distribution of its mean and standard error, independently,
 * by a fixed seed; the 2.5 % and 97.5 % quantiles of their bends (a parametric
 * bootstrap: B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993,
 * 6.5). A curve that does not bend counts as one that bends beyond its end.
 *
 * Pure. Called by analysis and bench.
 */
#ifndef VAZAO_STATS_FAIRNESS_H
#define VAZAO_STATS_FAIRNESS_H

#include <stdbool.h>
#include <stddef.h>

/* 0 < J <= 1; 0 where n is 0, a rate is none, or all are 0. */
double stats_jain(const double *rate, size_t n);

#define BEND_DRAWS 2000

struct bend_point {
	int pairs;	     /* ascending */
	double mean, lo, hi; /* of T, 95 % */
};

struct stats_bend {
	int at, lo, hi; /* pairs; the last measured number where open */
	bool open;	/* the curve does not bend as far as it goes */
	bool hi_open;	/* the interval has no upper end in what was measured */
	bool valid;	/* false: fewer than two points, or a mean of 0 */
};

void stats_bend_of(const struct bend_point *point, size_t n,
		   struct stats_bend *bend);

#endif
