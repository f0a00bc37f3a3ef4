/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * live_view.h - what a live page shows of a study, read from study.db while
 * it is written. The store is open for the moment of each reading only.
 * Called by live_serve.c.
 */
#ifndef VAZAO_CMD_LIVE_VIEW_H
#define VAZAO_CMD_LIVE_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"

/* The study in a report's format; *text malloc'ed. The page is a live one. */
int live_view_report(const char *dir, const char *format, char **text,
		     size_t *size, struct err *err);

/* Appends [id, point, [rates]] of every good block above *last, which moves
 * on; the oldest go where there are more than `most`. */
int live_view_blocks(const char *dir, json_t *blocks, size_t most,
		     int64_t *last, struct err *err);

#endif
