/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * workload.h - what a workload is: how the two ends of a path use their data
 * connections in a turn. One file, one const struct workload_ops, one entry
 * in workloads[] (workload.c), in the order of AXIS_WORKLOAD's choices.
 *
 * A turn (turn.c) does all that workloads share: the baton, the window, the
 * clock, the deadlines. So a workload's loops know nothing but their sockets
 * and wake_pending(). Called by this room alone.
 */
#ifndef VAZAO_WORKLOAD_WORKLOAD_H
#define VAZAO_WORKLOAD_WORKLOAD_H

#include <stddef.h>

#include "base/axis.h"
#include "base/err.h"

struct end;

struct workload_ops {
	const char *name; /* as in axis_table[] */

	/* Bytes of the buffer that send() or receive() hand to the kernel. */
	size_t (*send_bytes)(const struct point *point);
	size_t (*receive_bytes)(const struct point *point);

	/*
	 * The two roles. Both block, and return 0 soon after wake_pending()
	 * became true, perhaps for nothing: they are then called again. They
	 * add what they moved to end->bytes, whole (what is in a buffer of the
	 * kernel's counts as moved), and count end->messages. No progress for
	 * end->patience_ns is -ETIMEDOUT, a closed connection -ECONNRESET.
	 */
	int (*send)(struct end *end, struct err *err);
	int (*receive)(struct end *end, struct err *err);

	/* After the last send() of a turn: nothing may be held back. */
	void (*flush)(struct end *end);

	/* Takes in what is there; never blocks, and returns after a bounded
	 * number of calls even where more keeps coming. */
	int (*drain)(struct end *end, struct err *err);
};

extern const struct workload_ops tcp_stream_ops;

/* The workload of a point; never NULL for a checked point. */
const struct workload_ops *workload_of(const struct point *point);

#endif
