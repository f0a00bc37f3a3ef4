/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * batch.h - the mean rate of one long run, with an interval that respects
 * that neighboring windows of a flow are alike.
 *
 * Taken for independent, thirty windows of 100 ms of one flow cover 0.58 to
 * 0.71 where 0.95 is said (docs/statistics.md). So windows are grouped into
 * batches, twice as long until their means no longer follow each other:
 *
 *   x_i   rate of window i = 1 .. n, windows of equal length
 *   b     1, 2, 4, ...: windows a batch; k = floor(n / b) batches, the first
 *         n - k b windows left out (they are the nearest to the start)
 *   r     lag-1 autocorrelation of the k batch means, freed of its bias -1/k
 *   the first b with r <= 1.645 / sqrt(k) is taken (one-sided test at 5 %)
 *   CI    m +- t(0.975, k - 1) s / sqrt(k), s the SD of the k batch means
 *
 * With fewer than STATS_BATCHES_MIN batches there is too little to test; then
 * the largest b that leaves so many is taken, and s is multiplied by
 * sqrt((1 + r) / (1 - r)), r at most 0.9, as for an AR(1) sequence.
 *
 * Sources: G. S. Fishman, Grouping observations in digital simulation,
 * Management Science 24 (1978) 510; A. M. Law and J. S. Carson, A sequential
 * procedure for determining the length of a steady-state simulation,
 * Operations Research 27 (1979) 1011.
 *
 * It speaks of this run, on this host, now: what changes from one connection
 * or hour to the next is not in it. A ratio of two such means needs a study.
 *
 * Pure. Called by cmd/probe.
 */
#ifndef VAZAO_STATS_BATCH_H
#define VAZAO_STATS_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#define STATS_BATCHES_MIN 10

struct stats_batch {
	size_t n;	   /* windows */
	size_t per_batch;  /* b */
	size_t batches;	   /* k */
	double mean;	   /* of all n windows */
	double half_width; /* of the interval over the mean: 0.02 is 2 % */
	double lag1;	   /* r at b */
	bool independent;  /* r passed the test */
	bool valid;	   /* false: n too small or a mean of 0; only n and
			    * mean are set then */
};

void stats_batch_of(const double *rate, size_t n, struct stats_batch *batch);

#endif
