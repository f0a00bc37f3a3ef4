/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tap_write.h - frames that lie in shared pages onto a TAP: one by one or,
 * where that is asked for, TCP segments merged (aggregate.h). A frame that is
 * held to be merged waits for tap_writer_flush() at the latest; its pages must
 * stay until it has a result. The order of frames is kept.
 *
 * Called by netback (guest -> vif) and netfront (ring -> eth0).
 */
#ifndef VAZAO_XEN_TAP_WRITE_H
#define VAZAO_XEN_TAP_WRITE_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "xen/aggregate.h"
#include "xen/netif.h"
#include "xen/offload.h"

/* AUTO: as the interface's GRO flag says (ethtool -K ... gro), where large
 * frames are agreed on. */
enum tap_merge { TAP_MERGE_AUTO, TAP_MERGE_ON, TAP_MERGE_OFF };

/* "auto", "on", "off" */
int tap_merge_parse(const char *name, enum tap_merge *merge, struct err *err);

#define TAP_TAG_BYTES 4 /* IEEE 802.1Q */

#define TAP_FRAME_IOVS (1 + NETIF_SLOTS_LEGACY + 1) /* vnet, padding */

/* One frame. Its headers are judged by a private copy; the rest goes as it
 * lies when it goes. */
struct tap_frame {
	struct virtio_net_hdr vnet;
	uint8_t header[OFFLOAD_HEADER_BYTES]; /* right behind vnet */
	size_t header_bytes;
	uint32_t bytes;
	struct offload offload;
	uint16_t vlan; /* tagged so on its way; 0: as it is */
	bool joinable;
	struct segment segment;		  /* where joinable */
	struct iovec iov[TAP_FRAME_IOVS]; /* [0]: vnet, and header */
	int iovs;
	int result; /* 0; -EINPROGRESS; -EPROTO: bad headers; other -errno */
};

struct tap_writer {
	int fd;
	bool merge;
	uint64_t aggregated; /* frames that went as part of a larger one */
	/* under way: */
	struct aggregate aggregate;
	struct tap_frame *member[AGGREGATE_FRAMES];
	int members;
	struct iovec iov[1 + AGGREGATE_FRAMES + TAP_FRAME_IOVS];
	int iovs;
};

/*
 * Lists a frame's pieces (at most NETIF_SLOTS_LEGACY) and copies its headers,
 * with a tag between them where frame->vlan asks for one. frame->offload and
 * frame->vlan are set already. `copy`: the copy is what goes (that of a frame
 * that may join others, or is tagged, goes in any case).
 */
void tap_frame_gather(struct tap_frame *frame, const struct iovec *piece,
		      int pieces, bool copy, bool merge);

/* Did a frame with frame->vlan come with a tag of its own, of whatever kind
 * (802.1Q, 802.1ad, and what was used before that)? */
bool tap_frame_was_tagged(const struct tap_frame *frame);

/*
 * Takes a gathered frame: 0, and frame->result says what became of it, or that
 * it is under way. -EAGAIN: the TAP's queue is full; the frame was not taken,
 * offer it again when the TAP is writable.
 */
int tap_writer_put(struct tap_writer *writer, struct tap_frame *frame);

/* Writes what is under way: 0 or -EAGAIN. */
int tap_writer_flush(struct tap_writer *writer);

#endif
