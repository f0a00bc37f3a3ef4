/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * live_listen.h - where a live page is served, and to whom. Called by live.c
 * and live_serve.c.
 */
#ifndef VAZAO_CMD_LIVE_LISTEN_H
#define VAZAO_CMD_LIVE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Is it an address that live_listen() would take? -EINVAL. */
int live_check_address(const char *address, bool open, struct err *err);

/*
 * A listening socket, non-blocking, at "ADDR:PORT", "[ADDR]:PORT" or ":PORT"
 * (loopback); "" is `fallback`, or a free port of it. Numbers only: a name
 * might be another machine's tomorrow. *url is what to give a browser.
 */
int live_listen(const char *address, const char *fallback, bool open, char *url,
		size_t size, struct err *err);

/*
 * Is a request with this Host header one for us? Loopback's numbers and
 * localhost are; a page of another site that got its name to point here has
 * that name there. `open`: every number is, too.
 */
bool live_host_is_ours(const char *host, bool open);

#endif
