/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * histogram.h - latencies in buckets of constant relative width, from 1 ns to
 * 4398 s, as G. Tene's HDR histogram has them: values below 256 have a bucket
 * each, above it every power of two is cut into 128. So a bucket is at most
 * 1/128 = 0.8 % wide, a value is known within half of that, and histograms of
 * slices, lanes and blocks are merged by adding counts: exactly.
 *
 * A value v >= 256 with its highest bit at h is in bucket
 *   (h - 7) * 128 + (v >> (h - 7))
 * which is stored with studies and stays.
 *
 * Pure: no I/O, no clock, nothing allocated. Called by the workloads, which
 * record, and by the analysis, which asks for quantiles.
 */
#ifndef VAZAO_STATS_HISTOGRAM_H
#define VAZAO_STATS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BITS 7
#define HISTOGRAM_TOP  42 /* values are below 2^42 ns; above: the last */
#define HISTOGRAM_BUCKETS \
	((HISTOGRAM_TOP - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
	uint64_t total;
	uint64_t count[HISTOGRAM_BUCKETS];
};

/* Negative values count as 0. */
size_t histogram_bucket(int64_t value);

/* The bucket's lowest value, and that of the next one. */
int64_t histogram_low(size_t bucket);
int64_t histogram_high(size_t bucket);

static inline void histogram_add(struct histogram *h, int64_t value)
{
	h->count[histogram_bucket(value)]++;
	h->total++;
}

void histogram_merge(struct histogram *into, const struct histogram *from);

/*
 * The value below which the share q (0 to 1) of all lies; between the edges of
 * a bucket as if its values were spread evenly. 0 where there is none.
 */
double histogram_quantile(const struct histogram *h, double q);

/* How many are below `value`, by the same reading: the inverse. */
double histogram_below(const struct histogram *h, double value);

#endif
