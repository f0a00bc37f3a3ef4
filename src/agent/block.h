/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * block.h - one block over several paths, from the coordinator's side. Part of
 * agent.h, which includes it.
 */
#ifndef VAZAO_AGENT_BLOCK_H
#define VAZAO_AGENT_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/axis.h"
#include "base/err.h"
#include "workload/block.h"

struct agent;

/*
 * For who wants to see a block grow (a probe: one path, one long slice):
 * on_tick() is called for each tick of the counting end, and on_stop() once
 * stop_fd can be read (-1: never). Either returning 1 ends the slice at its
 * next tick; what was measured so far comes back as always.
 */
struct agent_watch {
	int64_t tick_ns; /* 0: nobody watches */
	int (*on_tick)(void *arg, const struct block_slice *tick);
	void *arg;
	int stop_fd;
};

/*
 * One block over C paths: agents[0..members-1] are the M1s, m2 conducts. A
 * path has one member, or several pairs that run at the same time; the last of
 * them may be a neighbor with a point of its own.
 * Returns when all have answered, at the latest block_longest_ns() and one
 * patience (and a second) after the call. On failure *failed is the index of
 * the member to blame, or -1 for M2 itself; the healthy agents are usable
 * again, of the others agent_is_lost() is true. The M1s must be different
 * agents, and M2 none of them.
 */
struct agent_block_args {
	struct agent *m2;
	/* [members]: those of path 0 first, then those of path 1 ... */
	struct agent *const *m1;
	const char *const *path_name;  /* "domU, pair 3" */
	const char *const *m2_address; /* M2's, as the M1s see it */
	const char *m2_listen; /* the address M2 listens on; NULL: the same */
	const char *token;     /* protocol.h; NULL: no stranger can come */
	size_t paths;
	const size_t *pairs; /* [paths] members; NULL: one each */
	const struct point *point;
	/* What the last member of each path does, beside those that count: an
	 * idle neighbor; NULL: there is none. */
	const struct point *neighbor;
	const int64_t *pacing_bps; /* [members], not the point's; or NULL */
	const char *congestion;
	const int *order; /* [slices] */
	size_t slices;
	struct block_timing timing;
	struct agent_watch watch;
	const json_t *m2_observe, *const *m1_observe; /* or NULL; [members] */
};

/*
 * Of one path; sender is the end that sends (of direction both, M1) or asks.
 * With direction both the slices are of both ways together: their bytes, and
 * the time in which they come to the sum of both rates; so they are with
 * several pairs. A neighbor is in `latency` alone; sockets are the first
 * pair's.
 */
struct agent_block_path {
	struct block_slice *slice;
	size_t slices;
	double throughput_mbps; /* mean rate over the slices, 10^6 bit/s */
	double reverse_mbps;	/* of direction both, what M2 sent of it */
	double sent_mbps;	/* datagrams: handed to the sender's socket */
	struct block_socket sender, receiver;
	int64_t messages;
	int64_t strangers;	   /* connections dropped for their token */
	json_t *counters;	   /* observe/counters.h; or NULL */
	int64_t transactions;	   /* within the slices */
	struct histogram *latency; /* of these; NULL: none */
	struct block_datagrams datagrams;
	struct loss_track *track; /* paced: of each slice, lane and pair */
	size_t tracks;
	double *pair_mbps; /* [pairs] of each; NULL: there is one */
	size_t pairs;
};

/* paths: [args->paths], to be freed one by one after success only. */
int agent_run_block(const struct agent_block_args *args,
		    struct agent_block_path *paths, int *failed,
		    struct err *err);
void agent_block_path_free(struct agent_block_path *path);

#endif
