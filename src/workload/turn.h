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

/*
 * The end's whole part of the turn, up to and with its last word. An end that
 * counts fills *slice: its window opens guard_ns after the first data and is
 * open for measure_ns. What is in it was counted between the two readings of
 * the clock that were really made, each right after the bytes were counted: a
 * late timer makes the window longer, never the rate wrong. Several lanes have
 * windows of their own; *slice has the sum of their rates.
 */
int turn_take(struct end *end, const struct turn *turn,
	      struct block_slice *slice, struct err *err);

#endif
