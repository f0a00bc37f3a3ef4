/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lane.h - what one thread of one end of a path has: its share of the flows,
 * a buffer, and what went over them. A lane counts (it receives, or asks) or
 * it feeds (it sends, or answers).
 *
 * Made by end.c, worked by the workloads, one thread at a time: the block's
 * own (lane 0), or a worker of the crew while a turn lasts.
 */
#ifndef VAZAO_WORKLOAD_LANE_H
#define VAZAO_WORKLOAD_LANE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/axis.h"
#include "base/err.h"
#include "stats/histogram.h"
#include "workload/address.h"
#include "workload/pieces.h"
#include "workload/waited.h"

/* Datagrams of one flow, at the end that counts them. */
struct sequence {
	uint32_t turn;	    /* of the last one */
	uint64_t next;	    /* one more than the highest number seen */
	uint64_t expected;  /* numbers up to it, from each turn's first on */
	uint64_t received;  /* without what came twice, as far as known */
	uint64_t reordered; /* came after one with a higher number */
	int64_t transit_ns; /* of the last one; the clocks' offset is in it */
	double jitter_ns;   /* RFC 3550, 6.4.1 */
};

struct flow {
	int fd; /* -1: none now (crr asks) */
	/* stream: of a message begun, where the socket took a part;
	 * exchange: of what is awaited, still to come */
	size_t left;
	int64_t since_ns; /* exchange: asked at; paced: the next one is due */
	int64_t earliest_ns; /* paced: not before, however late it is */
	uint64_t number;     /* of the last datagram or request */
	bool busy;	     /* exchange: asked, not yet answered in full */
	struct sequence sequence;
};

/* What zero_copy needs beside a socket; see zero_copy.c. */
struct zero_copy;

struct lane {
	const struct point *point;
	const struct sock_args *sock; /* crr: how to make a connection */
	const struct address *peer;   /* and where to */
	const uint8_t *token;	      /* and what to show there; or NULL */
	struct flow *flow;
	size_t flows;
	int epoll_fd; /* over the flows where there are several; else -1 */
	bool counts;
	int receive_flags; /* MSG_TRUNC, or none */
	int64_t patience_ns;
	uint32_t turn;	      /* the one under way; datagrams carry it */
	struct pieces pieces; /* of its slice, where it is paced */
	struct waited waited; /* while paced datagrams are sent or received */

	char *buffer; /* touched, so that no page fault falls into a slice */
	size_t buffer_bytes;
	struct zero_copy *zero_copy; /* NULL: off */

	/* Payload since connecting; requests and responses of whole
	 * transactions. Written by who works the lane, read by others. */
	_Atomic uint64_t bytes;
	int64_t messages; /* calls that moved data; transactions */
	size_t busy;	  /* flows that are */
	uint64_t lost;	  /* requests that had to be asked again */

	bool measuring; /* between a window's edges: record */
	struct histogram *latency;
};

/* Only who works the lane adds. */
static inline void lane_add_bytes(struct lane *lane, uint64_t bytes)
{
	uint64_t now = atomic_load_explicit(&lane->bytes, memory_order_relaxed);

	atomic_store_explicit(&lane->bytes, now + bytes, memory_order_relaxed);
}

static inline uint64_t lane_bytes(const struct lane *lane)
{
	return atomic_load_explicit(&lane->bytes, memory_order_relaxed);
}

/* Errors that all workloads word alike. */
int lane_stuck(const struct lane *lane, const char *what, struct err *err);
int lane_send_failed(const struct lane *lane, int code, struct err *err);
/* Of a recv() that returned n <= 0. */
int lane_receive_failed(const struct lane *lane, ssize_t n, int code,
			struct err *err);

/* Readable when data is there: the one flow, or epoll_fd. */
int lane_data_fd(const struct lane *lane);

/*
 * Several flows, nonblocking under one epoll: steps those that are ready,
 * over and over until wake_pending(). `silent` is what is said if nothing is
 * ready for the lane's patience.
 */
typedef int lane_step(struct lane *lane, struct flow *flow, struct err *err);
int lane_step_many(struct lane *lane, lane_step *step, const char *silent,
		   struct err *err);

/* One round of it; *ready = how many were. */
int lane_step_ready(struct lane *lane, lane_step *step, int timeout_ms,
		    int *ready, struct err *err);

#endif
