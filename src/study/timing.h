/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * timing.h - guard, slices and their number by socket size: what a
 * calibration found right on this machine.
 *
 * A path may begin each turn faster than it can go on (its queues are empty,
 * softirqs still run where packets come from), the longer so the more its
 * sockets hold. So a point takes the row of the smallest socket size that is
 * not below its own; the last row where its own is larger, or the kernel's
 * choice (0).
 *
 * As text it is JSON, in the study's fact "timings" and in what `vazao
 * calibrate` keeps: [{"socket_size": bytes, "guard_ns", "slice_ns", "cycles"}],
 * by rising socket size. Read and written by this room and by cmd/.
 */
#ifndef VAZAO_STUDY_TIMING_H
#define VAZAO_STUDY_TIMING_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/axis.h"
#include "base/err.h"

#define TIMINGS_MAX	32
#define TIMING_ANY_SIZE INT64_MAX /* socket_size: whatever the kernel makes */
#define TIMING_TEXT_MAX 96

struct timing {
	int64_t socket_size; /* up to this one */
	int64_t guard_ns, slice_ns;
	size_t cycles;
};

struct timings {
	struct timing row[TIMINGS_MAX];
	size_t rows; /* 0: the plan's own timing everywhere */
};

/* -EINVAL naming what is wrong, for a file that was edited. */
int timings_parse(const char *text, struct timings *timings, struct err *err);
json_t *timings_to_json(const struct timings *timings);

/* "sockets to 64K: 4 slices of 10 ms after 2 ms" */
void timing_format(const struct timing *timing, char *buf, size_t size);

/* NULL where there are no rows. */
const struct timing *timings_find(const struct timings *timings,
				  const struct point *point);

#endif
