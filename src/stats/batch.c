/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/batch.h"

#include <math.h>

#include "stats/estimate.h"

#define ONE_SIDED_5_PERCENT 1.645
#define LAG1_MAX	    0.9

/* The means of `per_batch` windows each, the oldest left out. */
struct batches {
	const double *rate;
	size_t per_batch, count;
};

static struct batches make_batches(const double *rate, size_t n,
				   size_t per_batch)
{
	return (struct batches){ .rate = rate + n % per_batch,
				 .per_batch = per_batch,
				 .count = n / per_batch };
}

static double mean_of(const double *rate, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += rate[i];
	return sum / (double)n;
}

static double batch_mean(const struct batches *b, size_t i)
{
	return mean_of(b->rate + i * b->per_batch, b->per_batch);
}

/* Variance of the batch means, and their lag-1 autocorrelation. */
static double describe(const struct batches *b, double *lag1)
{
	double mean = mean_of(b->rate, b->count * b->per_batch);
	double squares = 0, products = 0, former = 0;

	for (size_t i = 0; i < b->count; i++) {
		double d = batch_mean(b, i) - mean;

		squares += d * d;
		if (i > 0)
			products += d * former;
		former = d;
	}
	*lag1 = squares > 0 ? products / squares + 1 / (double)b->count : 0;
	return squares / (double)(b->count - 1);
}

static double half_width(const struct stats_batch *batch, double variance)
{
	double r = fmin(fmax(batch->lag1, 0), LAG1_MAX);
	double k = (double)batch->batches;

	if (!batch->independent)
		variance *= (1 + r) / (1 - r);
	return stats_t_quantile(k - 1) * sqrt(variance / k) / batch->mean;
}

void stats_batch_of(const double *rate, size_t n, struct stats_batch *batch)
{
	double variance = 0;

	*batch = (struct stats_batch){ .n = n };
	if (n == 0)
		return;
	batch->mean = mean_of(rate, n);
	if (n < STATS_BATCHES_MIN || !(batch->mean > 0) ||
	    !isfinite(batch->mean))
		return;
	for (size_t b = 1; n / b >= STATS_BATCHES_MIN; b *= 2) {
		struct batches batches = make_batches(rate, n, b);

		batch->per_batch = b;
		batch->batches = batches.count;
		variance = describe(&batches, &batch->lag1);
		batch->independent =
			batch->lag1 <=
			ONE_SIDED_5_PERCENT / sqrt((double)batches.count);
		if (batch->independent)
			break;
	}
	batch->half_width = half_width(batch, variance);
	batch->valid = true;
}
