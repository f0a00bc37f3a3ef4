/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/histogram.h"

size_t histogram_bucket(int64_t value)
{
	uint64_t v = value > 0 ? (uint64_t)value : 0;
	int shift;

	if (v >> HISTOGRAM_TOP)
		return HISTOGRAM_BUCKETS - 1;
	if (v < 2u << HISTOGRAM_BITS)
		return (size_t)v;
	shift = 63 - __builtin_clzll(v) - HISTOGRAM_BITS;
	return ((size_t)shift << HISTOGRAM_BITS) + (size_t)(v >> shift);
}

int64_t histogram_low(size_t bucket)
{
	size_t shift = bucket >> HISTOGRAM_BITS;

	if (shift < 2)
		return (int64_t)bucket;
	shift--;
	return (int64_t)(bucket - (shift << HISTOGRAM_BITS)) << shift;
}

int64_t histogram_high(size_t bucket)
{
	return histogram_low(bucket + 1);
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->count[i] += from->count[i];
	into->total += from->total;
}

static double width(size_t bucket)
{
	return (double)(histogram_high(bucket) - histogram_low(bucket));
}

double histogram_quantile(const struct histogram *h, double q)
{
	double rank = q * (double)h->total, before = 0;
	size_t last = 0;

	if (h->total == 0)
		return 0;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		double here = (double)h->count[i];

		if (h->count[i] == 0)
			continue;
		if (before + here >= rank)
			return (double)histogram_low(i) +
			       width(i) * (rank > before ? rank - before : 0) /
				       here;
		before += here;
		last = i;
	}
	return (double)histogram_high(last);
}

double histogram_below(const struct histogram *h, double value)
{
	size_t at = histogram_bucket((int64_t)value);
	double sum = 0;

	for (size_t i = 0; i < at; i++)
		sum += (double)h->count[i];
	if (value > (double)histogram_low(at))
		sum += (double)h->count[at] *
		       (value - (double)histogram_low(at)) / width(at);
	return sum > (double)h->total ? (double)h->total : sum;
}
