/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay.h - a stored study as a trace, on which a procedure is played again.
 *
 * From any block of the trace on, in time order and around its end, either
 * the block procedure is carried out (rounds, pools, stopping: the study's own
 * ledger) or the rule of 2007; and its intervals are held against what is true
 * of the trace as a whole. Pure but for trace_load(). Called by vazao
 * validate.
 */
#ifndef VAZAO_STUDY_REPLAY_H
#define VAZAO_STUDY_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stats/coverage.h"
#include "store/store.h"
#include "study/ledger.h"

#define TRACE_PATHS 16

struct trace_block {
	int64_t at_ns;
	size_t point;
	int round;
	double mbps[TRACE_PATHS]; /* < 0: not in this block */
};

struct trace {
	size_t points, paths;
	struct trace_block *block; /* in time order */
	size_t blocks;
	/* [point * paths + path] sum of y over sum of x; 0: none */
	double *truth;
};

/* Good blocks alone. -E2BIG over TRACE_PATHS paths. */
int trace_load(struct trace *trace, struct store *store, struct err *err);

/* Fills truth from the blocks; trace_load() has done it. */
int trace_settle(struct trace *trace, struct err *err);
void trace_free(struct trace *trace);

struct replay {
	struct coverage_matrix path[TRACE_PATHS]; /* [0] stays empty */
	size_t blocks;				  /* used */
	size_t reached;				  /* intervals that were */
};

/*
 * From block `start` on until every cell is reached or all of the trace is
 * used once; intervals of all cells count, reached or not.
 */
int replay_blocks(const struct trace *trace, size_t start,
		  const struct ledger_rule *rule, struct replay *replay,
		  struct err *err);

/*
 * The rule of 2007: at each point the reference, then one path after the
 * other, each measured 3 to 10 times; a measurement is the mean rate of the
 * point's blocks within 7 s. Kinder to the rule than the study of 2007 was,
 * which had hours between a cell and its reference.
 */
int replay_rule_2007(const struct trace *trace, size_t start,
		     struct replay *replay, struct err *err);

#endif
