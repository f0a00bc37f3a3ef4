/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * live.h - a study under way, for a browser: the page of its report, growing
 * block by block, served on loopback.
 *
 * The server is a process of its own, forked where the network is still the
 * machine's, before the study makes its namespaces; it reads study.db beside
 * the writer and hears of the progress by a socket that the study never waits
 * for. It runs under SCHED_IDLE, reads no more than one part in a hundred of
 * the time, and sleeps while nobody watches: neither a watcher nor its own
 * end can slow or stop the study. It ends with its parent, however that ends.
 *
 * Called by study.c. Nobody is asked who he is: it listens where only this
 * machine can connect, and answers only to names of this machine (a foreign
 * page cannot reach it by a name of its own), unless `open`.
 */
#ifndef VAZAO_CMD_LIVE_H
#define VAZAO_CMD_LIVE_H

#include <stdbool.h>

#include "base/err.h"
#include "study/study.h"

#define LIVE_ADDRESS "127.0.0.1:2007" /* where none is given */

struct live;

struct live_args {
	const char *address; /* ADDR:PORT, [ADDR]:PORT, :PORT; "": LIVE_ADDRESS,
			      * or a free port where that is taken */
	bool open;	     /* other machines may watch, too */
	const char *dir;     /* of the study; it need not be there yet */
};

/* -EINVAL for an address that is none or not of this machine alone. */
int live_start(struct live **live, const struct live_args *args,
	       struct err *err);

/* "http://127.0.0.1:2007/" */
const char *live_url(const struct live *live);

/* These never block and never fail: who does not listen misses it. NULL:
 * nothing happens. */
void live_on_progress(struct live *live, const struct study_progress *progress);
void live_on_event(struct live *live, const char *text);

/* Tells the watchers that it is over, gives them a second to hear it, and
 * ends the server. */
void live_end(struct live *live);

#endif
