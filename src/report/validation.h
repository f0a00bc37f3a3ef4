/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * validation.h - what a validation found, as page and figures.
 *
 * vazao validate (cmd/) fills the struct from stored studies; here it is told,
 * and judged by nobody: the verdict comes with it.
 */
#ifndef VAZAO_REPORT_VALIDATION_H
#define VAZAO_REPORT_VALIDATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "stats/coverage.h"

/* One interval and what it should contain. */
struct validation_interval {
	double ratio, lo, hi, truth;
};

/* Matrices of one kind: A/A, or an injected effect. */
struct validation_part {
	struct coverage coverage;
	struct coverage_matrix *matrix; /* [studies] */
	struct validation_interval *interval;
	size_t intervals, room;
	size_t studies, blocks, points, reached;
	double seconds; /* of measuring, all studies */
	double s;	/* SD of one block's ratio, pooled over studies */
	double lag1;	/* mean over studies */
	double bias;	/* mean of log(ratio / truth) */
	double bias_se;
};

/* The trace, and what was played on it. */
struct validation_replay {
	size_t blocks, points, replays;
	double seconds; /* the trace's length */
	double precision;
	struct coverage twin;		 /* truth 1 by construction */
	struct coverage others;		 /* truth: the trace's own ratio */
	struct coverage control;	 /* rule of 2007, all paths */
	double blocks_used;		 /* mean of a replay */
	double reached, control_reached; /* shares of the intervals */
};

struct validation {
	char host[256], version[64], date[32];
	struct validation_part aa, injected;
	struct validation_replay replay;
	bool aa_ok, injected_ok, replay_ok, control_told;
	bool ok;
	char verdict[512];
};

/* Markdown; `figures`: refers to the figures below. */
int validation_write(const struct validation *v, bool figures, FILE *out,
		     struct err *err);

/* aa.svg, injection.svg and coverage.svg in dir, with script and data beside
 * them. -ENOPKG where gnuplot is missing. */
int validation_draw(const struct validation *v, const char *dir,
		    struct err *err);

#endif
