/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scaling.h - does throughput grow in proportion as something is multiplied,
 * such as the cables of a path? An exponent with its 95 % interval.
 *
 * Sizes c_1 < c_2 < ... (1, 2, 4 cables) were measured in the same blocks:
 * y_ij is size i's mean rate in block j, so that whatever the machine did in a
 * block is in all of its rates. The model:
 *
 *   T(c) = T1 * c^e          e = 1: in proportion, e = 0: no gain at all
 *
 * by least squares on the logarithms of the means over blocks, m_i:
 *
 *   x_i = ln c_i     w_i = (x_i - mean(x)) / sum((x - mean(x))^2)
 *   e   = sum(w_i ln m_i)
 *
 * Its error, by the delta method, from what each block contributes (sum(w) is
 * 0, so what is common to a block's rates drops out):
 *
 *   d_j = sum_i(w_i y_ij / m_i)     se = sd(d) / sqrt(n)
 *   e +- t(0.975, n - 1) se
 *
 * Beside it, for each size, the efficiency of one cable, E(c) = T(c) * c_1 /
 * (T(c_1) * c), with the interval that estimate.h gives to a ratio; and how
 * far the model is off, the largest |m_i / fit - 1|: where that is more than
 * the intervals' width, one exponent does not describe it.
 *
 * Pure. Called by the analysis.
 */
#ifndef VAZAO_STATS_SCALING_H
#define VAZAO_STATS_SCALING_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/estimate.h"

#define SCALING_SIZES_MAX 16

struct scaling_input {
	size_t sizes;		   /* 2 or more */
	const double *size;	   /* c, ascending, > 0 */
	size_t n;		   /* blocks that have all sizes */
	const double *const *rate; /* rate[i][j], 10^6 bit/s */
};

struct scaling {
	bool valid; /* false: fewer than two sizes or blocks, or no rates */
	size_t n, sizes;
	double exponent, lo, hi;
	double misfit; /* largest |m_i / fit - 1| */
	double mean[SCALING_SIZES_MAX];
	/* of one cable, against that of the least size; [0] is 1 */
	struct stats_efficiency each[SCALING_SIZES_MAX];
};

/* -ENOMEM leaves it invalid. */
int scaling_fit(const struct scaling_input *input, struct scaling *scaling);

#endif
