/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/estimate.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "stats/sort.h"

#define TRIM	   0.2	 /* of the trimmed ratio, each end */
#define BLOCKS_MAX 1e9	 /* what stats_blocks_left() ever asks for */
#define ROUNDING   1e-12 /* residuals below are the arithmetic's */

/* A point's ratio and the spread of its blocks about it. */
struct spread {
	double ratio;	 /* R = sum(y) / sum(x) */
	double mean_y;	 /* 10^6 bit/s */
	double variance; /* s^2 */
	bool valid;
};

double stats_t_quantile(double nu)
{
	/* gsl_cdf_tdist_Pinv() is defined for every nu > 0 and reports
	 * nothing to GSL's error handler there. */
	return nu > 0 ? gsl_cdf_tdist_Pinv(0.975, nu) : 0;
}

/* d_j = (y_j - R x_j) / mean(y), the block's relative residual. */
static double residual(const struct stats_blocks *b,
		       const struct spread *spread, size_t j)
{
	double d = (b->y[j] - spread->ratio * b->x[j]) / spread->mean_y;

	return fabs(d) < ROUNDING ? 0 : d;
}

static bool is_rate(double value)
{
	return isfinite(value) && value >= 0;
}

static void spread_of(const struct stats_blocks *b, struct spread *spread)
{
	double sum_x = 0, sum_y = 0, sum_dd = 0;

	memset(spread, 0, sizeof(*spread));
	if (b->n < 2)
		return;
	for (size_t j = 0; j < b->n; j++) {
		if (!is_rate(b->x[j]) || !is_rate(b->y[j]))
			return;
		sum_x += b->x[j];
		sum_y += b->y[j];
	}
	/* A path that never carried a byte has no interval on a log scale. */
	if (!(sum_x > 0 && sum_y > 0))
		return;
	spread->ratio = sum_y / sum_x;
	spread->mean_y = sum_y / (double)b->n;
	for (size_t j = 0; j < b->n; j++) {
		double d = residual(b, spread, j);

		sum_dd += d * d;
	}
	spread->variance = sum_dd / (double)(b->n - 1);
	spread->valid = isfinite(spread->ratio) && spread->ratio > 0 &&
			isfinite(spread->variance);
}

static double median_of_sorted(const double *v, size_t n)
{
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/*
 * s0^2 = mean of min(s_i^2, 3 m), m the median: one wild point must not
 * widen all the others' intervals. Sorts `variance`.
 */
static double pooled_sd(double *variance, size_t n)
{
	double m, sum = 0;

	if (n == 0)
		return 0;
	stats_sort(variance, n);
	m = median_of_sorted(variance, n);
	for (size_t i = 0; i < n; i++)
		sum += fmin(variance[i], STATS_CLIP * m);
	return sqrt(sum / (double)n);
}

/* What lag-1 autocorrelation is summed up from, over points. */
struct lag {
	double sum; /* of d_j d_(j+1) / s^2, its bias taken out */
	size_t pairs;
};

/*
 * Every point counts by its own s, so that a noisy one does not speak for
 * all. Residuals about an estimated ratio sum to zero, which alone makes
 * E[sum of d_j d_(j+1)] = -s^2 (n - 1) / n where blocks are independent
 * (F. H. C. Marriott, J. A. Pope, Biometrika 1954): added back.
 */
static void add_lag(struct lag *lag, const struct stats_blocks *b,
		    const struct spread *spread)
{
	double sum = 0;

	if (b->n < 3 || !(spread->variance > 0))
		return;
	for (size_t j = 0; j + 1 < b->n; j++)
		sum += residual(b, spread, j) * residual(b, spread, j + 1);
	lag->sum += sum / spread->variance + (double)(b->n - 1) / (double)b->n;
	lag->pairs += b->n - 1;
}

/* sqrt((1 + r) / (1 - r)): how much an AR(1) of lag-1 r widens a mean's
 * standard error; 1 unless r is above 2 / sqrt(N). */
static double inflation_of(double r, size_t n)
{
	if (n == 0 || r <= 2 / sqrt((double)n))
		return 1;
	r = fmin(r, 0.99);
	return sqrt((1 + r) / (1 - r));
}

int stats_pool_points(const struct stats_blocks *points, size_t count,
		      struct stats_pool *pool)
{
	struct lag lag = { 0 };
	double *variance;

	memset(pool, 0, sizeof(*pool));
	pool->inflation = 1;
	variance = calloc(count ? count : 1, sizeof(*variance));
	if (!variance)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct spread spread;

		spread_of(&points[i], &spread);
		if (!spread.valid)
			continue;
		variance[pool->points++] = spread.variance;
		pool->blocks += points[i].n;
		add_lag(&lag, &points[i], &spread);
	}
	pool->s0 = pooled_sd(variance, pool->points);
	free(variance);
	if (lag.pairs)
		pool->lag1 = lag.sum / (double)lag.pairs;
	pool->inflation = inflation_of(pool->lag1, lag.pairs);
	return 0;
}

/* y_j / x_j; a block without reference stands at the far end. */
static double block_ratio(const struct stats_blocks *b, size_t j)
{
	return b->x[j] > 0 ? b->y[j] / b->x[j] : HUGE_VAL;
}

static size_t count_up_to(const struct stats_blocks *b, double limit)
{
	size_t count = 0;

	for (size_t j = 0; j < b->n; j++)
		count += block_ratio(b, j) <= limit;
	return count;
}

/*
 * The k-th smallest (from 0) block ratio, without memory for sorting:
 * doubles >= 0 sort as their bits do, so 64 halvings of the bits find it.
 */
static double kth_ratio(const struct stats_blocks *b, size_t k)
{
	uint64_t lo = 0, hi;
	double value = HUGE_VAL;

	memcpy(&hi, &value, sizeof(hi));
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		memcpy(&value, &mid, sizeof(value));
		if (count_up_to(b, value) > k)
			hi = mid;
		else
			lo = mid + 1;
	}
	memcpy(&value, &lo, sizeof(value));
	return value;
}

/*
 * Ties with a limit count as often as they lie inside: ratios clipped to the
 * limits sum to the inner ones plus k of each limit.
 */
double stats_trimmed_ratio(const struct stats_blocks *b)
{
	size_t k = (size_t)(TRIM * (double)b->n);
	double lo, hi, sum = 0;

	if (b->n == 0)
		return 0;
	lo = kth_ratio(b, k);
	hi = kth_ratio(b, b->n - 1 - k);
	for (size_t j = 0; j < b->n; j++)
		sum += fmin(fmax(block_ratio(b, j), lo), hi);
	sum = (sum - (double)k * (lo + hi)) / (double)(b->n - 2 * k);
	return isfinite(sum) ? sum : 0;
}

/* s* and nu: the point's own variance, or pulled up towards the pool's. */
static void choose_sd(const struct stats_pool *pool, double variance,
		      struct stats_efficiency *e)
{
	double n = (double)e->n, w = STATS_PRIOR_WEIGHT, t2 = 0;

	/* A pool of one point is that point: it knows nothing more. */
	if (pool && pool->points > 1)
		t2 = (w * pool->s0 * pool->s0 + (n - 1) * variance) /
		     (n + w - 1);
	if (t2 > variance) {
		e->s_star = sqrt(t2);
		e->nu = n + w - 1;
	} else {
		e->s_star = sqrt(variance);
		e->nu = n - 1;
	}
	if (pool && pool->inflation > 1)
		e->s_star *= pool->inflation;
}

void stats_estimate(const struct stats_blocks *blocks,
		    const struct stats_pool *pool,
		    struct stats_efficiency *efficiency)
{
	struct stats_efficiency *e = efficiency;
	struct spread spread;
	double log_width;

	memset(e, 0, sizeof(*e));
	e->n = blocks->n;
	spread_of(blocks, &spread);
	if (!spread.valid)
		return;
	choose_sd(pool, spread.variance, e);
	log_width = stats_t_quantile(e->nu) * e->s_star / sqrt((double)e->n);
	e->s = sqrt(spread.variance);
	e->ratio = spread.ratio;
	e->lo = e->ratio * exp(-log_width);
	e->hi = e->ratio * exp(log_width);
	e->half_width = expm1(log_width);
	e->valid =
		isfinite(e->lo) && isfinite(e->hi) && isfinite(e->half_width);
	if (!e->valid)
		*e = (struct stats_efficiency){ .n = blocks->n };
}

bool stats_reached(const struct stats_efficiency *efficiency, double precision)
{
	return efficiency->valid && efficiency->n >= STATS_MIN_BLOCKS &&
	       efficiency->half_width <= STATS_MARGIN * precision;
}

/* The blocks at which t(nu) s* / sqrt(n) = log(1 + target); nu grows with n,
 * so a few turns settle it. */
static double blocks_needed(const struct stats_efficiency *e, double precision)
{
	double log_width = log1p(STATS_MARGIN * precision);
	double n = (double)e->n, nu_more = e->nu - n;

	if (!(log_width > 0))
		return e->s_star > 0 ? BLOCKS_MAX : n;
	for (int turn = 0; turn < 8; turn++) {
		double t = stats_t_quantile(fmax(n + nu_more, 1));
		double root = t * e->s_star / log_width;

		n = fmin(fmax(root * root, 2), BLOCKS_MAX);
	}
	return ceil(n);
}

size_t stats_blocks_left(const struct stats_efficiency *efficiency,
			 double precision)
{
	double need = STATS_MIN_BLOCKS;
	double have = (double)efficiency->n;

	if (stats_reached(efficiency, precision))
		return 0;
	if (efficiency->valid)
		need = fmax(need, blocks_needed(efficiency, precision));
	return need > have ? (size_t)(need - have) : 1;
}

void stats_mean_of(const double *values, size_t n, struct stats_mean *mean)
{
	double sum = 0, sum_dd = 0, half = 0;

	memset(mean, 0, sizeof(*mean));
	mean->n = n;
	for (size_t i = 0; i < n; i++)
		sum += is_rate(values[i]) ? values[i] : HUGE_VAL;
	if (n == 0 || !isfinite(sum))
		return;
	mean->mean = sum / (double)n;
	for (size_t i = 0; i < n; i++)
		sum_dd += (values[i] - mean->mean) * (values[i] - mean->mean);
	if (n > 1)
		half = stats_t_quantile((double)(n - 1)) *
		       sqrt(sum_dd / (double)(n - 1) / (double)n);
	mean->lo = fmax(mean->mean - half, 0);
	mean->hi = mean->mean + half;
	mean->valid = isfinite(half);
	if (!mean->valid)
		*mean = (struct stats_mean){ .n = n };
}
