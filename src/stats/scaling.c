/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/scaling.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The mean; 0 where one of them is no rate, or all are 0. */
static double mean_rate(const double *rate, size_t n)
{
	double sum = 0;

	for (size_t j = 0; j < n; j++) {
		if (!isfinite(rate[j]) || rate[j] < 0)
			return 0;
		sum += rate[j];
	}
	return sum / (double)n;
}

static bool take_means(const struct scaling_input *in, struct scaling *s)
{
	if (in->sizes < 2 || in->sizes > SCALING_SIZES_MAX || in->n < 2)
		return false;
	for (size_t i = 0; i < in->sizes; i++) {
		if (!(in->size[i] > (i ? in->size[i - 1] : 0)))
			return false;
		s->mean[i] = mean_rate(in->rate[i], in->n);
		if (!(s->mean[i] > 0) || !isfinite(s->mean[i]))
			return false;
	}
	s->sizes = in->sizes;
	s->n = in->n;
	return true;
}

/* w_i, and the mean of ln c. */
static double weigh(const struct scaling_input *in, double *weight)
{
	double mean = 0, square = 0;

	for (size_t i = 0; i < in->sizes; i++)
		mean += log(in->size[i]) / (double)in->sizes;
	for (size_t i = 0; i < in->sizes; i++) {
		weight[i] = log(in->size[i]) - mean;
		square += weight[i] * weight[i];
	}
	for (size_t i = 0; i < in->sizes; i++)
		weight[i] /= square;
	return mean;
}

static double contribution(const struct scaling_input *in,
			   const struct scaling *s, const double *weight,
			   size_t j)
{
	double d = 0;

	for (size_t i = 0; i < in->sizes; i++)
		d += weight[i] * in->rate[i][j] / s->mean[i];
	return d;
}

/* The contributions' mean is sum(w) = 0. */
static double standard_error(const struct scaling_input *in,
			     const struct scaling *s, const double *weight)
{
	double square = 0;

	for (size_t j = 0; j < in->n; j++) {
		double d = contribution(in, s, weight, j);

		square += d * d;
	}
	return sqrt(square / (double)(in->n - 1) / (double)in->n);
}

static void fit(const struct scaling_input *in, struct scaling *s)
{
	double weight[SCALING_SIZES_MAX], half, level = 0;
	double mean_x = weigh(in, weight);

	for (size_t i = 0; i < in->sizes; i++) {
		s->exponent += weight[i] * log(s->mean[i]);
		level += log(s->mean[i]) / (double)in->sizes;
	}
	half = stats_t_quantile((double)(in->n - 1)) *
	       standard_error(in, s, weight);
	s->lo = s->exponent - half;
	s->hi = s->exponent + half;
	for (size_t i = 0; i < in->sizes; i++) {
		double fitted =
			level + s->exponent * (log(in->size[i]) - mean_x);
		double off = fabs(s->mean[i] / exp(fitted) - 1);

		if (off > s->misfit)
			s->misfit = off;
	}
}

/* Against the least size's rate times how many of it there are. */
static void judge_each(const struct scaling_input *in, struct scaling *s,
		       double *whole)
{
	for (size_t i = 0; i < in->sizes; i++) {
		const struct stats_blocks blocks = { in->n, whole,
						     in->rate[i] };

		for (size_t j = 0; j < in->n; j++)
			whole[j] = in->rate[0][j] * in->size[i] / in->size[0];
		stats_estimate(&blocks, NULL, &s->each[i]);
	}
}

int scaling_fit(const struct scaling_input *input, struct scaling *s)
{
	double *whole;

	memset(s, 0, sizeof(*s));
	if (!take_means(input, s)) {
		memset(s, 0, sizeof(*s));
		return 0;
	}
	whole = malloc(input->n * sizeof(*whole));
	if (!whole) {
		memset(s, 0, sizeof(*s));
		return -ENOMEM;
	}
	fit(input, s);
	judge_each(input, s, whole);
	free(whole);
	s->valid = isfinite(s->exponent) && isfinite(s->hi);
	return 0;
}
