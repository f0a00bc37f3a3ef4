/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * admit.h - who may join a block: connections that show its token.
 * This header is the wire specification.
 *
 * A listener of a block can be reached by anybody who reaches the machine.
 * Where the coordinator gave both ends a token (16 random bytes, over their
 * control streams), it stands at the head of every connection to the baton
 * and to the data listener, sent by the follower, before anything else:
 *
 *   offset  bytes
 *        0     16  the token, as it is
 *
 * A HELLO of datagrams (datagram.h) has it behind its eight bytes; with the
 * workloads that connect for themselves (crr) it stands before the request of
 * every connection.
 *
 * A connection that shows another one, ends before it has shown all of it, or
 * is one of too many that show nothing, is dropped and counted: a stranger
 * costs a block nothing but the accept(). The comparison takes the same time
 * wherever the tokens differ.
 *
 * Called by this room alone.
 */
#ifndef VAZAO_WORKLOAD_ADMIT_H
#define VAZAO_WORKLOAD_ADMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "workload/block.h"

/* Connections that may be about to show their token. The oldest goes first
 * where there are more: a stranger's place is no one's to keep. */
#define ADMIT_CANDIDATES 32

struct admission {
	int listen_fd;
	const uint8_t *token; /* NULL: every connection is welcome */
	struct {
		int fd;
		size_t have;
		uint8_t shown[BLOCK_TOKEN_BYTES];
	} candidate[ADMIT_CANDIDATES];
	size_t candidates;
	int64_t strangers; /* dropped so far */
};

/* The listener and the token stay the caller's. */
void admit_open(struct admission *admission, int listen_fd,
		const uint8_t *token);

/* Drops those who have not shown their token; they are no strangers. */
void admit_close(struct admission *admission);

/* The next connection, blocking; or -errno, -ETIMEDOUT past the deadline. */
int admit_next(struct admission *admission, int64_t deadline_mono_ns,
	       struct err *err);

/* Two tokens, in constant time. */
bool admit_compare(const uint8_t *a, const uint8_t *b);

/* What the follower does on a connection it has just made; NULL is fine. */
int admit_show(int fd, const uint8_t *token, struct err *err);

#endif
