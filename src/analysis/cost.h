/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cost.h - service demand: what a cell's payload cost the whole host.
 *
 * Called by matrix.c. Microseconds of CPU time a KB (1024 bytes, as netperf's
 * service demand has it): sum of the CPU time of all blocks over the sum of
 * their payload, for the ratio of two sums has no bias where each block's
 * CPU time is rounded to ticks (observe/counters.h).
 */
#ifndef VAZAO_ANALYSIS_COST_H
#define VAZAO_ANALYSIS_COST_H

#include "analysis/matrix.h"
#include "base/err.h"
#include "store/store.h"

/* Sets cpu_us_per_kb, context_switches_per_s and page_faults_per_s of every
 * cell; -1 where it was not observed. -EIO: a cell the study does not have. */
int cost_fill(struct matrix *matrix, struct store *store,
	      const struct matrix_query *query, struct err *err);

#endif
