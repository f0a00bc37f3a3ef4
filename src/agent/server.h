/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server.h - the agent itself: serves one stream until it ends.
 * Called by cmd/agent.c, by vazao-agent (PID 1 of a guest) and by listen.c.
 */
#ifndef VAZAO_AGENT_SERVER_H
#define VAZAO_AGENT_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* What a coordinator may ask for beside measuring and reading. */
enum agent_right {
	AGENT_MAY_CONFIGURE = 1, /* interfaces and sysctls */
	AGENT_MAY_EXEC = 2,	 /* any command */
};

struct restore;

struct agent_serve_args {
	int read_fd, write_fd;
	unsigned int rights; /* of enum agent_right */
	/* Addresses are the machine's own: they are compared, never set. */
	bool keep_addresses;
	bool loopback_only; /* no listener on another address */
	bool from_network;  /* who asks: he reaches IP only, no UNIX socket */
	uint32_t frame_max; /* 0: FRAME_MAX */
	/* What is changed is noted there first (restore.h); NULL: nowhere. */
	struct restore *restore;
};

int agent_serve_as(const struct agent_serve_args *args, struct err *err);

/* Everything is allowed: for a node that the coordinator made. Sends the hello,
 * then serves requests; 0 when the stream ends. */
int agent_serve(int read_fd, int write_fd, struct err *err);

#endif
