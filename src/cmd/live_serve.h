/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * live_serve.h - the server of a live page: HTTP by libmicrohttpd, in one
 * thread. Called by live.c in the server's process.
 *
 *   GET /            the page; 503 until there is a study to show
 *   GET /events      server-sent events, below
 *   GET /study.json  as report --format json
 *   GET /metrics     as report --format openmetrics
 *
 * Events: `progress` {"phase", "cells", "reached", "failed", "blocks",
 * "round", "elapsed_ns", "budget_ns", "eta_ns", "now", "paths"}; `note`, a
 * line of text; `blocks` [[id, point, [rates]], ...]; `study`, all that
 * /study.json says; `end`. A watcher that is slow gets the newest of each and
 * misses what was between; what it can hold up is its own connection, for
 * half a minute.
 */
#ifndef VAZAO_CMD_LIVE_SERVE_H
#define VAZAO_CMD_LIVE_SERVE_H

#include <stdbool.h>

#include "base/err.h"

struct live_serve_args {
	int listener; /* taken over */
	int feed;     /* datagrams: {"event": NAME, "data": ...}; EOF: over */
	const char *dir;
	bool open;
};

/* Until the feed ends. */
int live_serve(const struct live_serve_args *args, struct err *err);

#endif
