/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crew.h - the threads and buffers of a block. Only one path at a time has
 * its turn, and all are measured at the same point: so one crew serves them
 * all.
 *
 * The block's own thread works lane 0 of the end whose turn it is; each
 * further lane has a worker, asleep between turns. A worker counts through
 * the window's edges by its own timer, or feeds, until it is told to stop.
 *
 * Called by conductor, follower and turn.c.
 */
#ifndef VAZAO_WORKLOAD_CREW_H
#define VAZAO_WORKLOAD_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/axis.h"
#include "base/err.h"
#include "workload/wake.h"

struct end;
struct lane;
struct worker;

/* A window's edge as it was: bytes first, clock second, nothing between. */
struct mark {
	int64_t ns;
	uint64_t bytes;
	/* datagrams, over the lane's flows; the mean of their jitter */
	uint64_t received, expected, reordered;
	double jitter_us;
};

struct window {
	int64_t open_ns;    /* when it shall open, CLOCK_MONOTONIC */
	int64_t measure_ns; /* for how long from the moment it did */
};

struct crew {
	struct wake wake; /* the block's own thread's */
	size_t lanes;
	char **buffer;	       /* [lanes] */
	struct worker *worker; /* [lanes], the first unused */
};

/* The layout of end_init(): lanes, of which the first `counting` count. */
struct crew_args {
	const struct point *point;
	size_t lanes, counting;
};
int crew_open(struct crew *crew, const struct crew_args *args, struct err *err);
void crew_close(struct crew *crew);

/* The workers of the end's lanes that count (or feed), but for lane 0. Who
 * counts does so through the window. */
void crew_start(struct crew *crew, struct end *end, bool counts,
		const struct window *window);

/* Waits until those are asleep again. The first error of one of them. */
int crew_stop(struct crew *crew, struct end *end, bool counts, struct err *err);

/* The turn has failed: all workers of the end leave it, windows and all. The
 * first error of one that gave up by itself, or 0. */
int crew_abandon(struct crew *crew, struct end *end, struct err *err);

/* The windows of those that count close now; returns when they have. */
void crew_cut(struct crew *crew, struct end *end);

/* Has one of them given up? Then crew_stop() says why. */
bool crew_failed(const struct crew *crew);

/* Both marks of a lane's worker, after crew_stop(). */
const struct mark *crew_marks(const struct crew *crew, size_t lane);

/*
 * Counts until the edge, or until `look`, called after every wake-up, returns
 * 1, or -errno, which is then returned. Lane 0's thread and the workers call it alike.
 */
typedef int crew_look(void *arg, struct err *err);
int crew_count_until(struct lane *lane, struct wake *wake, int64_t edge_ns,
		     struct mark *mark, crew_look *look, void *arg,
		     struct err *err);

#endif
