/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch.h - the edges of turns, told to who watches a block (block.h), the
 * warm-up's not: the moments at which one path's counters can be told from
 * another's. The agent watches; the workload knows nothing of what for.
 *
 * At both edges no byte of another path is under way:
 *   begins  conductor: before it says GO; follower: when it has heard it
 *   ends    conductor: when all has come; follower: before its last word of
 *           the turn (STOPPED or DRAINED), which the conductor awaits
 * So what the watcher does lies outside of every window, but the block lasts
 * longer by it, and idle gaps do. He may not block, nor touch the sockets but
 * by getsockopt(2).
 */
#ifndef VAZAO_WORKLOAD_WATCH_H
#define VAZAO_WORKLOAD_WATCH_H

#include <stddef.h>
#include <stdint.h>

struct end;
struct block_watch {
	/* [ends]: the path's members, as the conductor has them */
	void (*turn_begins)(void *arg, size_t path,
			    const struct end *const *end, size_t ends);
	void (*turn_ends)(void *arg, size_t path, const struct end *const *end,
			  size_t ends);
	void *arg;
	/* A follower's, NULL is fine: all turns are over, all bytes have come,
	 * the connections are there still. */
	void (*block_ends)(void *arg, const struct end *end);
};

/* Data connections, and payload sent or received on them since connecting. */
size_t block_end_flows(const struct end *end);
int block_end_fd(const struct end *end, size_t flow);
uint64_t block_end_bytes(const struct end *end);

#endif
