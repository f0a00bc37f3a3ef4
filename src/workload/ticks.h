/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ticks.h - a long slice, seen as it grows: what an interval report is made
 * of. At the counting end on_tick() is called each tick_ns of a slice, never
 * in the warm-up, with what came since the tick before; the slice's own sum
 * goes on. It must be quick, for it stands between two calls of the hot loop.
 *
 * Called by turn.c; filled in by the agent.
 */
#ifndef VAZAO_WORKLOAD_TICKS_H
#define VAZAO_WORKLOAD_TICKS_H

#include <stdint.h>

#include "base/err.h"

struct block_slice;

struct block_ticks {
	int64_t tick_ns; /* 0: nobody wants to see */
	/* 0: go on; 1: enough, the slice ends here; negative: the block fails */
	int (*on_tick)(void *arg, const struct block_slice *tick,
		       struct err *err);
	void *arg;
};

#endif
