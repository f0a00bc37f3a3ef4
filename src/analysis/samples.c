/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A study may have a million blocks, so none of them is kept: each becomes a
 * number or two in its cell's arrays. Where every block of a cell has its
 * reference, which is the rule, y is rate itself.
 */
#include "analysis/samples.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "store/scan.h"

struct gather {
	struct samples *samples;
	const struct samples_query *query;
};

static int check_block(const struct store_block *block,
		       const struct samples_query *query, struct err *err)
{
	if (block->point < 0 || (size_t)block->point >= query->points)
		return err_set(err, EIO,
			       "block %" PRId64
			       " is of point %d, but the study "
			       "has %zu points",
			       block->id, block->point, query->points);
	for (size_t i = 0; i < block->measurements; i++) {
		int path = block->measurement[i].path;

		if (path < 0 || (size_t)path >= query->paths)
			return err_set(err, EIO,
				       "block %" PRId64 " is of path %d, but "
				       "the study has %zu paths",
				       block->id, path, query->paths);
	}
	return 0;
}

/* NaN where the block is without. */
static double reference_rate(const struct store_block *block, int reference)
{
	for (size_t i = 0; i < block->measurements; i++)
		if (block->measurement[i].path == reference)
			return block->measurement[i].throughput_mbps;
	return NAN;
}

static int grow(struct cell_samples *cell)
{
	size_t room = cell->room ? cell->room + cell->room / 2 : 16;
	double *rate = reallocarray(cell->rate, room, sizeof(*rate));
	double *x;

	if (!rate)
		return -ENOMEM;
	cell->rate = rate;
	x = reallocarray(cell->x, room, sizeof(*x));
	if (!x)
		return -ENOMEM;
	cell->x = x;
	cell->room = room;
	return 0;
}

static int add_block(const struct gather *gather,
		     const struct store_block *block)
{
	double x = reference_rate(block, gather->query->reference);

	for (size_t i = 0; i < block->measurements; i++) {
		const struct store_measurement *m = &block->measurement[i];
		struct cell_samples *cell =
			&gather->samples->cell[(size_t)block->point *
						       gather->query->paths +
					       (size_t)m->path];

		if (cell->n == cell->room && grow(cell))
			return -ENOMEM;
		cell->rate[cell->n] = m->throughput_mbps;
		cell->x[cell->n++] = x;
		cell->pairs += !isnan(x);
		cell->sndbuf = m->sndbuf_bytes;
		cell->rcvbuf = m->rcvbuf_bytes;
	}
	return 0;
}

static void add_usage(struct samples *samples, const struct store_block *block)
{
	for (size_t i = 0; i < block->measurements; i++) {
		const struct store_measurement *m = &block->measurement[i];
		struct store_usage *usage = &samples->usage[m->path];

		usage->blocks++;
		usage->measured_ns += m->duration_ns;
		usage->share_ns +=
			block->duration_ns / (int64_t)block->measurements;
		usage->retransmits += m->retransmits;
		if (m->idle_max_ns > usage->idle_max_ns)
			usage->idle_max_ns = m->idle_max_ns;
	}
}

static bool is_wanted(const struct samples_query *query,
		      const struct store_block *block)
{
	return block->started_at_ns >= query->from_ns &&
	       (!query->to_ns || block->started_at_ns < query->to_ns);
}

static int take_block(void *arg, const struct store_block *block,
		      struct err *err)
{
	const struct gather *gather = arg;
	int rc = check_block(block, gather->query, err);

	if (rc)
		return rc;
	if (!block->discarded)
		add_usage(gather->samples, block);
	if (!is_wanted(gather->query, block))
		return 0;
	if (block->discarded) {
		gather->samples->discarded++;
		return 0;
	}
	gather->samples->blocks++;
	if (add_block(gather, block))
		return err_sys(err, ENOMEM, "block %" PRId64, block->id);
	return 0;
}

/* x and y: of the blocks that have both. */
static int pair_up(struct cell_samples *cell)
{
	size_t pairs = 0;

	cell->y = cell->rate;
	if (cell->pairs == cell->n)
		return 0;
	cell->y = calloc(cell->pairs + 1, sizeof(*cell->y));
	if (!cell->y)
		return -ENOMEM;
	for (size_t i = 0; i < cell->n; i++) {
		if (isnan(cell->x[i]))
			continue;
		cell->x[pairs] = cell->x[i];
		cell->y[pairs++] = cell->rate[i];
	}
	return 0;
}

int samples_gather(struct samples *samples, struct store *store,
		   const struct samples_query *query, struct err *err)
{
	struct gather gather = { .samples = samples, .query = query };
	const struct store_scan scan = { .detail = STORE_RATES };
	int rc;

	memset(samples, 0, sizeof(*samples));
	samples->cells = query->points * query->paths;
	samples->cell = calloc(samples->cells + 1, sizeof(*samples->cell));
	samples->usage = calloc(query->paths + 1, sizeof(*samples->usage));
	if (!samples->cell || !samples->usage) {
		samples_free(samples);
		return err_sys(err, ENOMEM, "%zu cells", samples->cells);
	}
	rc = store_each_block(store, &scan, take_block, &gather, err);
	for (size_t i = 0; rc == 0 && i < samples->cells; i++)
		if (pair_up(&samples->cell[i]))
			rc = err_sys(err, ENOMEM, "cell %zu", i);
	if (rc)
		samples_free(samples);
	return rc;
}

void samples_free(struct samples *samples)
{
	for (size_t i = 0; samples->cell && i < samples->cells; i++) {
		struct cell_samples *cell = &samples->cell[i];

		if (cell->y != cell->rate)
			free(cell->y);
		free(cell->rate);
		free(cell->x);
	}
	free(samples->cell);
	free(samples->usage);
	memset(samples, 0, sizeof(*samples));
}
