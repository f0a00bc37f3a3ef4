/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pairs.h - fairness among the pairs of a cell, and throughput over their
 * number: the curve of a path, and where it bends.
 *
 * Fairness is Jain's index of a block's pairs (stats/fairness.h), the mean of
 * the good blocks with its t interval, cut off at 1. What a pair has is the
 * mean of its blocks.
 *
 * Called by matrix.c and by report.
 */
#ifndef VAZAO_ANALYSIS_PAIRS_H
#define VAZAO_ANALYSIS_PAIRS_H

#include "analysis/matrix.h"
#include "stats/fairness.h"

/* Fills cell.pairs where a cell has several; others stay all zero. */
int pairs_load(struct matrix *matrix, struct store *store,
	       const struct matrix_query *query, struct err *err);

/* One path over the number of pairs, all else alike. */
struct pairs_curve {
	const struct cell *cell[PAIRS_MAX]; /* [n], pairs ascending */
	size_t n;			    /* with a throughput */
	struct stats_bend bend;
};

/* Is the point the first of those that differ from it by `pairs` alone, and
 * has it others? */
bool pairs_opens(const struct matrix *matrix, size_t point);

/* The curve that such a point opens. */
void pairs_curve_of(const struct matrix *matrix, size_t point, size_t path,
		    struct pairs_curve *curve);

#endif
