/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * route.h - which way a node goes to an address. Called by op_node.c; the op
 * route_get is here.
 */
#ifndef VAZAO_AGENT_ROUTE_H
#define VAZAO_AGENT_ROUTE_H

#include <net/if.h>
#include <netinet/in.h>

#include "agent/op.h"

/* The own address that the kernel would send from, and its interface; IPv4 or
 * IPv6 in text. Nothing is sent. -EINVAL where `address` is none. */
int route_find(const char *address, char ifname[static IFNAMSIZ],
	       char own[static INET6_ADDRSTRLEN], struct err *err);

int op_route_get(struct agent_state *state, const json_t *args, json_t **reply,
		 struct err *err);

#endif
