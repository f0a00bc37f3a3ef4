/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client_block.h - a block under way, for client_block.c, which asks, and
 * client_merge.c, which puts the answers together.
 */
#ifndef VAZAO_AGENT_CLIENT_BLOCK_H
#define VAZAO_AGENT_CLIENT_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "agent/agent.h"

/* What one agent said in the end. */
struct outcome {
	bool posted;
	int rc;
	struct err err;
	json_t *reply, *refusal;
};

struct block_run {
	const struct agent_block_args *args;
	size_t members;
	int unasked; /* the member whose M1 could not even be asked, or -1 */
	int64_t deadline_ns;
	json_t *listened; /* {"port": [[data, baton], ...]} */
	struct outcome m2;
	struct outcome *m1; /* [members] */
};

/* Members of a path; of all. */
size_t block_pairs_of(const struct agent_block_args *args, size_t path);
size_t block_count_members(const struct agent_block_args *args);

/* The last member of its path, where the block has neighbors. */
bool block_is_neighbor(const struct agent_block_args *args, size_t member);

const struct point *block_point_of(const struct agent_block_args *args,
				   size_t member);

/* All have answered well. *failed: whose answer is not to be understood. */
int block_merge(const struct block_run *run, struct agent_block_path *paths,
		int *failed, struct err *err);

#endif
