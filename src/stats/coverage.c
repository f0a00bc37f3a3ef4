/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/coverage.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>

#include "stats/sort.h"

#define DRAWS 4000
#define LEVEL 0.05 /* of each bound */

/* The share over as many matrices, drawn with replacement. */
static double draw(const struct coverage_matrix *matrix, size_t count,
		   gsl_rng *rng)
{
	size_t intervals = 0, covered = 0;

	for (size_t i = 0; i < count; i++) {
		const struct coverage_matrix *m =
			&matrix[gsl_rng_uniform_int(rng, count)];

		intervals += m->intervals;
		covered += m->covered;
	}
	return (double)covered / (double)intervals;
}

static double clip(double share)
{
	return fmin(fmax(share, 0), 1);
}

static int bootstrap(const struct coverage_matrix *matrix, size_t count,
		     uint64_t seed, struct coverage *c)
{
	double nu = (double)(count - 1);
	double widen = sqrt((double)count / nu) *
		       gsl_cdf_tdist_Pinv(1 - LEVEL, nu) /
		       gsl_cdf_ugaussian_Pinv(1 - LEVEL);
	double *drawn = calloc(DRAWS, sizeof(*drawn));
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	if (drawn && rng) {
		gsl_rng_set(rng, (unsigned long)seed);
		for (size_t i = 0; i < DRAWS; i++)
			drawn[i] = draw(matrix, count, rng);
		stats_sort(drawn, DRAWS);
		c->lower = clip(
			c->share +
			widen * (drawn[(size_t)(LEVEL * DRAWS)] - c->share));
		c->upper = clip(
			c->share +
			widen * (drawn[DRAWS - 1 - (size_t)(LEVEL * DRAWS)] -
				 c->share));
		c->valid = true;
	}
	gsl_rng_free(rng);
	free(drawn);
	return c->valid ? 0 : -ENOMEM;
}

int coverage_pool(const struct coverage_matrix *matrix, size_t count,
		  uint64_t seed, struct coverage *coverage)
{
	struct coverage_matrix *used = calloc(count + 1, sizeof(*used));
	struct coverage *c = coverage;
	int rc = 0;

	memset(c, 0, sizeof(*c));
	if (!used)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (!matrix[i].intervals)
			continue;
		used[c->matrices++] = matrix[i];
		c->intervals += matrix[i].intervals;
		c->covered += matrix[i].covered;
	}
	if (c->intervals)
		c->share = (double)c->covered / (double)c->intervals;
	if (c->matrices > 1)
		rc = bootstrap(used, c->matrices, seed, c);
	free(used);
	return rc;
}

double coverage_tail(size_t covered, size_t n, double share)
{
	return gsl_cdf_binomial_P((unsigned)covered, share, (unsigned)n);
}
