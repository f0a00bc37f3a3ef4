/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words.h - how reports and figures spell sizes, shares, rates and points.
 * Of this room alone. Every function fills buf, cut off at size.
 */
#ifndef VAZAO_REPORT_WORDS_H
#define VAZAO_REPORT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/matrix.h"

#define WORDS_MAX 256 /* enough for any of them */

/* 4096 -> "4K"; 0, the kernel's own sizing, -> "auto". */
void words_size(int64_t bytes, char *buf, size_t size);

/* 0.9312 -> "93 %", 0.0312 -> "3.1 %". */
void words_share(double share, char *buf, size_t size);

/* 0.81, 0.993 -> "81 to 99 %". */
void words_range(double lo, double hi, char *buf, size_t size);

/* 93.12 -> "93.1", 9312.3 -> "9312". */
void words_mbps(double mbps, char *buf, size_t size);

/* "2026-11-23 01:02 UTC". */
void words_time(int64_t real_ns, char *buf, size_t size);

/* Has the study more than one value of the axis? */
bool words_axis_varies(const struct matrix *matrix, enum axis axis);

/* "mtu 500, socket 16K, message 4K": the axes of which the study has more
 * than one value; all sizes where it has but one point. */
void words_point(const struct matrix *matrix, const struct point *point,
		 char *buf, size_t size);

/* "tcp_stream send, mtu 500, offload off": all but the two sizes. */
void words_group(const struct matrix *matrix, const struct point *point,
		 char *buf, size_t size);

#endif
