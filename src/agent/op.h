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

#include "agent/eye.h"
#include "base/err.h"
#include "workload/block.h"

struct restore;

/* What an agent keeps between one request and the next. */
struct agent_state {
	int read_fd, write_fd; /* its stream, for events */
	int64_t request_id;    /* of the request that is served */
	unsigned int rights;   /* of enum agent_right, server.h */
	bool keep_addresses;   /* compared, never set */
	bool loopback_only;    /* data connections, too */
	bool from_network;     /* who asks: IP addresses only */
	uint32_t frame_max;
	struct restore *restore; /* NULL: nothing is put back */
	struct block_conductor *conductor[BLOCK_MAX_MEMBERS];
	size_t conductors;
	struct eye eye; /* what it observes with */
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

/*
 * op_watch.c: with args' "tick_ns", the ticks that tells the coordinator each
 * tick as an event, and that has enough when he says anything, or has gone.
 */
int op_ticks_init(struct agent_state *state, const json_t *args,
		  struct block_ticks *ticks, struct err *err);

/* op_watch.c: may this be observed for this coordinator? */
int op_check_observe(const struct agent_state *state, const json_t *wanted,
		     struct err *err);

/* op_watch.c: args' "token" into bytes; *given is false without. */
int op_get_token(const json_t *args, uint8_t token[BLOCK_TOKEN_BYTES],
		 bool *given, struct err *err);

#endif
