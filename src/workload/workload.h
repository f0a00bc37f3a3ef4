/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * workload.h - what a workload is: how the two ends of a path use their data
 * connections in a turn. One file, one const struct workload_ops; one entry
 * in workloads[] (workload.c), in the order of AXIS_WORKLOAD's choices, which
 * also says over what kind of socket: the twins over UNIX sockets and vsock
 * are entries, not files.
 *
 * A turn (turn.c) does all that workloads share: the baton, the window, the
 * clock, the deadlines, threads. So a workload's loops know nothing but their
 * lane's sockets and wake_pending(). Called by this room alone.
 */
#ifndef VAZAO_WORKLOAD_WORKLOAD_H
#define VAZAO_WORKLOAD_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/axis.h"
#include "base/err.h"

struct lane;

struct workload_ops {
	/* The end that counts asks and the other answers; else it receives
	 * what the other sends. */
	bool exchange;
	/* What is sent may be lost: the rest is awaited for a moment only. */
	bool lossy;
	/* A transaction makes its own connection: the end that feeds has the
	 * listener as its flow. */
	bool connects;

	/* Bytes of the lane's buffer. */
	size_t (*buffer_bytes)(const struct point *point, bool counts);

	/*
	 * The two roles. Both block, and return 0 soon after wake_pending()
	 * became true, perhaps for nothing: they are then called again. They
	 * add what they moved to lane->bytes, whole (what is in a buffer of
	 * the kernel's counts as moved), and count lane->messages. No progress
	 * for lane->patience_ns is -ETIMEDOUT, a closed connection
	 * -ECONNRESET.
	 */
	int (*feed)(struct lane *lane, struct err *err);
	int (*count)(struct lane *lane, struct err *err);

	/* After the last feed() of a turn: nothing may be held back. Or NULL. */
	void (*flush)(struct lane *lane);

	/* Takes in what is there; never blocks, and returns after a bounded
	 * number of calls even where more keeps coming. Nothing is asked
	 * anew: in the end lane->busy is 0. */
	int (*drain)(struct lane *lane, struct err *err);
};

extern const struct workload_ops stream_ops; /* tcp_stream.c */
extern const struct workload_ops rr_ops;     /* tcp_rr.c */
extern const struct workload_ops crr_ops;    /* tcp_crr.c */
extern const struct workload_ops udp_stream_ops;
extern const struct workload_ops udp_rr_ops;

enum transport { TRANSPORT_IP, TRANSPORT_UNIX, TRANSPORT_VSOCK };

struct workload {
	const struct workload_ops *ops;
	enum transport transport;
	int type; /* SOCK_STREAM ... */
};

/* Of a point; never NULL for a checked one. */
const struct workload *workload_of(const struct point *point);

#endif
