/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/series.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/scan.h"

#define SERIES_BLOCKS 100000

static double reference_of(const struct store_block *block)
{
	for (size_t i = 0; i < block->measurements; i++)
		if (block->measurement[i].path == 0)
			return block->measurement[i].throughput_mbps;
	return -1;
}

/* Grows by doubling. */
static int add(struct series_cell *cell, const struct series_block *block)
{
	struct series_block *grown = cell->block;

	if (!(cell->n & (cell->n - 1)))
		grown = reallocarray(cell->block, cell->n ? 2 * cell->n : 1,
				     sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	cell->block = grown;
	grown[cell->n++] = *block;
	return 0;
}

/* Points and paths were checked when the matrix was loaded. */
static int take(void *arg, const struct store_block *block, struct err *err)
{
	struct series *series = arg;
	double reference = reference_of(block);

	for (size_t i = 0; !block->discarded && i < block->measurements; i++) {
		const struct store_measurement *m = &block->measurement[i];
		size_t at =
			(size_t)block->point * series->paths + (size_t)m->path;
		struct series_block one = { .round = block->round,
					    .rate = m->throughput_mbps,
					    .reference = reference };

		if (at >= series->cells || add(&series->cell[at], &one))
			return err_sys(err, ENOMEM, "block %" PRId64,
				       block->id);
	}
	return 0;
}

static int compare_rounds(const void *a, const void *b)
{
	int x = ((const struct series_block *)a)->round;
	int y = ((const struct series_block *)b)->round;

	return (x > y) - (x < y);
}

int series_load(struct series *series, const struct matrix *matrix,
		struct store *store, struct err *err)
{
	/* of a very long study whole rounds are left out: a hundred thousand
	 * blocks tell as much as a contrast can use */
	const struct store_scan scan = {
		.detail = STORE_RATES,
		.every_round = (int64_t)(matrix->blocks / SERIES_BLOCKS + 1)
	};
	int rc;

	memset(series, 0, sizeof(*series));
	series->paths = matrix->paths;
	series->cells = matrix->points * matrix->paths;
	series->cell = calloc(series->cells + 1, sizeof(*series->cell));
	if (!series->cell)
		return err_sys(err, ENOMEM, "%zu cells", series->cells);
	rc = store_each_block(store, &scan, take, series, err);
	for (size_t i = 0; rc == 0 && i < series->cells; i++)
		if (series->cell[i].n)
			qsort(series->cell[i].block, series->cell[i].n,
			      sizeof(struct series_block), compare_rounds);
	if (rc)
		series_free(series);
	return rc;
}

void series_free(struct series *series)
{
	for (size_t i = 0; series->cell && i < series->cells; i++)
		free(series->cell[i].block);
	free(series->cell);
	memset(series, 0, sizeof(*series));
}

const struct series_cell *series_of(const struct series *series, size_t point,
				    size_t path)
{
	return &series->cell[point * series->paths + path];
}
