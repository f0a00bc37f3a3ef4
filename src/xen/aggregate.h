/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aggregate.h - in-order TCP segments of one flow become one large frame, as
 * Linux's GRO does: one set of headers and all payloads, to be cut again into
 * the same segments (virtio: GSO) by whoever sends it on.
 *
 * One frame is under way at a time. A segment joins it only if cutting the
 * large frame would give it back: same addresses, ports, ACK, window, options
 * (timestamps too), TOS, TTL and DF; the next sequence number and IP id; as
 * much payload as the first. A shorter one, or one with PSH, is the last.
 * Anything else (SYN, FIN, RST, URG, ECN's flags, fragments, IP options,
 * padding, no payload) goes alone, after what is under way.
 *
 * The checksum of a large frame is left to do; so only segments whose own is
 * right may join: blank, validated, or checked here by aggregate_checks_out().
 *
 * Pure. Headers are read from private copies only. Called by netfront and
 * netback by way of tap_write.h.
 */
#ifndef VAZAO_XEN_AGGREGATE_H
#define VAZAO_XEN_AGGREGATE_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "xen/offload.h"

#define AGGREGATE_FRAMES 64 /* most segments of a large frame */

/* Where things are in a frame that may join another. */
struct segment {
	bool ipv6;
	uint16_t network, transport, payload; /* offsets */
	uint16_t bytes;			      /* of payload */
};

struct aggregate {
	uint8_t header[OFFLOAD_HEADER_BYTES]; /* the first segment's */
	struct segment first;
	uint32_t next_seq;
	uint16_t next_id;
	uint32_t bytes; /* of the large frame so far */
	int segments;	/* 0: none is under way */
	bool last;	/* nothing may follow */
};

/* `header`: the frame's first bytes. False: such a frame goes alone. */
bool aggregate_find(const uint8_t *header, size_t header_bytes,
		    uint32_t frame_bytes, struct segment *segment);

/* Does the TCP checksum hold? The payload is what lies in iov. */
bool aggregate_checks_out(const struct iovec *iov, int count,
			  const uint8_t *header, const struct segment *segment);

/* Begins a large frame. */
void aggregate_begin(struct aggregate *aggregate, const uint8_t *header,
		     const struct segment *segment);

/* True: the segment has joined. */
bool aggregate_join(struct aggregate *aggregate, const uint8_t *header,
		    const struct segment *segment);

/* The large frame's headers (first.payload bytes) and virtio header; two
 * segments or more. */
void aggregate_end(struct aggregate *aggregate, struct virtio_net_hdr *vnet);

#endif
