/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loop.h - descriptors to wait for, and what to call when they are ready.
 * One thread. Called by netfront, netback and control.
 */
#ifndef VAZAO_XEN_LOOP_H
#define VAZAO_XEN_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Embedded in its owner; `ready` may remove any source, itself too. */
struct loop_source {
	int fd;
	void (*ready)(struct loop_source *source);
	int kind; /* the owner's, to tell several apart */
};

struct loop;

int loop_open(struct loop **loop, struct err *err);
void loop_close(struct loop *loop);

/* Edge: called once per arrival; the owner reads until EAGAIN. */
int loop_add(struct loop *loop, struct loop_source *source, bool edge,
	     struct err *err);
/*
 * Of the calling thread: short sleeps are kept to the microsecond, and whom it
 * is woken by runs on (SCHED_BATCH, unless it is under a real-time policy):
 * what fills a ring fills it for a while, then it is emptied at one go.
 */
void loop_prefer_batches(void);

/* Before the descriptor is closed. */
void loop_remove(struct loop *loop, struct loop_source *source);
/* A source that is not listened to keeps its place. */
void loop_listen(struct loop *loop, struct loop_source *source, bool on);

/* An edge source: called also when it can be written to, or not. */
void loop_listen_writable(struct loop *loop, struct loop_source *source,
			  bool on);

/* Waits (-1: forever) and calls what is ready; the number called. */
int loop_wait(struct loop *loop, int64_t timeout_ns);

#endif
