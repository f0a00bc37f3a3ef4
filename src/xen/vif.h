/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vif.h - netback's inside: a vif, its queues, and what its files share.
 *
 *   netback.c     process: connections, turns, timers
 *   vif.c         a vif's life: negotiation, mapping, end
 *   netback_tx.c  guest -> vif
 *   netback_rx.c  vif -> guest; rx_mode.c: the four ways into its memory
 *
 * Not for other rooms.
 */
#ifndef VAZAO_XEN_VIF_H
#define VAZAO_XEN_VIF_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

#include "xen/counters.h"
#include "xen/evtchn.h"
#include "xen/grant.h"
#include "xen/links.h"
#include "xen/loop.h"
#include "xen/memory.h"
#include "xen/netback.h"
#include "xen/netif.h"
#include "xen/netif_mode.h"
#include "xen/reaper.h"
#include "xen/ring.h"
#include "xen/round_robin.h"
#include "xen/rx_mode.h"
#include "xen/tap.h"
#include "xen/toolstack.h"
#include "xen/tx_state.h"
#include "xen/xenbus.h"

/* What the back knows of the guest's memory. */
struct guest {
	uint32_t first_tx, first_rx, end; /* frame numbers */
	struct memory control, tx, rx;	  /* not all mapped in every mode */
	pid_t pid;			  /* grant-copy */
	uint64_t tx_address, rx_address;  /* grant-copy: in that process */
};

struct vif_queue {
	struct rr_member turn;
	struct vif *vif;
	int index, tap_fd;
	struct loop_source tap_source, event_source[2];
	struct ring_back tx, rx;
	struct memory tx_ring, rx_ring;
	struct evtchn channel[2]; /* [0] tx (and rx unless split), [1] rx */
	bool split;
	bool tx_ready, tap_ready;  /* there may be work */
	int64_t pause_until_ns[2]; /* event storms; 0: none */
	struct rx_state rx_state;
	struct tx_state tx_state;
	struct netif_counters counters;
};

struct vif {
	struct netback *netback;
	struct vif *next;
	struct loop_source xenbus_source;
	struct xenbus *xenbus;
	enum xenbus_state state;
	int64_t deadline_ns; /* of the handshake */
	uint16_t domid;
	uint8_t mac[6];
	uint16_t vlan; /* 0: none */
	int mtu;       /* the bridge's; 0: there is none */
	struct tap tap;
	int ifindex;
	enum netif_mode mode;
	bool gso;
	struct guest guest;
	struct memory grant_pages;
	struct grant_view *grants;
	uint8_t *owned; /* flips: 1 a frame of rx that is the back's */
	struct credit credit;
	struct vif_queue *queue[TAP_MAX_QUEUES];
	int queues;
	const char *fatal; /* why it must be closed; NULL: fine */
};

struct netback {
	const struct netback_args *args;
	struct loop *loop;
	struct vif *vifs;
	struct round_robin turns;
	struct reaper *reaper; /* of TAPs */
	struct links links;
	uint16_t next_domid;
	uint16_t first_domid;
	int64_t next_timer_ns;	      /* 0: none */
	struct netif_counters closed; /* sums of vifs that are gone */
	uint64_t lingered_at, frames; /* moved, when it last did, and now */
	bool stop;
};

/* vif.c */
/* Takes device->xenbus_fd over; domid 0: the next free one, and its MAC. */
int vif_open(struct vif **vif, struct netback *netback,
	     const struct toolstack_device *device, struct err *err);
/* Sees whether frames for its interface may be merged. */
void vif_heed_link(struct vif *vif);
/* Takes what the front wrote; moves on. */
int vif_take_message(struct vif *vif, struct err *err);
void vif_close(struct vif *vif, const char *why);

/* netback.c */
int netback_set_up(const char *ifname, struct err *err);
void netback_tap_ready(struct loop_source *source);
void netback_event_ready(struct loop_source *source);
void netback_xenbus_ready(struct loop_source *source);
void netback_wake_at(struct netback *netback, int64_t when_ns);

/* netback_tx.c: frames taken; stops at budget, credit, a full TAP or an empty
 * ring */
int netback_tx_run(struct vif_queue *queue, int budget);
int netback_tx_open(struct vif_queue *queue, struct err *err);
void netback_tx_close(struct vif_queue *queue);

/* netback_rx.c: frames done; stops at budget, no room, or an empty TAP */
int netback_rx_run(struct vif_queue *queue, int budget);
int netback_rx_open(struct vif_queue *queue, struct err *err);
void netback_rx_close(struct vif_queue *queue);

/* Pushes and notifies, or counts what was spared. */
void vif_push(struct vif_queue *queue, struct ring_back *ring,
	      struct evtchn *channel);

/* NULL where the back may not touch it. */
uint8_t *guest_page(const struct guest *guest, uint32_t frame, bool write);
/* The same page's address in the front's process; 0 where there is none. */
uint64_t guest_address(const struct guest *guest, uint32_t frame, bool write);

#endif
