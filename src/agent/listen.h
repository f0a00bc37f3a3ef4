/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * listen.h - `vazao agent --listen`: an agent for coordinators who come over
 * a network.
 *
 * Each connection gets two processes of its own, a relay (relay.h) and an
 * agent (server.h), so that nobody waits for another, and a client's death
 * takes its own two along and nothing else. With a key, TLS stands before
 * everything (tls.h): who has not proved the key within LISTEN_PROOF_NS is
 * dropped, and if LISTEN_UNPROVED others want to, the oldest of them is
 * dropped for each newcomer, so that no stranger can fill the door. Without a
 * key only loopback is listened on.
 *
 * What a client may do: measure, and read the machine's settings. No command,
 * no change.
 *
 * Called by cmd/agent.c and by tests.
 */
#ifndef VAZAO_AGENT_LISTEN_H
#define VAZAO_AGENT_LISTEN_H

#include <stdint.h>

#include "agent/key.h"
#include "base/err.h"

#define LISTEN_PORT	 "7780" /* where none is given */
#define LISTEN_PROOF_NS	 (INT64_C(5) * 1000 * 1000 * 1000)
#define LISTEN_UNPROVED	 16
#define LISTEN_CLIENTS	 64	       /* at once */
#define LISTEN_FRAME_MAX (1024 * 1024) /* of a request */
/* A client of whom nothing is heard, not even a heartbeat, has gone. */
#define LISTEN_PATIENCE_NS (INT64_C(15) * 1000 * 1000 * 1000)

struct listener;

/*
 * "127.0.0.1:7780", "[::1]:7780", "localhost", ":7780" (every address).
 * key NULL: -EPERM where the address is not loopback. It is kept, the
 * caller's memory.
 */
int listener_open(struct listener **listener, const char *address,
		  const struct key *key, struct err *err);
void listener_close(struct listener *listener); /* NULL is fine */

/* Where it listens: "127.0.0.1:7780", "[::]:7780". */
const char *listener_address(const struct listener *listener);

/* Serves until stop_fd is readable (0). Every client is then cut off. */
int listener_run(struct listener *listener, int stop_fd, struct err *err);

#endif
