/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rig.h - what the programs under bench/ measure on: a lab with one native
 * path, an agent at each end, and a processor for each if asked.
 *
 * Everything lives in a cage (lab/cage.h) and dies with the program.
 */
#ifndef VAZAO_BENCH_RIG_H
#define VAZAO_BENCH_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/agent.h"
#include "lab/lab.h"

struct rig {
	struct lab *lab;
	struct agent *m1, *m2;
	pid_t m1_pid, m2_pid;
	const char *m2_address;
};

typedef int rig_main(struct rig *rig, void *arg, struct err *err);

/*
 * Builds the rig around `main`; `vazao` is the program's file, whose agent is
 * used; link_bps is the cable's rate (0: unlimited). Returns an exit status;
 * says on standard error what went wrong.
 */
int rig_run(const char *vazao, int64_t link_bps, rig_main *main, void *arg);

/* MTU and offload of both ends; read back by those who set them. */
int rig_set(struct rig *rig, int mtu, int offload, struct err *err);

/*
 * M1's and M2's agents, and all that they start, on the first and the second
 * processor; or wherever the kernel likes. Before other load of the machine,
 * where the kernel has autogroups and lets us: nice(2) counts only within the
 * agent's own session.
 */
int rig_place(struct rig *rig, bool apart, struct err *err);

/* Processor time of both agents and the programs they ran and reaped, with
 * what the kernel did in their name; in steps of 10 ms. */
int rig_read_cpu(struct rig *rig, int64_t *ns, struct err *err);

/* One block on the path. *path is to be freed. */
struct rig_block {
	struct point point;
	struct block_timing timing;
	size_t slices;
	const char *congestion;
	const json_t *m1_observe, *m2_observe; /* or NULL */
};
int rig_run_block(struct rig *rig, const struct rig_block *block,
		  struct agent_block_path *path, struct err *err);

#endif
