/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rx_mode.h - netback's inside: the state of receiving, and the ways from a
 * frame read off the TAP into the guest's pages (netif_mode.h).
 *
 * Not for other rooms.
 */
#ifndef VAZAO_XEN_RX_MODE_H
#define VAZAO_XEN_RX_MODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "xen/memory.h"
#include "xen/netif.h"
#include "xen/netif_mode.h"

struct vif_queue;

#define VIF_FRAME_PAGES 17		      /* 64 KiB and its headers */
#define VIF_RX_SLOTS	(VIF_FRAME_PAGES + 1) /* and a GSO extra */
#define VIF_FRAME_BYTES (VIF_FRAME_PAGES * XEN_PAGE_SIZE)
#define VIF_ARENA_BYTES (4 * VIF_FRAME_BYTES)
#define VIF_COPIES	32 /* frames a process_vm call */

/* An RX request taken off the ring and not answered yet. */
struct rx_slot {
	struct netif_rx_request request;
	uint8_t *page; /* direct: pinned and mapped */
};

/* A page of the back's own, for flips. */
struct rx_page {
	uint32_t frame;
	uint8_t *base;
};

struct rx_copy {
	uint32_t gref;
	uint32_t bytes;
	const uint8_t *from;
	int response; /* index into rx_state.response */
};

struct rx_state {
	struct rx_slot slot[VIF_RX_SLOTS];
	int slots;
	/* answers, put when the copies they stand for are done */
	union {
		struct netif_rx_response rsp;
		struct netif_extra extra;
	} response[VIF_RX_SLOTS * VIF_COPIES];
	int responses;
	struct rx_copy copy[VIF_FRAME_PAGES * VIF_COPIES];
	int copies, frames;
	uint8_t *arena; /* frames on their way, VIF_ARENA_BYTES */
	size_t arena_used;
	struct rx_page *page; /* flips: as many as the ring has slots */
	uint32_t pages, page_at;
	struct memory window;	/* flip-map: where they are seen */
	bool stalled;		/* until the guest's event, or a timer */
	int64_t short_since_ns; /* of room; 0: it is not */
	bool carrier_off;
};

struct rx_mode {
	/* 0 or the number of iovecs where the next frame goes */
	int (*aim)(struct vif_queue *queue, struct iovec *iov);
	/* `bytes` of page `at` of that frame into the slot; the answer's
	 * status may be changed until flush() */
	int (*land)(struct vif_queue *queue, struct rx_slot *slot, int at,
		    uint32_t bytes);
	/* makes the copies that are due */
	void (*flush)(struct vif_queue *queue);
};

extern const struct rx_mode *const rx_modes[NETIF_MODES];
extern const struct rx_mode rx_mode_direct;

#endif
