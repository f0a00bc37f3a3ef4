/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * end.h - one end of one path while a block lasts: the baton, the data
 * connections, what went over them; and the kit that all ends of a thread
 * share. Conductor and follower make them, turns and workloads use them.
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
#include "workload/sock.h"
#include "workload/wake.h"
#include "workload/workload.h"

/* One timer and one buffer serve every path of a block: only one path at a
 * time has its turn, and all are measured at the same point. */
struct kit {
	struct wake wake;
	char *buffer; /* touched, so that no page fault falls into a slice */
	size_t buffer_bytes;
};

int kit_open(struct kit *kit, const struct point *point, bool sends,
	     struct err *err);
void kit_close(struct kit *kit);

struct flow {
	int fd;
	size_t left; /* of a message begun, where the socket took a part */
};

struct end {
	const struct workload_ops *ops;
	struct kit *kit;
	struct baton baton;
	struct flow *flow;
	size_t flows, flows_max;
	int epoll_fd; /* over the flows where there are several; else -1 */
	bool sends;
	bool nodelay;	   /* so the axis says */
	int receive_flags; /* MSG_TRUNC, or none */
	int64_t patience_ns;
	struct block_ticks ticks;
	uint64_t bytes;	  /* sent or received since connecting, all flows */
	int64_t messages; /* send() calls that moved data */
	int64_t last_ns;  /* when the turn before was over; 0: none was */
	const struct block_watch *watch; /* a follower's; else NULL */
};

/* Role of M1 (follows) or of M2 (conducts) in the point's direction. */
bool end_follower_sends(const struct point *point);

int end_init(struct end *end, const struct point *point, bool sends,
	     struct err *err);

/* Takes over fd, even on failure. One flow stays blocking; several become
 * nonblocking and are watched by epoll_fd. */
int end_add_flow(struct end *end, int fd, struct err *err);

/* at_once: see sock_close_at_once(). An end all zero, or closed, is fine. */
void end_close(struct end *end, bool at_once);

/* To the follower's watcher, if it has one and the turn counts. */
void end_tell_begin(const struct end *end, uint32_t turn);
void end_tell_end(const struct end *end, uint32_t turn);

/* Readable when data is there: the one flow, or epoll_fd. */
int end_data_fd(const struct end *end);

/* Fills socket and messages of the result. */
int end_report(const struct end *end, struct block_result *result,
	       struct err *err);

#endif
