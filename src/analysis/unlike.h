/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unlike.h - in what two studies differ, and whether that forbids to compare
 * them. Of this room alone.
 */
#ifndef VAZAO_ANALYSIS_UNLIKE_H
#define VAZAO_ANALYSIS_UNLIKE_H

#include "analysis/compare.h"

/* [{"what", "a", "b"}], those that forbid it with "forbids": true. A new
 * reference. */
json_t *unlike_find(const struct compare_args *args);

/* What forbids it, as one line; "" where nothing does. */
void unlike_format(const json_t *differences, char *buf, size_t size);

#endif
