/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * op.h - what an agent can be asked: one row an op, one file a family.
 * protocol.h says what each takes and gives. Called by server.c alone.
 */
#ifndef VAZAO_AGENT_OP_H
#define VAZAO_AGENT_OP_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/err.h"
#include "workload/block.h"

/* What an agent keeps between one request and the next. */
struct agent_state {
	struct block_conductor *conductor[BLOCK_MAX_PATHS];
	size_t conductors;
	bool quit;
};

struct op {
	const char *name;
	/*
	 * `args` is an object. 0 and *reply (a new reference; NULL stands for
	 * {}), or -errno with err set; then *reply, if set, holds the fields
	 * that the refusal has beside code and text. May block as long as the
	 * work takes, never without a limit.
	 */
	int (*run)(struct agent_state *state, const json_t *args,
		   json_t **reply, struct err *err);
};

/* Families, each ended by name == NULL. */
extern const struct op node_ops[];  /* op_node.c: netdev, sysctl */
extern const struct op exec_ops[];  /* op_exec.c */
extern const struct op block_ops[]; /* op_block.c */

void op_block_close(struct agent_state *state);

#endif
