/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * block.h - one block as its two kinds of end see it.
 *
 * A block measures C paths at one point, their slices interleaved. M2, the
 * end that all paths share, conducts: it holds the schedule and, slice by
 * slice, hands the turn to one path. Each path's M1 follows. The turn passes
 * over the path itself, on a TCP connection beside the data connections: the
 * baton. So no slice waits for the coordinator, a pipe or a serial line, and
 * while a block runs only the two ends of one path are awake.
 *
 *   conductor (M2)                       follower (M1 of path p)
 *   block_listen(): per path a data
 *     and a baton listener
 *                                        block_follow(): connects the baton,
 *                                        then the data connections
 *   block_conduct(): accepts, then per slice
 *     GO(path p's turn; guard, measure) ->
 *     both run their role: the sender writes messages of exactly
 *     message_size bytes, one system call each, until STOP; the receiver
 *     counts: t_first + guard .. + measure on its monotonic clock
 *     receiver: STOP -> sender: STOPPED(bytes sent) -> the receiver drains
 *     to that count; as a follower it says DRAINED
 *     END after the last slice
 *
 * Who sends is the direction's matter; the roles are the same in both. The
 * wire is specified in baton.h.
 *
 * Called by the agent alone. Blocking calls with deadlines: a silent other
 * end is -ETIMEDOUT naming the path, within `patience_ns` of the silence.
 */
#ifndef VAZAO_WORKLOAD_BLOCK_H
#define VAZAO_WORKLOAD_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/axis.h"
#include "base/err.h"
#include "workload/address.h"
#include "workload/result.h"
#include "workload/ticks.h"
#include "workload/watch.h"

#define BLOCK_MAX_PATHS	  16
#define BLOCK_MAX_MEMBERS 260 /* pairs of all paths, neighbors among them */

/* See admit.h: what every connection of a block begins with, where the
 * coordinator wants it so. */
#define BLOCK_TOKEN_BYTES 16

struct block_timing {
	int64_t warmup_ns;   /* sent and discarded after connecting */
	int64_t guard_ns;    /* discarded at a slice's start */
	int64_t slice_ns;    /* measured */
	int64_t patience_ns; /* longest silence borne */
};

struct block_listen_args {
	struct address address; /* M2's on this path; ports are chosen */
	const struct point *point;
	const char *congestion; /* "cubic"; NULL: the node's default */
	const uint8_t *token;	/* BLOCK_TOKEN_BYTES, copied; NULL: none */
	/* [ADDRESS_TEXT_MAX], set: where the data goes if not there, as with
	 * UNIX sockets and vsock; else "". NULL: such a point is refused. */
	char *data_address;
};

struct block_conductor; /* one pair's listeners, then connections */

/* Ports of the listeners, host byte order. */
int block_listen(struct block_conductor **conductor,
		 const struct block_listen_args *args, uint16_t *data_port,
		 uint16_t *baton_port, struct err *err);
void block_conductor_free(struct block_conductor *conductor);

/*
 * A path has one member or several: pairs that have their turns at the same
 * time (group.h, gate.h), each in a thread of its own, each at the point that
 * its conductor was made for.
 */
struct block_conduct_args {
	/* A member each: those of path 0 first, then those of path 1 ... */
	struct block_conductor **path;
	const char *const *path_name; /* "domU", "domU, pair 3"; for messages */
	size_t paths;
	const size_t *pairs; /* [paths] members; NULL: one each */
	const int *order;    /* [slices] paths */
	size_t slices;
	const struct point *point; /* of the paths with one member */
	struct block_timing timing;
	struct block_ticks ticks;
	int *failed_path; /* set to the member that failed, or -1 */
	const struct block_watch *watch;
};

/*
 * results: a member each, zeroed by the caller, to be freed by him in any case.
 * A conductor serves one block: free it afterwards.
 */
int block_conduct(const struct block_conduct_args *args,
		  struct block_result *results, struct err *err);

struct block_follow_args {
	struct address address; /* M2's, on this path */
	uint16_t data_port, baton_port;
	const char *data_address; /* NULL or "": none but `address` */
	const struct point *point;
	const char *congestion;
	const uint8_t *token; /* as listened with */
	struct block_timing timing;
	struct block_ticks ticks;
	/* Longest wait for GO or END: other paths have their turns meanwhile.
	 * block_longest_ns() of the whole block. */
	int64_t turn_wait_ns;
	const struct block_watch *watch; /* told of path 0 */
};

int block_follow(const struct block_follow_args *args,
		 struct block_result *result, struct err *err);

/*
 * How long a block may take before the conductor gives it up, naming the path
 * that has held the turn longest: twice its schedule and one patience. Every
 * call above returns within one patience more. `members`: of all paths.
 */
int64_t block_longest_ns(const struct block_timing *timing, size_t paths,
			 size_t slices, size_t members);

#endif
