/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/rank.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/family.h"
#include "stats/order.h"
#include "stats/sort.h"

struct item {
	double value;
	size_t index;
};

/* What every draw needs, so that none allocates. */
struct bench {
	size_t n;
	struct item *item;
	double *x, *y;	 /* a draw */
	double *rx, *ry; /* its ranks */
	double *memory;
};

static int compare_items(const void *a, const void *b)
{
	double x = ((const struct item *)a)->value;
	double y = ((const struct item *)b)->value;

	return (x > y) - (x < y);
}

/* Ranks 1 .. n; equal values share the mean of theirs. */
static void rank_values(struct bench *bench, const double *value, double *rank)
{
	struct item *item = bench->item;
	size_t n = bench->n, end;

	for (size_t i = 0; i < n; i++)
		item[i] = (struct item){ value[i], i };
	qsort(item, n, sizeof(*item), compare_items);
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && item[end].value == item[i].value;
		     end++)
			;
		for (size_t j = i; j < end; j++)
			rank[item[j].index] = (double)(i + 1 + end) / 2;
	}
}

/* NaN where one of them is constant. */
static double pearson(const double *x, const double *y, size_t n)
{
	double mean = (double)(n + 1) / 2, xy = 0, xx = 0, yy = 0;

	for (size_t i = 0; i < n; i++) {
		xy += (x[i] - mean) * (y[i] - mean);
		xx += (x[i] - mean) * (x[i] - mean);
		yy += (y[i] - mean) * (y[i] - mean);
	}
	return xx > 0 && yy > 0 ? fmax(-1, fmin(1, xy / sqrt(xx * yy))) : NAN;
}

static double spearman(struct bench *bench, const double *x, const double *y)
{
	rank_values(bench, x, bench->rx);
	rank_values(bench, y, bench->ry);
	return pearson(bench->rx, bench->ry, bench->n);
}

static int bench_init(struct bench *bench, size_t n)
{
	bench->n = n;
	bench->item = calloc(n, sizeof(*bench->item));
	bench->memory = calloc(n * 4, sizeof(double));
	bench->x = bench->memory;
	bench->y = bench->memory + n;
	bench->rx = bench->memory + 2 * n;
	bench->ry = bench->memory + 3 * n;
	return bench->item && bench->memory ? 0 : -ENOMEM;
}

static void bench_free(struct bench *bench)
{
	free(bench->item);
	free(bench->memory);
}

/* A draw in which one quantity is constant tells nothing: left out. */
static int resample(struct bench *bench, const double *x, const double *y,
		    size_t resamples, uint64_t seed, struct stats_rank *rank)
{
	double *draw = calloc(resamples + 1, sizeof(*draw));
	size_t got = 0;

	if (!draw)
		return -ENOMEM;
	for (size_t r = 0; r < resamples; r++) {
		double rho;

		for (size_t i = 0; i < bench->n; i++) {
			size_t pick =
				stats_seed(seed, r * bench->n + i) % bench->n;

			bench->x[i] = x[pick];
			bench->y[i] = y[pick];
		}
		rho = spearman(bench, bench->x, bench->y);
		if (!isnan(rho))
			draw[got++] = rho;
	}
	stats_sort(draw, got);
	rank->lo = got ? draw[(size_t)(0.025 * (double)(got - 1))] : -1;
	rank->hi = got ? draw[(size_t)ceil(0.975 * (double)(got - 1))] : 1;
	free(draw);
	return 0;
}

int stats_rank_correlate(const double *x, const double *y, size_t n,
			 size_t resamples, uint64_t seed,
			 struct stats_rank *rank)
{
	struct bench bench;
	int rc;

	memset(rank, 0, sizeof(*rank));
	rank->n = n;
	rank->p = 1;
	if (n < STATS_RANK_MIN)
		return 0;
	rc = bench_init(&bench, n);
	rank->rho = rc ? 0 : spearman(&bench, x, y);
	if (rc == 0 && !isnan(rank->rho)) {
		double rest = 1 - rank->rho * rank->rho;
		double t = fabs(rank->rho) * sqrt((double)(n - 2) / rest);

		rank->p = fmin(1, 2 * stats_t_tail(t, (double)(n - 2)));
		rank->valid = true;
		rc = resample(&bench, x, y, resamples, seed, rank);
	} else {
		rank->rho = 0;
	}
	bench_free(&bench);
	return rc;
}
