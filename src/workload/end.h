/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * end.h - one end of one path while a block lasts: the baton, and the data
 * connections, dealt out to lanes. Conductor and follower make them, turns
 * use them; what all ends of a block share is the crew's (crew.h).
 *
 * Lanes: the first `counting` count, the others feed. An end that does both
 * (direction both) has as many of either as there are threads; any other end
 * has one for each thread. Flows follow the lanes' order. A connection is
 * known by its number at both ends: with direction both the first `flows` are
 * fed by M1, the others by M2.
 */
#ifndef VAZAO_WORKLOAD_END_H
#define VAZAO_WORKLOAD_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/axis.h"
#include "base/err.h"
#include "workload/baton.h"
#include "workload/block.h"
#include "workload/crew.h"
#include "workload/gate.h"
#include "workload/lane.h"
#include "workload/sock.h"
#include "workload/workload.h"

struct end {
	const struct workload_ops *ops;
	struct crew *crew;
	struct baton baton;
	bool conducts;
	struct sock_args sock; /* its congestion is the caller's */
	struct address peer;   /* the follower's: where data connects to */
	struct lane *lane;
	size_t lanes, counting;
	struct flow *flow;
	size_t flows, flows_max; /* connections made; to be made */
	int64_t patience_ns;
	struct block_ticks ticks;
	const uint8_t *token; /* NULL: none */
	int64_t last_ns;      /* when the turn before was over; 0: none was */
	/* What was fed in turns that count, and how long the feeding took. */
	int64_t fed_bytes, fed_ns;
	struct block_datagrams datagrams; /* counted in them; jitter summed */
	int64_t counted_turns;
	struct loss_track *track; /* paced, in them: of each lane */
	size_t tracks;
	const struct block_watch *watch; /* a follower's; else NULL */
	struct gate *gate; /* a conductor's with several pairs; else NULL */
};

struct end_args {
	const struct point *point;
	bool conducts;
	const char *congestion; /* as in struct sock_args */
	int64_t patience_ns;
};

int end_init(struct end *end, const struct end_args *args, struct err *err);

/* Connections that the follower makes, and the conductor accepts. */
size_t end_connections(const struct end *end);

/* Takes over fd, even on failure. The only flow of its lane stays blocking;
 * several become nonblocking and are watched by the lane's epoll_fd. */
int end_add_flow(struct end *end, int fd, struct err *err);

/* Before flows are added, where end_init() was told none. */
void end_set_patience(struct end *end, int64_t patience_ns);

/* Once all flows are there. */
int end_join_crew(struct end *end, struct crew *crew, struct err *err);

/* at_once: see sock_close_at_once(). An end all zero, or closed, is fine. */
void end_close(struct end *end, bool at_once);

/* Over the lanes that count, or over those that feed. */
uint64_t end_bytes(const struct end *end, bool counted);

/* To the follower's watcher, if it has one and the turn counts. */
void end_tell_begin(const struct end *end, uint32_t turn);
void end_tell_end(const struct end *end, uint32_t turn);
void end_tell_over(const struct end *end);

/* Fills all of the result but its slices. */
int end_report(struct end *end, struct block_result *result, struct err *err);

#endif
