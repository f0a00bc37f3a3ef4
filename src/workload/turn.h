/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * turn.h - one turn of one path at one of its ends: what every workload
 * shares. The baton's part of it is drawn in baton.h.
 *
 * Called by conductor and follower after GO was said or heard.
 */
#ifndef VAZAO_WORKLOAD_TURN_H
#define VAZAO_WORKLOAD_TURN_H

#include <stdint.h>

#include "base/err.h"
#include "workload/block.h"
#include "workload/end.h"

struct turn {
	uint32_t number; /* 0: the warm-up */
	int64_t guard_ns, measure_ns;
};

/* The sender's end: works until STOP, answers STOPPED. */
int turn_send(struct end *end, const struct turn *turn, struct err *err);

/*
 * The receiver's end: counts through the window, says STOP and takes in the
 * rest. The window opens guard_ns after the first data and is open for
 * measure_ns; *slice holds what was counted between the two readings of the
 * clock that were really made, each right after the bytes were counted: a
 * late timer makes the window longer, never the rate wrong.
 */
int turn_receive(struct end *end, const struct turn *turn,
		 struct block_slice *slice, struct err *err);

#endif
