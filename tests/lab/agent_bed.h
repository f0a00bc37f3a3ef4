/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent_bed.h - a lab of any paths with an agent in every node, and blocks on
 * one path at a time. Called by tests inside a cage (lab_bed.h).
 */
#ifndef VAZAO_TESTS_AGENT_BED_H
#define VAZAO_TESTS_AGENT_BED_H

#include "agent/agent.h"
#include "agent/block.h"
#include "base/axis.h"
#include "lab/lab.h"

#define AGENT_BED_PATHS 16

/* One path of the lab; options are JSON, or NULL. */
struct agent_bed_path {
	const char *name, *kind, *options;
};

struct agent_bed {
	struct lab *lab;
	size_t paths;
	const struct agent_bed_path *path;
	struct err why[AGENT_BED_PATHS]; /* code 0: the path is there */
	struct agent *m2, *m1[AGENT_BED_PATHS];
};

/* Aborts where not even the reference can be had. */
void agent_bed_create(struct agent_bed *bed, const struct agent_bed_path *path,
		      size_t paths, int64_t link_bps);
void agent_bed_destroy(struct agent_bed *bed);

/* A new agent for one path's end, or (path -1) for M2. */
void agent_bed_start(struct agent_bed *bed, int path);

/* MTU and offload of both ends and all hops; the test fails where one did not
 * take. */
void agent_bed_set(struct agent_bed *bed, size_t path, int mtu, int offload);

/* A block of `slices` slices of 10 ms on one path, MTU and offload as they
 * are; 0 and *result, or -errno. */
int agent_bed_try(struct agent_bed *bed, size_t path, const struct point *point,
		  size_t slices, struct agent_block_path *result,
		  struct err *err);

/* The same, in 10^6 bit/s; the test fails where it does. */
double agent_bed_run(struct agent_bed *bed, size_t path,
		     const struct point *point);

#endif
