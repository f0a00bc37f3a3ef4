/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/family.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

struct ranked {
	double p;
	size_t index;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/* Ascending; what is no p-value is 1. malloc'ed. */
static struct ranked *rank(const double *p, size_t n)
{
	struct ranked *ranked = calloc(n + 1, sizeof(*ranked));

	for (size_t i = 0; ranked && i < n; i++)
		ranked[i] =
			(struct ranked){ .p = p[i] >= 0 && p[i] <= 1 ? p[i] : 1,
					 .index = i };
	if (ranked)
		qsort(ranked, n, sizeof(*ranked), compare_ranked);
	return ranked;
}

int stats_holm(const double *p, size_t n, double *adjusted)
{
	struct ranked *ranked = rank(p, n);
	double highest = 0;

	if (!ranked)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		highest = fmax(highest, (double)(n - i) * ranked[i].p);
		adjusted[ranked[i].index] = fmin(1, highest);
	}
	free(ranked);
	return 0;
}

int stats_false_discovery(const double *p, size_t n, double *adjusted)
{
	struct ranked *ranked = rank(p, n);
	double lowest = 1;

	if (!ranked)
		return -ENOMEM;
	for (size_t i = n; i-- > 0;) {
		lowest =
			fmin(lowest, (double)n * ranked[i].p / (double)(i + 1));
		adjusted[ranked[i].index] = lowest;
	}
	free(ranked);
	return 0;
}

double stats_t_tail(double t, double nu)
{
	if (isnan(t) || !(nu > 0))
		return 0.5;
	if (isinf(t))
		return t > 0 ? 0 : 1;
	return gsl_cdf_tdist_Q(t, nu);
}

double stats_t_of_tail(double tail, double nu)
{
	if (!(nu > 0) || !(tail > 0 && tail < 1))
		return 0;
	return gsl_cdf_tdist_Qinv(tail, nu);
}
