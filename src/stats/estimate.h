/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * estimate.h - efficiency and its 95 % confidence interval from blocks.
 *
 * Pure: arrays in, numbers out; no I/O, no state, and no NaN or infinity ever
 * comes out, whatever goes in: what has no number has `valid == false`. The
 * study calls it at each round's end to decide what goes on, the analysis to
 * print; both see the same numbers because both call this.
 *
 * One point, one path: block j gives x_j, the reference's mean rate over its
 * slices, and y_j, the path's (10^6 bit/s). The formulas, from the
 * procedure in docs/statistics.md:
 *
 *   R    = sum(y) / sum(x)
 *   d_j  = (y_j - R x_j) / mean(y)      s^2 = sum(d_j^2) / (n - 1)
 * pooled over all points of the path:
 *   m    = median of the points' s^2    s0^2 = mean of min(s_i^2, 3 m)
 *   t^2  = (20 s0^2 + (n - 1) s^2) / (n + 19)
 *   t^2 > s^2: s* = t, nu = n + 19      else: s* = s, nu = n - 1
 *   CI   = R exp(+- t(0.975, nu) s* / sqrt(n))
 * A pool of a single point is that point's own s, so it is left aside.
 */
#ifndef VAZAO_STATS_ESTIMATE_H
#define VAZAO_STATS_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>

#define STATS_PRIOR_WEIGHT 20	 /* how many blocks the pool is worth */
#define STATS_CLIP	   3.0	 /* s_i^2 enters the pool up to 3 medians */
#define STATS_MIN_BLOCKS   12	 /* no stop before */
#define STATS_MARGIN	   0.988 /* 0.0247 of a nominal 0.025 */

/* The blocks of one point on one path; arrays of n, borrowed. */
struct stats_blocks {
	size_t n;
	const double *x; /* reference, 10^6 bit/s */
	const double *y; /* path, 10^6 bit/s */
};

struct stats_efficiency {
	size_t n;
	double ratio;	   /* R; NaN is never stored: see `valid` */
	double lo, hi;	   /* 95 % interval */
	double half_width; /* relative: exp(t s* / sqrt n) - 1 */
	double s;	   /* this point's own SD of a block's ratio */
	double s_star;	   /* the SD used */
	double nu;	   /* its degrees of freedom */
	bool valid;	   /* false: n < 2, a reference or a path that is zero
			    * throughout, or a rate that is none; all but n
			    * are 0 then */
};

struct stats_pool {
	double s0;	  /* pooled SD; 0 if no point has two blocks */
	double lag1;	  /* lag-1 autocorrelation of d_j over points, each
			   * by its own s, freed of its bias -1/n */
	double inflation; /* sqrt((1+r)/(1-r)) where r is significant, else 1 */
	size_t points, blocks; /* with two blocks or more */
};

/* An absolute mean with its own t interval, for throughput in one cell; cut
 * off at 0, below which no throughput is. */
struct stats_mean {
	size_t n;
	double mean, lo, hi;
	bool valid; /* false: n < 1 or no rates; with n = 1, lo = hi = mean */
};

/* t(0.975, nu), nu > 0: the factor of a 95 % interval. */
double stats_t_quantile(double nu);

/* Pool over the points of one path. points[i].n may be 0. -ENOMEM leaves an
 * empty pool, with which every point stands on its own variance. */
int stats_pool_points(const struct stats_blocks *points, size_t count,
		      struct stats_pool *pool);

/* One point, with its path's pool (NULL: own variance only). */
void stats_estimate(const struct stats_blocks *blocks,
		    const struct stats_pool *pool,
		    struct stats_efficiency *efficiency);

/*
 * Mean of y_j / x_j without the lowest and the highest 20 %: where it is more
 * than 2 % from R, some blocks stalled. A diagnostic beside R, never instead:
 * it estimates another quantity. 0 where there are no blocks, or too many of
 * them without reference.
 */
double stats_trimmed_ratio(const struct stats_blocks *blocks);

/* n >= STATS_MIN_BLOCKS and half_width <= STATS_MARGIN * precision. */
bool stats_reached(const struct stats_efficiency *efficiency, double precision);

/* Blocks still needed for `precision` at this s_star; 0 only if reached. */
size_t stats_blocks_left(const struct stats_efficiency *efficiency,
			 double precision);

void stats_mean_of(const double *values, size_t n, struct stats_mean *mean);

#endif
