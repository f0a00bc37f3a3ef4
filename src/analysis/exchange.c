/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/scan.h"

static const double shares[CELL_QUANTILES] = { 0.5, 0.99, 0.9999 };

struct gathering {
	struct matrix *matrix;
	const struct matrix_query *query;
	struct histogram **merged; /* [point * paths + path]; NULL: none */
	struct histogram block;
	bool second; /* pass */
};

static bool exchanges(const struct point *point)
{
	return axis_applies(AXIS_REQUEST_SIZE, point) ||
	       point->value[AXIS_NEIGHBOR] != NEIGHBOR_OFF;
}

static bool has_datagrams(const struct point *point)
{
	return point->value[AXIS_WORKLOAD] == WORKLOAD_UDP_STREAM ||
	       point->value[AXIS_WORKLOAD] == WORKLOAD_UNIX_PACKET;
}

/* What a damaged store holds is left out. */
static void read_latency(const json_t *list, struct histogram *h)
{
	json_int_t bucket, count;
	json_t *pair;
	size_t i;

	memset(h, 0, sizeof(*h));
	json_array_foreach(list, i, pair) {
		if (json_unpack(pair, "[II!]", &bucket, &count) < 0 ||
		    bucket < 0 || bucket >= HISTOGRAM_BUCKETS || count < 0)
			continue;
		h->count[bucket] += (uint64_t)count;
		h->total += (uint64_t)count;
	}
}

static int add_latency(struct gathering *g, size_t index, const json_t *latency,
		       struct err *err)
{
	struct cell_exchange *x = &g->matrix->cell[index].exchange;

	read_latency(latency, &g->block);
	if (g->second) {
		for (int i = 0; i < CELL_QUANTILES; i++)
			quantile_add(&x->latency[i], &g->block);
		return 0;
	}
	if (!g->merged[index])
		g->merged[index] = calloc(1, sizeof(*g->merged[index]));
	if (!g->merged[index])
		return err_sys(err, ENOMEM, "latencies");
	histogram_merge(g->merged[index], &g->block);
	return 0;
}

static void add_datagrams(struct cell_exchange *x,
			  const struct store_measurement *m)
{
	x->datagrams += (double)m->datagrams;
	x->lost += (double)m->lost;
	x->reordered += (double)m->reordered;
	x->jitter_us += m->jitter_us;
	x->sent_mbps += m->sent_mbps;
	x->blocks++;
}

static int take(void *arg, const struct store_block *block, struct err *err)
{
	struct gathering *g = arg;
	struct matrix *m = g->matrix;
	int rc = 0;

	if (block->discarded || block->point < 0 ||
	    (size_t)block->point >= m->points ||
	    block->started_at_ns < g->query->from_ns ||
	    (g->query->to_ns && block->started_at_ns >= g->query->to_ns))
		return 0;
	for (size_t i = 0; i < block->measurements && !rc; i++) {
		const struct store_measurement *s = &block->measurement[i];
		size_t index =
			(size_t)block->point * m->paths + (size_t)s->path;

		if (s->path < 0 || (size_t)s->path >= m->paths)
			continue;
		if (s->latency)
			rc = add_latency(g, index, s->latency, err);
		if (!g->second && has_datagrams(m->cell[index].point))
			add_datagrams(&m->cell[index].exchange, s);
	}
	return rc;
}

static void finish(struct gathering *g, size_t index)
{
	struct cell_exchange *x = &g->matrix->cell[index].exchange;

	for (int i = 0; i < CELL_QUANTILES && g->merged[index]; i++)
		quantile_finish(&x->latency[i], g->merged[index]);
	free(g->merged[index]);
	if (!x->blocks)
		return;
	x->jitter_us /= x->blocks;
	x->sent_mbps /= x->blocks;
}

static int scan(struct gathering *g, struct store *store, struct err *err)
{
	const struct store_scan what = { .detail = STORE_EXCHANGES };
	size_t cells = g->matrix->points * g->matrix->paths;
	int rc = store_each_block(store, &what, take, g, err);

	for (size_t c = 0; c < cells && !rc; c++)
		for (int i = 0; i < CELL_QUANTILES && g->merged[c]; i++)
			quantile_init(&g->matrix->cell[c].exchange.latency[i],
				      shares[i], g->merged[c]);
	g->second = true;
	if (!rc)
		rc = store_each_block(store, &what, take, g, err);
	for (size_t c = 0; c < cells; c++)
		finish(g, c);
	return rc;
}

int exchange_load(struct matrix *matrix, struct store *store,
		  const struct matrix_query *query, struct err *err)
{
	struct gathering *g;
	bool any = false;
	int rc = -ENOMEM;

	for (size_t i = 0; i < matrix->points; i++)
		any |= exchanges(&matrix->point[i]) ||
		       has_datagrams(&matrix->point[i]);
	if (!any)
		return 0;
	g = calloc(1, sizeof(*g));
	if (g) {
		g->matrix = matrix;
		g->query = query;
		g->merged = calloc(matrix->points * matrix->paths,
				   sizeof(*g->merged));
	}
	if (g && g->merged)
		rc = scan(g, store, err);
	else
		err_sys(err, ENOMEM, "latencies");
	if (g)
		free(g->merged);
	free(g);
	return rc;
}
