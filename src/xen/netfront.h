/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netfront.h - the guest's end: eth0 (a TAP in the guest's namespace) on one
 * side, rings to netback on the other. One process, one thread.
 *
 * All memory that the two share is the front's and dies with it. It trusts the
 * back no further than it must: every response is judged before it is used
 * (XSA-39x are about fronts too), and a back that breaks the protocol ends the
 * connection with a reason.
 *
 * Back-pressure: a frame is read off eth0 only when the ring has room for it.
 * Called by cmd/ and tests. Runs until `stop_fd` is readable or the back is
 * gone.
 */
#ifndef VAZAO_XEN_NETFRONT_H
#define VAZAO_XEN_NETFRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "xen/tap_write.h"
#include "xen/netif_mode.h"

struct netfront_args {
	int xenbus_fd;	 /* connected SOCK_SEQPACKET; taken over */
	int control_fd;	 /* see control.h; taken over; -1: none */
	int stop_fd;	 /* readable: close and return; -1: none */
	const char *tap; /* "eth0" */
	enum netif_mode mode;
	enum tap_merge merge; /* segments, before they are written */
	bool napi;	      /* see tap_open() */
	bool gso;	      /* take and give large frames, if the back does */
	bool persistent; /* grant all pages once instead of for each slot */
	bool split;	 /* an event channel a ring */
	int64_t ring_pages;
	int64_t queues;	      /* at most; the back may allow fewer */
	int64_t notify_batch; /* sent frames a push, at most */
	bool notify_always;   /* notify a push that nobody asked for, too */
	bool page_a_frame;    /* the guest's kernel holds each received frame in
			       * a buffer of a page, as under Xen 3.0 */
	int64_t budget;	      /* frames a turn and direction */
	int64_t coalesce_ns;  /* after work: look again so much later, before
			       * asking to be woken; 0: ask at once */
};

#define NETFRONT_ARGS_INIT                                                     \
	{                                                                      \
		.xenbus_fd = -1, .control_fd = -1, .stop_fd = -1,              \
		.tap = "eth0", .mode = NETIF_COPY, .gso = true, .napi = true,  \
		.ring_pages = 1, .queues = 1, .notify_batch = 32, .budget = 64 \
	}

/* 0 after stop; -ECONNRESET or -EPROTO where the back went or misbehaved. */
int netfront_run(const struct netfront_args *args, struct err *err);

#endif
