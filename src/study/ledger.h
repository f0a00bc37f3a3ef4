/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger.h - the blocks of a study in memory, and what still needs some.
 *
 * Pure. The study adds a row a block and asks at each round's end which
 * points go on; a resumed study fills it from the store first. Throughputs in
 * 10^6 bit/s.
 */
#ifndef VAZAO_STUDY_LEDGER_H
#define VAZAO_STUDY_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "stats/estimate.h"

struct ledger;

struct ledger_rule {
	double precision;  /* relative half-width, 0.025 */
	size_t min_blocks; /* no stop before */
};

/* One path, summed over its points. */
struct ledger_path {
	size_t reached, failed;	  /* cells */
	double median_half_width; /* over points that have one; 0: none */
	double worst_half_width;
};

int ledger_create(struct ledger **ledger, size_t points, size_t paths,
		  const struct ledger_rule *rule, struct err *err);
void ledger_free(struct ledger *ledger);

/* mbps[paths]; negative: the path was not in this block. */
int ledger_add(struct ledger *ledger, size_t point, const double *mbps,
	       struct err *err);

/* All that was added of one cell, also without its reference; [*n], borrowed
 * until the next ledger_add(). */
const double *ledger_rates(const struct ledger *ledger, size_t point,
			   size_t path, size_t *n);

/* For good; a failed reference fails every cell of the point. */
void ledger_fail(struct ledger *ledger, size_t point, size_t path);
bool ledger_failed(const struct ledger *ledger, size_t point, size_t path);

/* By the last judgement; a path that is no longer measured keeps its reached
 * cells, and ledger_retire() has nothing more asked for them. */
bool ledger_reached(const struct ledger *ledger, size_t point, size_t path);
void ledger_retire(struct ledger *ledger, size_t path);

/* By the last judgement, is one more block with this path of use there? */
bool ledger_wants(const struct ledger *ledger, size_t point, size_t path);

/* The interval as it is now, with the pool of the last judgement. */
void ledger_estimate(const struct ledger *ledger, size_t point, size_t path,
		     struct stats_efficiency *efficiency);

/* For a rule that judges elsewhere (rule_2007.c). */
void ledger_mark_reached(struct ledger *ledger, size_t point, size_t path);

/* Pools, estimates, decides anew which points are active: a point that was
 * reached may come back when its pool changes. */
void ledger_judge(struct ledger *ledger);

/* Since the last ledger_judge(); all points are active before the first. */
bool ledger_active(const struct ledger *ledger, size_t point);

/* Blocks that the active points still need, by the last judgement; 0 before
 * the first. */
size_t ledger_blocks_left(const struct ledger *ledger);

void ledger_summarize(const struct ledger *ledger, size_t path,
		      struct ledger_path *summary);

#endif
