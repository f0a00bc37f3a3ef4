/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * result.h - what a block found out on one path, as one of its ends saw it;
 * see block.h. Read by the agent, which hands it on.
 */
#ifndef VAZAO_WORKLOAD_RESULT_H
#define VAZAO_WORKLOAD_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/axis.h"
#include "stats/histogram.h"
#include "stats/loss_trial.h"

/* What the counting end saw in one slice. */
struct block_slice {
	int64_t bytes;
	int64_t duration_ns; /* between the two readings of the clock */
	int64_t idle_ns;     /* since this path's slice before (the first:
			      * since its warm-up); above the RTO TCP begins
			      * anew with a small window */
};

/* Buffers and TCP as obtained, of this end, first flow, read at the block's
 * end: where socket_size is 0, as far as the kernel has let them grow. */
struct block_socket {
	int64_t sndbuf_bytes, rcvbuf_bytes; /* SO_SNDBUF, SO_RCVBUF */
	int64_t mss_bytes;		    /* TCP_MAXSEG */
	int64_t retransmits;		    /* TCP_INFO, since connecting */
	char congestion[16];
};

/* Datagrams within the slices' windows, by the numbers that they carry. */
struct block_datagrams {
	int64_t received, lost, reordered;
	double jitter_us; /* RFC 3550, 6.4.1: mean over flows and slices */
};

/* One path's result at one end. `slice`, `latency` and `datagrams` are filled
 * at the end that counts; with direction both each counts what it gets. */
struct block_result {
	struct block_slice *slice; /* malloc'ed by block_*, block_result_free */
	size_t slices;
	struct block_socket socket;
	int64_t messages;  /* writes made, at the sending end, warm-up too */
	int64_t strangers; /* connections dropped for their token, at M2 */
	/* What was handed to the sockets in the slices' turns, and how long
	 * the turns took: the sender's rate. 0 at the end that counts. */
	int64_t fed_bytes, fed_ns;
	struct histogram *latency; /* ns of each transaction; NULL: none */
	struct block_datagrams datagrams;
	/* Paced datagrams: of each slice and lane; freed with the slices. */
	struct loss_track *track;
	size_t tracks;
};

/*
 * Who counts: the end that receives, or that asks. A transaction's bytes are
 * its request and its response; so bytes per time are in proportion to
 * transactions, and an efficiency is theirs.
 */
bool block_follower_counts(const struct point *point);
bool block_conductor_counts(const struct point *point);

/* Bytes of one transaction; 0: the workload has none. */
int64_t block_transaction_bytes(const struct point *point);

void block_result_free(struct block_result *result);

#endif
