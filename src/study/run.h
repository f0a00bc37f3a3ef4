/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.h - a study under way: what the files of this room share. Not for other rooms.
 */
#ifndef VAZAO_STUDY_RUN_H
#define VAZAO_STUDY_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/agent.h"
#include "base/axis.h"
#include "base/clock.h"
#include "base/err.h"
#include "lab/lab.h"
#include "store/store.h"
#include "study/ledger.h"
#include "study/study.h"
#include "study/team.h"
#include "study/timing.h"

/* How long an agent may be silent beyond its schedule. */
#define STUDY_PATIENCE_NS (2 * NS_PER_S)

/* The same where a machine is emulated: it has what a busy host leaves it. */
#define STUDY_EMULATED_PATIENCE_NS (10 * NS_PER_S)

struct run {
	const struct study_args *args;
	const struct plan *plan;
	struct store *store;
	struct lab *lab;
	struct team *team;
	struct ledger *ledger;
	struct point *point;
	size_t points, paths;
	bool *built; /* [paths] the lab has it and its agent can be started */
	unsigned char *strikes;	   /* [points * paths] failures so far */
	unsigned char *m2_strikes; /* [points] */
	size_t blocks;		   /* stored, earlier runs' too */
	size_t blocks_before;	   /* of them, earlier runs' */
	int round;
	struct timings timings; /* as calibrated; else the plan's own */
	int64_t started_ns;	/* monotonic, of this run */
	int64_t measuring_ns;	/* as well: when the agents were there */
	enum study_phase phase;
	struct study_path_progress *progress; /* [paths] */
	bool told;			      /* what could not be observed */
	char now[160];
};

/* design.c: study.db's beginning */

/* Opens study.db with the design in it; a resumed one with its blocks in the
 * ledger. -EINVAL where it is another plan's. */
int design_open(struct run *run, struct err *err);
int design_set_now(struct store *store, const char *key, struct err *err);

/* measure.c: one block */

/* What to measure: `path` >= 0 only that one, else the reference and those
 * that live and, if `wanted`, are not reached at the point. */
struct measure_args {
	int point;
	int path;
	bool wanted;
	bool profile; /* sampled, and stored as discarded */
	/* A trial instead of a block: `take` gets what it gave, nothing is
	 * stored or entered. [paths] bit/s of each; 0: it takes no part. */
	const int64_t *pacing_bps;
	int (*take)(void *arg, size_t path,
		    const struct agent_block_path *result, struct err *err);
	void *arg;
	uint64_t seed;
	size_t cycles;
	struct block_timing timing; /* but for its patience */
};

/*
 * Sets the paths, runs the block, stores it, enters it in the ledger. A path
 * that fails gets a new agent and a second try; then its cell is FAILED and
 * the block goes on without it. 0 also if every cell of the point has failed;
 * negative only for what ends the study (store, M2's node lost).
 */
int measure_block(struct run *run, const struct measure_args *args,
		  struct err *err);

/* rounds.c: cycles, guard and slice that are right for the point; what is in
 * *args stays where nothing was calibrated. */
void run_time_slices(const struct run *run, int point,
		     struct measure_args *args);
/* A path's result as a row; m->slices and m->latency are new references. */
void measure_fill(size_t path, const struct agent_block_path *result,
		  struct store_measurement *m);

/* replace.c: what fails */

/* Marks a cell FAILED in ledger and store; the reference's takes the point's
 * others with it. */
int replace_fail_cell(struct run *run, size_t point, size_t path,
		      const char *cause, struct err *err);

/* No node for the path any more, for the rest of this run. -ENOTCONN for the
 * reference: without it the study ends, resumable. */
int replace_lose_path(struct run *run, size_t path, const char *cause,
		      struct err *err);

/* An agent for the path, and for those whose machine was booted anew by that.
 * What does not come to life twice is lost; negative as replace_lose_path(). */
/* pair -1: of all its pairs. */
int replace_start(struct run *run, size_t path, int pair, struct err *err);

/* After a failed try: a new agent, the second time in a row FAILED, too. */
int replace_m1(struct run *run, size_t point, size_t path, int pair,
	       const struct err *cause, struct err *err);
int replace_m2(struct run *run, size_t point, const struct err *cause,
	       struct err *err);
void replace_forgive(struct run *run, size_t point, size_t path);

/* study.c: told to the watcher */
void run_tell(struct run *run, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void run_show_progress(struct run *run);

/* True when SIGINT came or the budget is spent. */
bool run_is_over(const struct run *run, enum study_end *end);

/* rounds.c and rule_2007.c: the two rules */
int run_profile(struct run *run, enum study_end *end, struct err *err);
int run_rounds(struct run *run, enum study_end *end, struct err *err);
int run_calibration(struct run *run, enum study_end *end, struct err *err);
int run_rule_2007(struct run *run, enum study_end *end, struct err *err);
int run_search(struct run *run, enum study_end *end, struct err *err);

/* exact.c: instead of lab, team and rule, where time is exact */
int run_exact(struct run *run, enum study_end *end, struct err *err);

#endif
