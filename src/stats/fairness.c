/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/fairness.h"

#include <math.h>
#include <stdlib.h>

#include "stats/order.h"

#define SEED	  20261123
#define TWO_SIDED 1.96 /* of an interval's half width to a standard error */

double stats_jain(const double *rate, size_t n)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isfinite(rate[i]) || rate[i] < 0)
			return 0;
		sum += rate[i];
		squares += rate[i] * rate[i];
	}
	if (squares <= 0 || !isfinite(squares))
		return 0;
	return sum * sum / ((double)n * squares);
}

/* The index of the point at which it bends, n where it does not. */
static size_t find_bend(const struct bend_point *point, const double *sum,
			size_t n)
{
	double first = sum[0] / point[0].pairs;

	for (size_t i = 1; i < n; i++) {
		double more = (sum[i] - sum[i - 1]) /
			      (point[i].pairs - point[i - 1].pairs);

		if (more < first / 2)
			return i - 1;
	}
	return n;
}

static int compare(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* 0 < u < 1: the next of a stream. */
static double uniform(uint64_t *count)
{
	return ((double)(stats_seed(SEED, (*count)++) >> 11) + 0.5) / 0x1p53;
}

/* G. E. P. Box, M. E. Muller, Ann. Math. Stat. 29 (1958) 610. */
static double gaussian(uint64_t *count)
{
	double radius = sqrt(-2 * log(uniform(count)));

	return radius * cos(2 * M_PI * uniform(count));
}

/* found: [BEND_DRAWS], sorted. */
static void draw_bends(const struct bend_point *point, size_t n, double *sum,
		       size_t *found)
{
	uint64_t count = 0;

	for (size_t d = 0; d < BEND_DRAWS; d++) {
		for (size_t i = 0; i < n; i++) {
			double error =
				(point[i].hi - point[i].lo) / 2 / TWO_SIDED;

			sum[i] = point[i].mean + error * gaussian(&count);
		}
		found[d] = find_bend(point, sum, n);
	}
	qsort(found, BEND_DRAWS, sizeof(*found), compare);
}

static int pairs_at(const struct bend_point *point, size_t n, size_t at)
{
	return point[at < n ? at : n - 1].pairs;
}

static void judge(const struct bend_point *point, size_t n, double *sum,
		  size_t *found, struct stats_bend *bend)
{
	size_t at, hi;

	for (size_t i = 0; i < n; i++)
		sum[i] = point[i].mean;
	at = find_bend(point, sum, n);
	hi = found[BEND_DRAWS - 1 - BEND_DRAWS / 40];
	bend->at = pairs_at(point, n, at);
	bend->open = at == n;
	bend->lo = pairs_at(point, n, found[BEND_DRAWS / 40]);
	bend->hi = pairs_at(point, n, hi);
	bend->hi_open = hi == n;
	bend->valid = true;
}

static bool is_curve(const struct bend_point *point, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(point[i].mean) || !isfinite(point[i].hi) ||
		    !isfinite(point[i].lo) || point[i].pairs < 1 ||
		    (i && point[i].pairs <= point[i - 1].pairs))
			return false;
	return n > 1 && point[0].mean > 0;
}

void stats_bend_of(const struct bend_point *point, size_t n,
		   struct stats_bend *bend)
{
	double *sum;
	size_t *found;

	*bend = (struct stats_bend){ 0 };
	if (!is_curve(point, n))
		return;
	sum = calloc(n, sizeof(*sum));
	found = calloc(BEND_DRAWS, sizeof(*found));
	if (sum && found) {
		draw_bends(point, n, sum, found);
		judge(point, n, sum, found, bend);
	}
	free(sum);
	free(found);
}
