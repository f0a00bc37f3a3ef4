/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * baton.h - the connection on which the two ends of a path pass the turn.
 * This header is the wire specification.
 *
 * A TCP connection with TCP_NODELAY beside the data connections, made by the
 * follower. Both directions carry messages of BATON_BYTES = 32 bytes, every
 * field an unsigned big-endian integer:
 *
 *   offset  bytes  field
 *        0      4  magic  0x565a4231, "VZB1": protocol and its version
 *        4      4  kind   enum baton_kind
 *        8      8  a      see below, else 0
 *       16      8  b      see below, else 0
 *       24      4  turn   the GO's number, repeated by all that answers it
 *       28      4  zero
 *
 *   kind         from, when                             a           b
 *   1 GO         conductor: your path's turn           guard_ns    measure_ns
 *   2 STOP       receiver: my window is over           -           -
 *   3 STOPPED    sender: I have stopped                bytes sent  -
 *   4 DRAINED    follower as receiver: all has come    -           -
 *   5 END        conductor: no more turns; the
 *                follower answers with END             -           -
 *   6 ERROR      either: I give up, and close          errno       -
 *
 * Turn 0 is the warm-up: it is not reported. Turns 1, 2, ... are this path's
 * slices. `bytes sent` counts all data connections of the path since they
 * were made; the receiver takes in exactly that many before the turn ends, so
 * that no byte of one turn is in flight in another. A turn:
 *
 *   M1 sends (direction send)         M2 sends (direction receive)
 *   conductor        follower         conductor        follower
 *      GO ------------->                 GO ------------->
 *       <=== data =====                   ==== data ====>
 *      STOP ----------->                  <---------- STOP
 *       <===============                  ===============>
 *       <------- STOPPED                 STOPPED -------->
 *                                         <------- DRAINED
 *
 * No message is longer than a socket buffer, and who waits on the baton reads
 * the data connections meanwhile if he is their receiver: so neither end can
 * block the other.
 *
 * Called by this room alone.
 */
#ifndef VAZAO_WORKLOAD_BATON_H
#define VAZAO_WORKLOAD_BATON_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BATON_MAGIC 0x565a4231u
#define BATON_BYTES 32

enum baton_kind {
	BATON_GO = 1,
	BATON_STOP,
	BATON_STOPPED,
	BATON_DRAINED,
	BATON_END,
	BATON_ERROR
};

struct baton_message {
	enum baton_kind kind;
	uint32_t turn;
	uint64_t a, b;
};

struct baton {
	int fd; /* blocking, TCP_NODELAY; -1: none */
	uint8_t in[BATON_BYTES];
	size_t have; /* bytes of a message that is still to be completed */
};

void baton_encode(const struct baton_message *message,
		  uint8_t bytes[static BATON_BYTES]);
int baton_decode(const uint8_t bytes[static BATON_BYTES],
		 struct baton_message *message, struct err *err);

/* Takes over fd. */
int baton_open(struct baton *baton, int fd, struct err *err);
void baton_close(struct baton *baton);

/* Never blocks: -EAGAIN if the other end takes nothing any more. */
int baton_say(struct baton *baton, const struct baton_message *message,
	      struct err *err);

/*
 * 1 and *message, or 0 where none is complete yet. A closed connection is
 * -ECONNRESET; an ERROR is returned as an error, never as a message.
 */
int baton_look(struct baton *baton, struct baton_message *message,
	       struct err *err);

/* The next message, which must be `kind` of `turn`; -ETIMEDOUT after
 * patience_ns without. */
int baton_expect(struct baton *baton, enum baton_kind kind, uint32_t turn,
		 int64_t patience_ns, struct baton_message *message,
		 struct err *err);

/* As baton_look(), but waits as long as patience_ns. */
int baton_wait(struct baton *baton, int64_t patience_ns,
	       struct baton_message *message, struct err *err);

const char *baton_kind_name(enum baton_kind kind);

#endif
