/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * errand_nodes.h - the ends inside a machine that runs an errand, each with
 * an agent: M2 in a network namespace, the machine's own, and domU's.
 * Called by errand.c alone.
 */
#ifndef VAZAO_AGENT_ERRAND_NODES_H
#define VAZAO_AGENT_ERRAND_NODES_H

#include <stdbool.h>

#include <jansson.h>

#include "agent/agent.h"
#include "base/err.h"

#define ERRAND_IFNAME "eth0" /* of who is no M2 */

struct errand_nodes {
	struct agent *m2, *own, *domU; /* domU: NULL where none is wanted */
	char congestion[16];	       /* what all of them take */
};

/* Starts the agents; domU's is waited for. What was started ends with the
 * machine, also on failure. */
int errand_nodes_start(struct errand_nodes *nodes, const char *own_name,
		       bool wants_domU, struct err *err);

/* The same TCP everywhere: each wanted sysctl as its value says, or as M2
 * has it; and the first congestion control that all have. *settings: what
 * each has then, with its kernel; a new reference. */
int errand_nodes_equalize(struct errand_nodes *nodes, json_t *sysctls,
			  json_t **settings, struct err *err);

/* MTU and offload of all ends, the machine's inner interfaces with them. */
int errand_nodes_set(struct errand_nodes *nodes, int mtu, int offload,
		     struct err *err);

#endif
