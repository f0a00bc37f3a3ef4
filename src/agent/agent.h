/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent.h - an agent in a node, seen from the coordinator.
 *
 * The agent is `vazao agent --stdio` (or vazao-agent, the same code linked
 * static, PID 1 of a guest): it reads requests from one byte stream and
 * answers on another, see protocol.h. The coordinator attaches to the two
 * descriptors that the lab gave it: a pipe, a socket, a serial line.
 *
 * An agent serves one request at a time and answers every one. Calls carry a
 * deadline: no answer by then, or a closed stream, is -ETIMEDOUT or -EPIPE
 * with the node's name, after which the agent is of no more use
 * (agent_is_lost()): detach it, have the lab start another. A refusal is an
 * error, too, but the agent lives on.
 */
#ifndef VAZAO_AGENT_AGENT_H
#define VAZAO_AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/axis.h"
#include "base/err.h"

struct agent;

struct agent_hello { /* what the agent said of itself */
	char version[32];
	char kernel[128]; /* uname -sr */
	int cpus;
};

/* Takes over both descriptors (they may be one); waits for the hello. */
int agent_attach(struct agent **agent, const char *node, int read_fd,
		 int write_fd, int64_t timeout_ns, struct err *err);
void agent_detach(struct agent *agent); /* closes; NULL is fine */

const char *agent_node(const struct agent *agent);
const struct agent_hello *agent_get_hello(const struct agent *agent);

/* True once a call met silence, the stream's end or nonsense. */
bool agent_is_lost(const struct agent *agent);

/*
 * The general call: `args` is stolen (may be NULL), *reply is a new reference
 * (reply may be NULL). A refusal by the agent comes back as its own -errno
 * and text, behind the node's name.
 */
int agent_call(struct agent *agent, const char *op, json_t *args,
	       int64_t timeout_ns, json_t **reply, struct err *err);

/* The two halves, for calls to several agents at once: post to each, then
 * wait for each. At most one posted call an agent. */
int agent_post(struct agent *agent, const char *op, json_t *args,
	       struct err *err);
int agent_wait(struct agent *agent, int64_t timeout_ns, json_t **reply,
	       struct err *err);

/* 32 random hex digits, for a block's token. */
int agent_make_token(char token[static 33], struct err *err);

int agent_ping(struct agent *agent, struct err *err);

/* An interface inside the node. mtu 0, offload -1, address NULL: leave as is.
 * *state (may be NULL): {"ifname","mtu","up","features":{...}} read back. */
struct agent_netdev {
	const char *ifname;
	int mtu;
	int offload; /* OFFLOAD_OFF, OFFLOAD_ON or -1 */
	const char *address;
};
int agent_set_netdev(struct agent *agent, const struct agent_netdev *netdev,
		     json_t **state, struct err *err);

/* /proc/sys below net/: {"net.ipv4.tcp_sack": "1", ...}. What the node lacks
 * is left out of the answer; what it refuses comes back as it is. `wanted` and
 * `names` stay the caller's; *now (may be NULL) is a new reference. */
int agent_set_sysctl(struct agent *agent, json_t *wanted, json_t **now,
		     struct err *err);
int agent_get_sysctl(struct agent *agent, json_t *names, json_t **now,
		     struct err *err);

/*
 * Runs a command in the node, for at most a minute; its standard output and
 * error, as far as 1 MiB, come back in *output (malloc'ed, NUL-ended). *status
 * as of wait(2); 127 where there is no such program, as with a shell.
 */
int agent_exec(struct agent *agent, char *const argv[], char **output,
	       int *status, struct err *err);

#include "agent/block.h"

#endif
