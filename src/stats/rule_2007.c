/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/rule_2007.h"

#include <math.h>
#include <string.h>

bool rule_2007_reached(const double *values, size_t n)
{
	struct stats_mean mean;

	if (n < RULE_2007_MIN)
		return false;
	stats_mean_of(values, n, &mean);
	/* Twice the upper half: the lower one may be cut off at 0. */
	return mean.valid && mean.mean > 0 &&
	       2 * (mean.hi - mean.mean) <= RULE_2007_WIDTH * mean.mean;
}

bool rule_2007_done(const double *values, size_t n)
{
	return n >= RULE_2007_MAX || rule_2007_reached(values, n);
}

/* Squared relative standard error of a mean; false where there is none. */
static bool relative_error(const double *values, size_t n, double *mean,
			   double *error)
{
	struct stats_mean m;
	double half;

	stats_mean_of(values, n, &m);
	if (n < 2 || !m.valid || !(m.mean > 0))
		return false;
	half = (m.hi - m.mean) / stats_t_quantile((double)(n - 1));
	*mean = m.mean;
	*error = half * half / (m.mean * m.mean);
	return true;
}

void rule_2007_estimate(const double *reference, size_t reference_n,
			const double *path, size_t path_n,
			struct stats_efficiency *efficiency)
{
	struct stats_efficiency *e = efficiency;
	double x, y, error_x, error_y, error, log_width;
	double df_x = (double)reference_n - 1, df_y = (double)path_n - 1;

	memset(e, 0, sizeof(*e));
	e->n = path_n;
	if (!relative_error(reference, reference_n, &x, &error_x) ||
	    !relative_error(path, path_n, &y, &error_y))
		return;
	error = error_x + error_y;
	e->nu = df_x + df_y;
	if (error > 0)
		e->nu = error * error /
			(error_x * error_x / df_x + error_y * error_y / df_y);
	log_width = stats_t_quantile(e->nu) * sqrt(error);
	e->ratio = y / x;
	e->lo = e->ratio * exp(-log_width);
	e->hi = e->ratio * exp(log_width);
	e->half_width = expm1(log_width);
	e->s = sqrt(error_y * (double)path_n);
	e->s_star = sqrt(error * (double)path_n);
	e->valid = isfinite(e->hi) && isfinite(e->half_width) && e->ratio > 0 &&
		   isfinite(e->nu);
	if (!e->valid)
		*e = (struct stats_efficiency){ .n = path_n };
}
