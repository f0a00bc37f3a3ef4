/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cost.h - what each cell cost: the few counters that every report shows,
 * taken out of measurement.counters when a block is stored, so that nobody
 * has to parse those of a whole study.
 *
 * store_load_costs() is called by analysis, cost_insert() by block.c alone.
 */
#ifndef VAZAO_STORE_COST_H
#define VAZAO_STORE_COST_H

#include "store/db.h"
#include "store/store.h"

/* Sums over a cell's good blocks; names as in observe/counters.h. */
struct store_cost {
	int point, path;
	double turn_bytes, turn_ns;
	/* of the whole host; < 0: not known of every block */
	double cpu_ns, context_switches, page_faults;
};

/* Cells that were observed, by blocks begun from from_ns on and before to_ns
 * (0: to the end); *costs is malloc'ed. */
int store_load_costs(struct store *store, int64_t from_ns, int64_t to_ns,
		     struct store_cost **costs, size_t *count, struct err *err);

/* Nothing where the measurement was not observed. */
int cost_insert(struct db *db, int64_t block, const struct store_measurement *m,
		struct err *err);

#endif
