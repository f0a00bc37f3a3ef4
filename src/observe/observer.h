/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * observer.h - counts, at one node, what a block's paths cost.
 *
 * Called by the agent (agent/op_block.c): M2's agent observes for every path,
 * M1's for its own. What it reports is specified in counters.h; what it is
 * asked in agent/protocol.h. What the machine lacks is left out of the report,
 * never an error. One thread; nothing here waits.
 */
#ifndef VAZAO_OBSERVE_OBSERVER_H
#define VAZAO_OBSERVE_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"

struct observer;

/*
 * `wanted` is a block's "observe" as protocol.h has it, of M2 with an entry
 * for each of `paths`, of an M1 with paths = 1. Opens all files; they may
 * serve many blocks.
 */
int observer_open(struct observer **observer, const json_t *wanted,
		  size_t paths, struct err *err);
void observer_close(struct observer *observer); /* NULL is fine */

/* May it serve, or must another one be opened? False for NULL. */
bool observer_is_for(const struct observer *observer, const json_t *wanted);

/* Before each block. */
void observer_reset(struct observer *observer);

/* fd: the path's data connections. bytes: payload over them so far. */
void observer_turn_begins(struct observer *observer, size_t path, const int *fd,
			  size_t flows, uint64_t bytes);
void observer_turn_ends(struct observer *observer, size_t path, const int *fd,
			size_t flows, uint64_t bytes);

/* An M1's: all bytes have come, the connections are there still. */
void observer_block_ends(struct observer *observer, const int *fd,
			 size_t flows);

/* After the block: a new reference, {} where no turn was seen. */
json_t *observer_report(const struct observer *observer, size_t path);

#endif
