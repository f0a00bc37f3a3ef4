/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exchange.h - what exchanges and datagrams have to tell of a cell beside its
 * throughput: latencies, loss. Of this room alone; matrix_load() calls it.
 */
#ifndef VAZAO_ANALYSIS_EXCHANGE_H
#define VAZAO_ANALYSIS_EXCHANGE_H

#include "analysis/matrix.h"

/* Fills cell->exchange of the cells whose workload has such; reads the blocks
 * (twice) only if there is one. */
int exchange_load(struct matrix *matrix, struct store *store,
		  const struct matrix_query *query, struct err *err);

#endif
