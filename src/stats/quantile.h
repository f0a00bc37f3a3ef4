/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * quantile.h - a quantile of latencies with its 95 % interval, from blocks.
 *
 * Latencies within a block are not independent: the block is the unit. The
 * estimate is the quantile Q(q) of all blocks' histograms merged. Its interval
 * is R. S. Woodruff's (J. Am. Stat. Assoc. 47, 1952) with the variance of a
 * ratio over clusters (W. G. Cochran, Sampling Techniques, 1977, 6.3; C. A.
 * Francisco, W. A. Fuller, Ann. Statist. 19, 1991): of block j's n_j latencies
 * k_j lie below Q(q), and the share below is a ratio sum(k) / sum(n) = q with
 *
 *   d_j = k_j - q n_j        se^2 = B / (B - 1) * sum(d_j^2) / sum(n_j)^2
 *   interval = Q(q - t se) .. Q(q + t se),   t = t(0.975, B - 1)
 *
 * Near 1 the upper end is the largest latency seen: 99.99 % of few thousand
 * latencies has an interval that is open above, and `open` says so.
 *
 * Pure. Called by the analysis: two passes over the blocks, the first merges,
 * the second calls quantile_add().
 */
#ifndef VAZAO_STATS_QUANTILE_H
#define VAZAO_STATS_QUANTILE_H

#include <stdbool.h>

#include "stats/histogram.h"

struct quantile {
	double q; /* 0 to 1 */
	double value, lo, hi;
	bool valid, open;
	/* sums over blocks */
	double n, dd;
	int blocks;
};

/* The estimate; the sums are empty. */
void quantile_init(struct quantile *quantile, double q,
		   const struct histogram *merged);
void quantile_add(struct quantile *quantile, const struct histogram *block);

/* The interval; with fewer than two blocks there is none. */
void quantile_finish(struct quantile *quantile, const struct histogram *merged);

#endif
