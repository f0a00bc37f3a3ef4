/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unlike.h - in what two studies differ, and whether that forbids to compare
 * them. Called by compare.c and by report/compare_words.c.
 */
#ifndef VAZAO_ANALYSIS_UNLIKE_H
#define VAZAO_ANALYSIS_UNLIKE_H

#include "analysis/compare.h"

/* [{"what", "a", "b"}], those that forbid it with "forbids": true. A new
 * reference. */
json_t *unlike_find(const struct compare_args *args);

/* Appends a difference's "a" or "b", at most 80 bytes of it. */
void unlike_append_value(char *buf, size_t size, const json_t *value);

/* What forbids it, as one line; "" where nothing does. */
void unlike_format(const json_t *differences, char *buf, size_t size);

#endif
