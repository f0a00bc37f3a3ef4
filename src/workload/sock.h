/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sock.h - TCP sockets as a point wants them, with deadlines.
 *
 * Buffers and congestion control are set before connect() or listen(), as
 * netperf's -s and -S do: the window scale is agreed in the handshake, and
 * what accept() returns inherits both from the listener. All sockets are
 * close-on-exec and blocking. Called by this room alone.
 */
#ifndef VAZAO_WORKLOAD_SOCK_H
#define VAZAO_WORKLOAD_SOCK_H

#include <netinet/in.h>
#include <stdint.h>

#include "base/err.h"
#include "workload/block.h"

struct sock_args {
	int64_t size_bytes;	/* SO_SNDBUF and SO_RCVBUF; 0: leave them */
	const char *congestion; /* NULL: the node's default */
};

/* A socket; *port is chosen by the kernel. Returns fd or -errno. */
int sock_listen(struct in_addr address, int backlog,
		const struct sock_args *args, uint16_t *port, struct err *err);

/* Returns a connected socket or -errno; -ETIMEDOUT past the deadline. */
int sock_connect(struct in_addr address, uint16_t port,
		 const struct sock_args *args, int64_t deadline_mono_ns,
		 struct err *err);
int sock_accept(int listen_fd, int64_t deadline_mono_ns, struct err *err);

/* A send() or recv() that moves nothing for so long returns -EAGAIN. */
int sock_set_patience(int fd, int64_t patience_ns, struct err *err);

/* close() resets the connection: for ends that know that all has arrived.
 * No TIME_WAIT is left, of which a study would make thousands a minute. */
void sock_close_at_once(int fd);

/* What the kernel made of it, as of now. */
int sock_read(int fd, struct block_socket *out, struct err *err);

#endif
