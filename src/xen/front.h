/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * front.h - netfront's inside.
 *
 *   netfront.c     process: what is ready, whose turn
 *   front_setup.c  memory, grants, negotiation, end
 *   front_tx.c     eth0 -> ring
 *   front_rx.c     ring -> eth0
 *
 * Memory of a queue: for sending, `chunks` of half a page, and `runs` of 16
 * adjacent pages. A frame is read into one chunk and, where it is longer, one
 * run: two pieces whatever its size. Those used last are used first, for the
 * cache's sake. For receiving, a page a slot.
 *
 * Not for other rooms.
 */
#ifndef VAZAO_XEN_FRONT_H
#define VAZAO_XEN_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "xen/counters.h"
#include "xen/evtchn.h"
#include "xen/grant.h"
#include "xen/links.h"
#include "xen/loop.h"
#include "xen/memory.h"
#include "xen/netfront.h"
#include "xen/netif.h"
#include "xen/offload.h"
#include "xen/ring.h"
#include "xen/tap.h"
#include "xen/tap_write.h"
#include "xen/xenbus.h"

#define FRONT_CHUNK_BYTES 2048
#define FRONT_RUN_PAGES	  16
#define FRONT_TX_SLOTS	  (1 + 1 + FRONT_RUN_PAGES) /* chunk, extra, run */
#define FRONT_NONE	  UINT16_MAX

/* What a TX id in flight stands for. */
struct front_tx_slot {
	uint32_t gref; /* to revoke; 0: persistent */
	uint16_t chunk, run;
	bool used;
};

/* Numbers that are free, last in, first out. */
struct front_stack {
	uint16_t *item;
	uint32_t count;
};

#define FRONT_RX_BATCH 64 /* received packets in hand */

/* A packet off the RX ring, on its way to eth0. */
struct rx_item {
	bool bad; /* dropped; its slots are taken all the same */
	int pieces;
	struct iovec piece[NETIF_SLOTS_LEGACY];
	struct tap_frame out;
};

struct front_queue {
	struct netfront *front;
	int index, tap_fd;
	struct loop_source tap_source, event_source[2];
	struct evtchn channel[2]; /* [0] tx (and rx unless split), [1] rx */
	bool split;
	bool tap_ready, rx_ready, tx_stalled;
	int64_t pause_until_ns[2];
	uint32_t slots; /* of either ring */
	struct ring_front tx, rx;
	struct front_stack ids, chunks, runs;
	struct front_tx_slot *tx_slot;
	uint8_t *run_used;	   /* slots in flight of each run */
	uint32_t tx_frame, tx_ref; /* first of this queue's */
	uint32_t *rx_frame;	   /* of each id, counted from rx's first */
	uint8_t **rx_page;	   /* where it is seen */
	uint32_t rx_ref;
	struct rx_item *rx_item; /* FRONT_RX_BATCH */
	int rx_items, rx_at;	 /* `at`: the first not handed over */
	uint32_t rx_first;	 /* their first slot */
	bool rx_waits_tap;
	struct tap_writer writer;
	struct memory window; /* flip-map: pages as posted */
	struct netif_counters counters;
};

struct netfront {
	const struct netfront_args *args;
	struct loop *loop;
	struct xenbus *xenbus;
	struct loop_source xenbus_source, stop_source;
	struct tap tap;
	struct links links;
	bool gso;
	int64_t mtu; /* 0: the back does not tell */
	int queues;
	struct memory control, tx, rx;
	uint32_t grant_pages;
	struct grant_table grants;
	uint8_t *owned; /* flips: 1 a frame of rx that is ours */
	struct front_queue *queue[TAP_MAX_QUEUES];
	const char *fatal;    /* what the back did; NULL: nothing */
	uint64_t lingered_at; /* frames moved when it last did */
	bool stop;
};

/* front_setup.c */
int front_open(struct netfront *front, struct err *err);
void front_close(struct netfront *front);

/* netfront.c */
void front_tap_ready(struct loop_source *source);
void front_event_ready(struct loop_source *source);

/* front_tx.c: true: more could be done at once */
bool front_tx_run(struct front_queue *queue);

/* front_rx.c */
bool front_rx_run(struct front_queue *queue);
/* Posts the first requests. */
void front_rx_fill(struct front_queue *queue);

void front_push(struct front_queue *queue, struct ring_front *ring,
		struct evtchn *channel);

static inline bool front_flips(const struct netfront *front)
{
	return front->args->mode == NETIF_FLIP_MAP ||
	       front->args->mode == NETIF_FLIP_INDEX;
}

#endif
