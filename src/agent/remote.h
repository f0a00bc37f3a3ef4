/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * remote.h - streams to agents that no lab made: over TCP to a listening one,
 * over ssh, in this machine, in a network namespace of it.
 *
 * Each opens a stream that agent_attach() takes, carried by one child process
 * (relay.h; for a local agent the agent itself), which dies with this one.
 * Called by cmd/probe.c and by tests.
 */
#ifndef VAZAO_AGENT_REMOTE_H
#define VAZAO_AGENT_REMOTE_H

#include <stdint.h>
#include <sys/types.h>

#include "agent/key.h"
#include "base/err.h"
#include "workload/address.h"

struct remote {
	int fd;	   /* the stream; agent_detach() closes it */
	pid_t pid; /* the child; remote_end() */
	/* Its address as we reached it, in numbers; "" where it is not known:
	 * over ssh, and here. */
	char address[ADDRESS_TEXT_MAX];
};

/*
 * HOST[:PORT] of `vazao agent --listen`; every address of the name is tried.
 * key NULL: an agent without one, on this machine.
 */
int remote_connect(struct remote *remote, const char *host_port,
		   const struct key *key, int64_t timeout_ns, struct err *err);

/* The same, by ssh.h. What keeps ssh from it is told at agent_attach(). */
int remote_ssh(struct remote *remote, const char *host, const char *agent_path,
	       struct err *err);

/* Here; netns_fd >= 0: in that network namespace. */
int remote_here(struct remote *remote, int netns_fd, struct err *err);

/* After agent_detach(): waits for the child, which then ends by itself (ssh
 * lets the far end finish), at most for 3 s. All zero is fine. */
void remote_end(struct remote *remote);

#endif
