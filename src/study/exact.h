/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exact.h - a study in exact time: what the three files of it share.
 *
 *   exact.c        the rule: which machine boots when, and what becomes of it
 *   exact_job.c    one boot of one machine: its errand, what it tells
 *   exact_block.c  what was told, and blocks made of it
 *
 * A machine holds the paths that live in it (dom0 and domU in one; each native
 * in its own). Replicate r is one boot of each machine, perturbed by the seed
 * of r, and measures every point once. So a block, a point in replicate r,
 * is put together of what several machines told; their runs are independent,
 * and what one boot does to all its points is in the spread over replicates.
 * docs/xen-exact.md says why.
 *
 * Not for other rooms.
 */
#ifndef VAZAO_STUDY_EXACT_H
#define VAZAO_STUDY_EXACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "lab/exact.h"
#include "study/run.h"

/* One machine, whatever the replicate. */
struct exact_host {
	char name[32]; /* its first path's */
	enum exact_kind kind;
	size_t path[BLOCK_MAX_PATHS], paths; /* into the plan's */
	int memory_mib, dom0_memory_mib;
};

enum exact_state { EXACT_TO_DO, EXACT_RUNS, EXACT_DONE, EXACT_LOST };

/* One boot of it. */
struct exact_job {
	const struct exact_host *host;
	int round;
	uint64_t seed;
	enum exact_state state;
	int tries, quiet_ticks;
	size_t blocks_told;
	int *order; /* [points], its errand's; NULL before it ran */
	struct exact *machine;
};

struct exact_study {
	struct run *run;
	struct exact_host host[BLOCK_MAX_PATHS];
	size_t hosts;
	struct exact_job *job; /* [rounds * hosts], in the order of booting */
	size_t jobs;
	int rounds;
	/* What was told, [job * points + point]: JSON; NULL: nothing yet. */
	char **told;
	bool *stored; /* [round * points + point] the block is */
	json_t *sysctls;
	int64_t last_block_ns;
	struct err last; /* why something was lost */
};

/* exact_job.c */

/* Boots it with its errand. */
int exact_job_start(struct exact_study *s, struct exact_job *job,
		    struct err *err);
void exact_job_stop(struct exact_job *job);

/*
 * Takes what it has told since. 1: it is done; 0: it goes on. -EPIPE: the
 * machine has failed, and why; other errors end the study.
 */
int exact_job_look(struct exact_study *s, struct exact_job *job,
		   struct err *err);

/* exact_block.c */

/* Host and start delay of each point follow from the replicate's seed. */
int64_t exact_delay_ns(const struct exact_job *job, int point);
uint64_t exact_replicate_seed(const struct run *run, int round);

/*
 * One point as a machine told it: kept, and once all machines have, or will
 * never, a block. A point told before, by an earlier boot of the replicate,
 * must be told the same: -EINVAL.
 */
int exact_take(struct exact_study *s, const struct exact_job *job, int point,
	       const json_t *result, struct err *err);

/* What an earlier run was told. */
int exact_load(struct exact_study *s, struct err *err);

/* A job was lost: blocks that waited for it are made without its paths. */
int exact_forgo(struct exact_study *s, const struct exact_job *job,
		struct err *err);

#endif
