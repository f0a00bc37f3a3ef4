/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * coverage.h - how often intervals contain the truth, over many matrices.
 *
 * The intervals of one matrix share a pool and the machine's weather, so that
 * they miss together: the error of their coverage is taken over matrices, by
 * bootstrap (A. C. Davison, D. V. Hinkley, Bootstrap Methods, 1997, 2.4 and
 * 3.8: whole clusters are drawn). Drawn deviations are widened by
 * sqrt(m / (m - 1)), what m clusters fall short of the population's, and by
 * Student's quantile over the normal one, as m is small.
 *
 * Pure. Called by vazao validate.
 */
#ifndef VAZAO_STATS_COVERAGE_H
#define VAZAO_STATS_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct coverage_matrix {
	size_t intervals, covered;
};

struct coverage {
	size_t matrices, intervals, covered; /* matrices with intervals */
	double share;			     /* covered / intervals */
	double lower, upper; /* one-sided 95 % bounds of it, each */
	bool valid;	     /* false: less than two matrices */
};

/* -ENOMEM; the seed makes it repeatable. */
int coverage_pool(const struct coverage_matrix *matrix, size_t count,
		  uint64_t seed, struct coverage *coverage);

/* P(at most `covered` of n | each with `share`): how likely so few are. */
double coverage_tail(size_t covered, size_t n, double share);

#endif
