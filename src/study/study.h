/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * study.h - carries a plan out: lab, agents, rounds of blocks, store.
 *
 * Runs inside a cage (lab/cage.h). Called by cmd/study.c, which prints what
 * the watcher is told. A failed cell never ends the study; a full disk does.
 * The result is the rows in study.db: nothing is returned but how it ended.
 */
#ifndef VAZAO_STUDY_STUDY_H
#define VAZAO_STUDY_STUDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/plan.h"

enum study_end {
	STUDY_COMPLETE,	     /* every cell REACHED, CAPPED or FAILED */
	STUDY_OUT_OF_BUDGET, /* some cells NOT_REACHED */
	STUDY_INTERRUPTED,   /* asked to stop; resumable */
};

enum study_phase {
	STUDY_BUILDING, /* nodes and links */
	STUDY_SETTLING, /* agents, sysctls, first checks */
	STUDY_MEASURING,
	STUDY_CLOSING
};

/* One path's state, for a progress line. */
struct study_path_progress {
	const char *name;
	size_t cells, reached, failed;
	double median_half_width; /* over its points; 0 until known */
	double worst_half_width;
};

struct study_progress {
	enum study_phase phase;
	size_t cells, reached, failed; /* reference cells count too */
	size_t blocks;		       /* done so far, resumed ones too */
	int round;
	int64_t elapsed_ns, budget_ns; /* of this run; budget 0: none */
	int64_t eta_ns;		       /* -1: not known yet */
	/* "mtu 500 socket 16K message 4K", settling "dom0 (xen)", or "" */
	const char *now;
	const struct study_path_progress *path;
	size_t paths;
};

/* Both run in the study's thread, between blocks; they must not block. */
struct study_watcher {
	void (*progress)(void *arg, const struct study_progress *progress);
	void (*event)(void *arg, const char *text); /* one line */
	void *arg;
};

struct study_args {
	const struct plan *plan;
	const char *dir; /* exists, with study.db if resume */
	bool resume, profile;
	uint64_t seed;
	const char *version;	 /* of vazao; stored */
	const char *agent_path;	 /* static agent for guests */
	const char *self_path;	 /* vazao itself */
	int host_netns_fd;	 /* lab.h; -1 */
	int nic_keeper_fd;	 /* lab.h; -1 */
	const char *calibration; /* what is known of slices here; stored */
	const char *timings;	 /* timing.h; NULL: the plan's own. Stored; a
				  * resumed study goes on with its own */
	struct study_watcher watcher;
};

int study_run(const struct study_args *args, enum study_end *end,
	      struct err *err);

#endif
