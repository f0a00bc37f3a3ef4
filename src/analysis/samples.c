/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/samples.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ARRAYS 3 /* rate, x, y */

static int check_block(const struct store_block *block, size_t points,
		       size_t paths, struct err *err)
{
	if (block->point < 0 || (size_t)block->point >= points)
		return err_set(err, EIO,
			       "block %" PRId64
			       " is of point %d, but the study "
			       "has %zu points",
			       block->id, block->point, points);
	for (size_t i = 0; i < block->measurements; i++) {
		int path = block->measurement[i].path;

		if (path < 0 || (size_t)path >= paths)
			return err_set(err, EIO,
				       "block %" PRId64 " is of path %d, but "
				       "the study has %zu paths",
				       block->id, path, paths);
	}
	return 0;
}

static const struct store_measurement *
reference_of(const struct store_block *block)
{
	for (size_t i = 0; i < block->measurements; i++)
		if (block->measurement[i].path == 0)
			return &block->measurement[i];
	return NULL;
}

static struct cell_samples *cell_of(struct samples *samples,
				    const struct store_block *block,
				    const struct store_measurement *m,
				    size_t paths)
{
	return &samples->cell[(size_t)block->point * paths + (size_t)m->path];
}

static void add_block(struct samples *samples, const struct store_block *block,
		      size_t paths)
{
	const struct store_measurement *reference = reference_of(block);

	for (size_t i = 0; i < block->measurements; i++) {
		const struct store_measurement *m = &block->measurement[i];
		struct cell_samples *cell = cell_of(samples, block, m, paths);

		cell->rate[cell->n++] = m->throughput_mbps;
		cell->sndbuf = m->sndbuf_bytes;
		cell->rcvbuf = m->rcvbuf_bytes;
		if (!reference)
			continue;
		cell->x[cell->pairs] = reference->throughput_mbps;
		cell->y[cell->pairs++] = m->throughput_mbps;
	}
}

/* Counts what each cell will hold, then gives each its stretch of memory. */
static int lay_out(struct samples *samples, const struct store_block *blocks,
		   size_t count, size_t points, size_t paths)
{
	size_t total = 0;
	double *next;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < blocks[i].measurements; j++) {
			if (blocks[i].discarded)
				continue;
			cell_of(samples, &blocks[i], &blocks[i].measurement[j],
				paths)
				->n++;
			total++;
		}
	samples->memory = calloc(total * ARRAYS + 1, sizeof(double));
	if (!samples->memory)
		return -ENOMEM;
	next = samples->memory;
	for (size_t i = 0; i < points * paths; i++) {
		struct cell_samples *cell = &samples->cell[i];

		cell->rate = next;
		cell->x = cell->rate + cell->n;
		cell->y = cell->x + cell->n;
		next = cell->y + cell->n;
		cell->n = 0;
	}
	return 0;
}

int samples_gather(struct samples *samples, struct store *store, size_t points,
		   size_t paths, struct err *err)
{
	struct store_block *blocks = NULL;
	size_t count = 0;
	int rc;

	memset(samples, 0, sizeof(*samples));
	rc = store_load_blocks(store, true, &blocks, &count, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = check_block(&blocks[i], points, paths, err);
	if (rc)
		goto out;
	samples->cell = calloc(points * paths + 1, sizeof(*samples->cell));
	if (!samples->cell ||
	    lay_out(samples, blocks, count, points, paths) < 0) {
		rc = err_sys(err, ENOMEM, "%zu blocks", count);
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		if (blocks[i].discarded) {
			samples->discarded++;
			continue;
		}
		samples->blocks++;
		add_block(samples, &blocks[i], paths);
	}
out:
	store_blocks_free(blocks, count);
	if (rc)
		samples_free(samples);
	return rc;
}

void samples_free(struct samples *samples)
{
	free(samples->cell);
	free(samples->memory);
	memset(samples, 0, sizeof(*samples));
}
