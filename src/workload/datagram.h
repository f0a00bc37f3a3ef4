/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * datagram.h - flows of datagrams: how one comes about, and what a datagram
 * of udp_stream carries. This header is the wire specification.
 *
 * A flow is a pair of connected UDP sockets. The follower connects to the
 * data port and says HELLO, again every HELLO_AGAIN_NS, until it hears WELCOME
 * from it. The conductor makes a socket of its own for each HELLO's sender, on
 * the same port and connected to him: what he sends from then on comes there.
 * HELLO and WELCOME are DATAGRAM_HELLO_BYTES = 24 bytes: "VZU1", "helo" or
 * "welc", and the block's token (admit.h), or zeros. WELCOME is said thrice, for it may be lost; what comes of either
 * later is passed over.
 *
 * A datagram of udp_stream has message_size bytes and begins with, big-endian,
 *
 *   offset  bytes  field
 *        0      4  magic  0x565a5531, "VZU1"
 *        4      4  turn   in which it was sent: one that is late counts for
 *                         none, and was lost to its own
 *        8      2  late   us that its sender was kept waiting before it, by
 *                         a timer or for a processor; paced flows, else 0
 *       10      6  number 1, 2, ... of the flow, over all turns
 *       16      8  sent   the sender's CLOCK_MONOTONIC, ns
 *
 * Called by this room alone.
 */
#ifndef VAZAO_WORKLOAD_DATAGRAM_H
#define VAZAO_WORKLOAD_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/axis.h"
#include "base/err.h"
#include "workload/sock.h"

#define DATAGRAM_MAGIC	     0x565a5531u
#define DATAGRAM_HELLO_BYTES (8 + BLOCK_TOKEN_BYTES)
#define DATAGRAM_BYTES	     24 /* of the header: the smallest message */

struct datagram {
	uint32_t turn;
	uint16_t late_us; /* 65535: or more */
	uint64_t number;
	int64_t sent_ns;
};

void datagram_encode(const struct datagram *datagram,
		     char bytes[static DATAGRAM_BYTES]);
/* -EPROTO where it is none. */
int datagram_decode(const char *bytes, size_t size, struct datagram *datagram);

/* Between two of a flow that is paced; 0: it is not. */
int64_t datagram_gap_ns(const struct point *point);

struct flow;

/* A flow's socket at either end: fd, or -errno. `at` is the listener's; who
 * is at the other end of one of `flow`, [flows], has been welcomed before. */
struct datagram_knock {
	const struct address *at;
	const struct sock_args *args;
	const uint8_t *token; /* NULL: none */
};
int datagram_connect(const struct datagram_knock *knock,
		     int64_t deadline_mono_ns, struct err *err);
struct datagram_door {
	int listener_fd;
	const struct sock_args *args;
	const uint8_t *token; /* NULL: none */
	const struct flow *flow;
	size_t flows;
};
int datagram_accept(const struct datagram_door *door, int64_t deadline_mono_ns,
		    struct err *err);

#endif
