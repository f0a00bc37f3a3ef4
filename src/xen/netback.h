/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netback.h - the driver domain's end: one process, one thread, many vifs.
 *
 * Each connection on the xenbus socket is a guest's network device; netback
 * makes its vifX.Y (a TAP, on a bridge), negotiates, maps what the mode needs
 * (netif_mode.h) and carries frames, round robin over all vifs' queues with a
 * budget each. A front that breaks the protocol loses its vif, with the reason
 * in the log and in xenbus (key "error"); the others do not notice.
 *
 * Back-pressure: a frame for a guest is read off vifX.Y only when the guest has
 * posted room for it, a guest's request is taken only when its credit bears
 * it. What is dropped is counted, by reason.
 *
 * Called by cmd/ and tests. Runs until `stop_fd` is readable.
 */
#ifndef VAZAO_XEN_NETBACK_H
#define VAZAO_XEN_NETBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "xen/tap_write.h"

struct netback_args {
	int listen_fd;	    /* SOCK_SEQPACKET, listening; -1: none */
	int connected_fd;   /* one front, connected already; -1: none */
	int toolstack_fd;   /* tells of fronts, see toolstack.h; -1: none */
	int control_fd;	    /* see control.h; -1: none */
	int stop_fd;	    /* readable: close all vifs and return */
	const char *vif;    /* name of the first vif; NULL: vifDOMID.0 */
	const char *mac;    /* of the first guest; NULL: made of its domid */
	uint16_t domid;	    /* of the first guest; the next gets the next */
	const char *bridge; /* NULL: none */
	/* IEEE 802.1Q: 1 to 4094: what guests send is tagged so, and of what
	 * their interfaces get only that comes to them, without its tag; what a
	 * guest tags itself is not sent. 0: frames are carried as they are. */
	uint16_t vlan;
	enum tap_merge merge; /* segments, before they are written */
	bool napi;	      /* see tap_open() */
	bool gso;	      /* offer large frames */
	bool header_copy;     /* copy and filter the header of sent frames */
	bool filter_mac;      /* only frames from the vif's own address */
	bool direct;	/* mode copy: frames straight into granted pages */
	bool once;	/* return when the last vif has closed */
	int64_t queues; /* at most, a vif */
	int64_t budget; /* frames a turn and direction */
	int64_t notify_batch; /* received frames a push, at most */
	bool notify_always;   /* notify a push that nobody asked for, too */
	int64_t coalesce_ns;  /* after work: look again so much later, before
			       * asking to be woken; 0: ask at once */
	int64_t rate_bytes;   /* credit: so many bytes ... */
	int64_t rate_us;      /* ... in so many microseconds; 0: unlimited */
	/* a guest that posts no room (XSA-392, -424): after the first time what
	 * waits for it is thrown away, counted; after the second its link is
	 * down, so that the bridge stops sending. Xen's rx_drain_timeout_msecs
	 * and rx_stall_timeout_msecs, and their defaults. */
	int64_t drain_ns, stall_ns;
	int64_t handshake_ns; /* who has not connected by then is sent away */
	/* see arrivals.h; for listen_fd alone, a toolstack's are let in */
	int64_t arrivals, arrival_ns;
};

#define NETBACK_ARGS_INIT                                                 \
	{                                                                 \
		.listen_fd = -1, .connected_fd = -1, .toolstack_fd = -1,  \
		.control_fd = -1, .stop_fd = -1, .domid = 1, .gso = true, \
		.napi = true, .header_copy = true, .filter_mac = true,    \
		.queues = 8, .budget = 64, .notify_batch = 32,            \
		.drain_ns = 10000000000, .stall_ns = 60000000000,         \
		.handshake_ns = 10000000000, .arrivals = 64,              \
		.arrival_ns = 1000000000                                  \
	}

int netback_run(const struct netback_args *args, struct err *err);

#endif
