/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * foreign.h - what other tools wrote, read as throughput at a point: iperf3's
 * JSON (-J), netperf's omni output as KEY=VALUE (-k) or CSV (-o), flent's
 * data files; each also compressed by gzip.
 *
 * Called by cmd/import.c. A file that is none of these, or that ended in an
 * error, is refused with what was found. What a file does not tell of its
 * settings stands at the axis' fallback, and `told` says which it told.
 */
#ifndef VAZAO_ANALYSIS_FOREIGN_H
#define VAZAO_ANALYSIS_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/axis.h"
#include "base/err.h"

#define FOREIGN_MAX 64 /* results a file */

struct foreign {
	char tool[16];
	struct point point;
	bool told[AXIS_COUNT];
	double throughput_mbps, seconds; /* seconds 0: not told */
};

/* *count results in found[FOREIGN_MAX], at least one. */
int foreign_read(const char *file, struct foreign *found, size_t *count,
		 struct err *err);

/* The same of text in memory; for foreign_read() and tests. */
int foreign_parse(const char *text, size_t size, struct foreign *found,
		  size_t *count, struct err *err);

#endif
