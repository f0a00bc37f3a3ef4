/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sock.h - sockets as a point wants them, with deadlines.
 *
 * Buffers and all other options are set before connect() or listen(), as
 * netperf's -s and -S do: the window scale is agreed in the handshake, and
 * what accept() returns inherits them from the listener. All sockets are
 * close-on-exec and blocking. Called by this room alone.
 */
#ifndef VAZAO_WORKLOAD_SOCK_H
#define VAZAO_WORKLOAD_SOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/axis.h"
#include "base/err.h"
#include "workload/address.h"
#include "workload/block.h"

struct sock_args {
	const struct point *point; /* its axes; NULL: a plain TCP socket */
	bool sends;		   /* the end that sends, or asks */
	const char *congestion;	   /* where the point says auto; NULL: the
				    * node's default */
};

/* What the point asks for at that end; 0: the kernel sizes the socket. */
int64_t sock_buffer_bytes(const struct point *point, bool sends);

/* A socket for the family of `address`, unbound; fd or -errno. */
int sock_open(const struct address *address, const struct sock_args *args,
	      struct err *err);

/* Before bind(), of the datagram sockets that have a port in common, and of no
 * other: where all sockets have it, connect() may choose a port twice. */
void sock_share_port(int fd);

/* Chooses a port, and sets it in *address. Returns fd or -errno. */
int sock_listen(struct address *address, int backlog,
		const struct sock_args *args, struct err *err);

/* Returns a connected socket or -errno; -ETIMEDOUT past the deadline. */
int sock_connect(const struct address *address, const struct sock_args *args,
		 int64_t deadline_mono_ns, struct err *err);

/* The same in fewer system calls: as sock_set_patience() from then on. */
int sock_connect_within(const struct address *address,
			const struct sock_args *args, int64_t patience_ns,
			struct err *err);

int sock_accept(int listen_fd, int64_t deadline_mono_ns, struct err *err);

/* Until the socket is ready for `events`: 0, or -ETIMEDOUT. */
int sock_wait(int fd, short events, int64_t deadline_mono_ns);

/* A send() or recv() that moves nothing for so long returns -EAGAIN. */
int sock_set_patience(int fd, int64_t patience_ns, struct err *err);

/* close() resets the connection: for ends that know that all has arrived.
 * No TIME_WAIT is left, of which a study would make thousands a minute. */
void sock_close_at_once(int fd);

/* What the kernel made of it, as of now; what is TCP's stays 0 and "" with
 * other sockets. */
int sock_read(int fd, struct block_socket *out, struct err *err);

#endif
