/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/pairs.h"

#include <errno.h>
#include <stdlib.h>

#include "store/scan.h"

/* One cell's blocks as they come. */
struct tally {
	double *jain; /* [blocks] */
	size_t blocks, room;
	double sum[PAIRS_MAX]; /* of each pair's rates */
	size_t pairs;
};

struct gathering {
	struct matrix *matrix;
	const struct matrix_query *query;
	struct tally **tally; /* [point * paths + path]; NULL: none */
};

static int add_jain(struct tally *t, double jain, struct err *err)
{
	if (t->blocks == t->room) {
		size_t room = 2 * t->room + 16;
		double *more = reallocarray(t->jain, room, sizeof(*more));

		if (!more)
			return err_sys(err, ENOMEM, "pairs");
		t->jain = more;
		t->room = room;
	}
	t->jain[t->blocks++] = jain;
	return 0;
}

/* What a damaged store holds is left out. */
static int add_block(struct gathering *g, size_t index, const json_t *list,
		     struct err *err)
{
	size_t pairs = json_array_size(list);
	double rate[PAIRS_MAX];
	struct tally *t;

	if (pairs < 2 || pairs > PAIRS_MAX)
		return 0;
	if (!g->tally[index])
		g->tally[index] = calloc(1, sizeof(*g->tally[index]));
	t = g->tally[index];
	if (!t)
		return err_sys(err, ENOMEM, "pairs");
	if (t->pairs && t->pairs != pairs)
		return 0;
	t->pairs = pairs;
	for (size_t k = 0; k < pairs; k++) {
		rate[k] = json_number_value(json_array_get(list, k));
		t->sum[k] += rate[k];
	}
	return add_jain(t, stats_jain(rate, pairs), err);
}

static bool wanted(const struct gathering *g, const struct store_block *block)
{
	return !block->discarded && block->point >= 0 &&
	       (size_t)block->point < g->matrix->points &&
	       block->started_at_ns >= g->query->from_ns &&
	       (!g->query->to_ns || block->started_at_ns < g->query->to_ns);
}

static int take(void *arg, const struct store_block *block, struct err *err)
{
	struct gathering *g = arg;
	int rc = 0;

	for (size_t i = 0; wanted(g, block) && i < block->measurements && !rc;
	     i++) {
		const struct store_measurement *m = &block->measurement[i];

		if (m->path < 0 || (size_t)m->path >= g->matrix->paths)
			continue;
		rc = add_block(g,
			       (size_t)block->point * g->matrix->paths +
				       (size_t)m->path,
			       m->pair_mbps, err);
	}
	return rc;
}

static void finish(struct tally *t, struct cell_pairs *pairs)
{
	stats_mean_of(t->jain, t->blocks, &pairs->jain);
	if (pairs->jain.hi > 1)
		pairs->jain.hi = 1;
	pairs->pairs = t->pairs;
	for (size_t k = 0; k < t->pairs; k++) {
		double mean = t->sum[k] / (double)t->blocks;

		if (k == 0 || mean < pairs->min_mbps)
			pairs->min_mbps = mean;
		if (k == 0 || mean > pairs->max_mbps)
			pairs->max_mbps = mean;
	}
}

int pairs_load(struct matrix *matrix, struct store *store,
	       const struct matrix_query *query, struct err *err)
{
	const struct store_scan what = { .detail = STORE_EXCHANGES };
	size_t cells = matrix->points * matrix->paths;
	struct gathering g = { .matrix = matrix, .query = query };
	bool any = false;
	int rc;

	for (size_t i = 0; i < matrix->points; i++)
		any |= matrix->point[i].value[AXIS_PAIRS] > 1;
	if (!any)
		return 0;
	g.tally = calloc(cells, sizeof(struct tally *));
	if (!g.tally)
		return err_sys(err, ENOMEM, "pairs");
	rc = store_each_block(store, &what, take, &g, err);
	for (size_t c = 0; c < cells; c++) {
		if (!g.tally[c])
			continue;
		finish(g.tally[c], &matrix->cell[c].pairs);
		free(g.tally[c]->jain);
		free(g.tally[c]);
	}
	free(g.tally);
	return rc;
}

/*
 * Curves.
 */

static bool differ_by_pairs(const struct point *a, const struct point *b)
{
	struct point like = *a;

	like.value[AXIS_PAIRS] = b->value[AXIS_PAIRS];
	return point_equal(&like, b);
}

bool pairs_opens(const struct matrix *matrix, size_t point)
{
	const struct point *p = &matrix->point[point];
	bool others = false;

	for (size_t i = 0; i < matrix->points; i++) {
		if (i == point || !differ_by_pairs(p, &matrix->point[i]))
			continue;
		if (i < point)
			return false;
		others = true;
	}
	return others;
}

static int by_pairs(const void *a, const void *b)
{
	const struct cell *const *x = a, *const *y = b;
	int64_t n = (*x)->point->value[AXIS_PAIRS];
	int64_t m = (*y)->point->value[AXIS_PAIRS];

	return (n > m) - (n < m);
}

void pairs_curve_of(const struct matrix *matrix, size_t point, size_t path,
		    struct pairs_curve *curve)
{
	struct bend_point bend[PAIRS_MAX];

	*curve = (struct pairs_curve){ 0 };
	for (size_t i = 0; i < matrix->points && curve->n < PAIRS_MAX; i++) {
		const struct cell *cell = matrix_cell(matrix, i, path);

		if (differ_by_pairs(&matrix->point[point], &matrix->point[i]) &&
		    cell->throughput.valid)
			curve->cell[curve->n++] = cell;
	}
	qsort(curve->cell, curve->n, sizeof(struct cell *), by_pairs);
	for (size_t i = 0; i < curve->n; i++) {
		const struct stats_mean *t = &curve->cell[i]->throughput;

		bend[i] = (struct bend_point){
			.pairs = (int)curve->cell[i]->point->value[AXIS_PAIRS],
			.mean = t->mean,
			.lo = t->lo,
			.hi = t->hi,
		};
	}
	stats_bend_of(bend, curve->n, &curve->bend);
}
