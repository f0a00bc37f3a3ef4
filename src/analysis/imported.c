/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/imported.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/imported.h"

static int find_path(const struct matrix *m, const char *name)
{
	for (size_t i = 0; i < m->paths; i++)
		if (strcmp(m->path[i].name, name) == 0 &&
		    strcmp(m->path[i].kind, IMPORTED_KIND) == 0)
			return (int)i;
	return -1;
}

static int add_path(struct matrix *m, const char *name)
{
	struct matrix_path *more =
		reallocarray(m->path, m->paths + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	m->path = more;
	more = &m->path[m->paths++];
	memset(more, 0, sizeof(*more));
	snprintf(more->name, sizeof(more->name), "%s", name);
	snprintf(more->kind, sizeof(more->kind), IMPORTED_KIND);
	return 0;
}

int imported_add_paths(struct matrix *matrix, struct store *store,
		       struct err *err)
{
	struct store_imported *rows = NULL;
	size_t count = 0;
	int rc = store_load_imported(store, &rows, &count, err);

	for (size_t i = 0; rc == 0 && i < count; i++)
		if (find_path(matrix, rows[i].path) < 0 &&
		    add_path(matrix, rows[i].path))
			rc = err_set(err, ENOMEM, "%s", rows[i].path);
	free(rows);
	return rc;
}

static void fill_cell(struct cell *cell, const struct store_imported *row)
{
	cell->throughput = (struct stats_mean){
		.mean = row->throughput_mbps,
		.lo = row->throughput_mbps,
		.hi = row->throughput_mbps,
		.valid = true,
	};
	if (row->seconds > 0)
		snprintf(cell->cause, sizeof(cell->cause), "%s, %.160s, %.3g s",
			 row->tool, row->source, row->seconds);
	else
		snprintf(cell->cause, sizeof(cell->cause), "%s, %.160s",
			 row->tool, row->source);
}

int imported_fill(struct matrix *matrix, struct store *store, struct err *err)
{
	struct store_imported *rows = NULL;
	size_t count = 0;
	int rc;

	for (size_t i = 0; i < matrix->points * matrix->paths; i++) {
		struct cell *cell = &matrix->cell[i];

		if (strcmp(matrix->path[cell->path].kind, IMPORTED_KIND) == 0)
			cell->status = CELL_IMPORTED;
	}
	rc = store_load_imported(store, &rows, &count, err);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		int path = find_path(matrix, rows[i].path);

		if (path < 0 || rows[i].point < 0 ||
		    (size_t)rows[i].point >= matrix->points)
			continue;
		fill_cell(&matrix->cell[(size_t)rows[i].point * matrix->paths +
					(size_t)path],
			  &rows[i]);
	}
	free(rows);
	return rc;
}
