/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scaling.h - paths that differ in their number of cables alone: how
 * throughput grows with it, by the fit of stats/scaling.h, at each point. The
 * paths share blocks, so the fit's rates are of the same rounds. Called by
 * explanation.c; the report prints it.
 */
#ifndef VAZAO_ANALYSIS_SCALING_H
#define VAZAO_ANALYSIS_SCALING_H

#include "analysis/matrix.h"
#include "analysis/series.h"
#include "stats/scaling.h"

#define SCALING_OPTION "cables"

struct scaling_case {
	size_t point;
	size_t sizes;
	size_t path[SCALING_SIZES_MAX]; /* by number of cables */
	double cables[SCALING_SIZES_MAX];
	struct scaling fit; /* not valid: too few blocks */
};

struct scalings {
	struct scaling_case *item;
	size_t count;
};

int scalings_find(struct scalings *found, const struct matrix *matrix,
		  const struct series *series, const struct store_path *paths,
		  struct err *err);
void scalings_free(struct scalings *found);

#endif
