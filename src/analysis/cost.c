/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/cost.h"

#include <errno.h>
#include <stdlib.h>

#include "store/cost.h"

/* -1 where either is not known, or nothing happened. */
static double quotient(double a, double b, double unit)
{
	return a >= 0 && b > 0 ? a / b * unit : -1;
}

static void fill_cell(struct cell *cell, const struct store_cost *cost)
{
	cell->cpu_us_per_kb =
		quotient(cost->cpu_ns, cost->turn_bytes, 1024 / 1e3);
	cell->context_switches_per_s =
		quotient(cost->context_switches, cost->turn_ns, 1e9);
	cell->page_faults_per_s =
		quotient(cost->page_faults, cost->turn_ns, 1e9);
}

static int fill_all(struct matrix *m, const struct store_cost *costs,
		    size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct store_cost *c = &costs[i];

		if (c->point < 0 || (size_t)c->point >= m->points ||
		    c->path < 0 || (size_t)c->path >= m->paths)
			return err_set(err, EIO,
				       "a cost of point %d, path %d, which "
				       "the study does not have",
				       c->point, c->path);
		fill_cell(
			&m->cell[(size_t)c->point * m->paths + (size_t)c->path],
			c);
	}
	return 0;
}

int cost_fill(struct matrix *matrix, struct store *store,
	      const struct matrix_query *query, struct err *err)
{
	struct store_cost *costs = NULL;
	size_t count = 0;
	int rc;

	for (size_t i = 0; i < matrix->points * matrix->paths; i++) {
		matrix->cell[i].cpu_us_per_kb = -1;
		matrix->cell[i].context_switches_per_s = -1;
		matrix->cell[i].page_faults_per_s = -1;
	}
	rc = store_load_costs(store, query->from_ns, query->to_ns, &costs,
			      &count, err);
	if (rc == 0)
		rc = fill_all(matrix, costs, count, err);
	free(costs);
	return rc;
}
