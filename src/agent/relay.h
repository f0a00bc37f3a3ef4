/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relay.h - the process between an agent's stream and a network.
 *
 * The agent and its client (server.c, client.c) speak over pipes and know
 * nothing of networks; a relay at each end carries their bytes, and adds what
 * a network needs: encryption (tls.h), a sign of life from the coordinator's
 * side, and an end to connections on which there is none. One process a
 * connection: nobody waits for another.
 *
 *   client -- socket pair -- relay ==== network ==== relay -- pipe -- agent
 *                            adds heartbeats         takes them out
 *
 * Requests run from left to right; the relays know their frames (protocol.h)
 * by length alone. Answers run back as they are.
 *
 * Called by remote.c, ssh.c (the coordinator's side), listen.c and tether.c.
 */
#ifndef VAZAO_AGENT_RELAY_H
#define VAZAO_AGENT_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* How often a coordinator's relay says that it lives, at least. */
#define RELAY_HEARTBEAT_NS (INT64_C(3) * 1000 * 1000 * 1000)

/* A stream that is not the descriptor's own: tls.h has one. */
struct relay_ops {
	/* As read(2) and write(2) of a nonblocking descriptor. A write that
	 * met EAGAIN is repeated with the same bytes. */
	ssize_t (*read)(void *arg, void *buf, size_t size);
	ssize_t (*write)(void *arg, const void *buf, size_t size);
	/* Is something there already that poll(2) does not know of? */
	bool (*pending)(void *arg);
	/* Tells the other end that this is the end; does not block. */
	void (*bye)(void *arg);
};

/* An end of the relay: two descriptors, which may be one; nonblocking where
 * the relay has to write much. */
struct relay_end {
	int read_fd, write_fd;
	const struct relay_ops *ops; /* NULL: read(2) and write(2) */
	void *arg;
};

struct relay_args {
	struct relay_end client, agent; /* where requests come from, go to */
	int64_t heartbeat_ns; /* add one where nothing was said so long; 0 */
	bool strip;	      /* take heartbeats out */
	int64_t patience_ns;  /* longest silence of the client's end; 0: any */
	int stop_fd;	      /* readable: come to an end; -1 */
};

/*
 * Until one end has closed (0), the client's was silent too long (-ETIMEDOUT)
 * or stop_fd was readable (-EINTR). What was under way to the client when the
 * agent ended is delivered.
 */
int relay_run(const struct relay_args *args, struct err *err);

/*
 * In a child that fork(2) has just made: only these descriptors stay open
 * beside 0, 1, 2 (-1 in the list is passed over), signals are as in a new
 * process, and it dies with its parent, which must still be `parent`.
 */
void relay_be_child(int parent, const int *keep_fd, int keep_fds);

#endif
