/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compare.h - two studies, or two paths or dates of one, cell by cell: what is
 * the same, better or worse in B than in A.
 *
 * From two matrices; called by cmd/compare.c, printed by report/. What is
 * compared is the efficiency, which is free of what both paths of a block
 * felt alike, or with COMPARE_THROUGHPUT the throughput itself. Where A and B
 * are paths of one study, B's matrix is loaded with A's path as its reference
 * (matrix_load_query()): block against block, far sharper than the quotient
 * of two efficiencies.
 *
 * The verdicts are stats/verdict.h's, over all cells as one family; the means
 * of the paths are a family of their own. The intervals tell how exactly these
 * runs are known. What differed between the runs and lasted (placement, a
 * neighbor, a reboot) is in neither: only more runs show it.
 */
#ifndef VAZAO_ANALYSIS_COMPARE_H
#define VAZAO_ANALYSIS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "analysis/matrix.h"
#include "base/err.h"
#include "stats/verdict.h"

enum compare_by { COMPARE_EFFICIENCY, COMPARE_THROUGHPUT };

struct compare_args {
	const struct matrix *a, *b;
	/* A path each; -1: all paths that both have. */
	int path_a, path_b;
	bool paired; /* a == b, whose reference is path_a */
	enum compare_by by;
	double margin, q; /* 0.03, 0.05 */
	enum fdr fdr;
	bool force; /* also what is not comparable */
};

/* One cell, or one path's mean over its cells. */
struct change {
	const struct cell *a, *b; /* NULL for a mean */
	int path_a, path_b;
	size_t cells;	      /* of a mean */
	double ratio, lo, hi; /* B over A, 95 %; 0: not judged */
	double p;	      /* the least of the three tests */
	enum verdict verdict;
	const char *why; /* not judged; NULL */
};

struct comparison {
	struct compare_args args;
	struct change *cell, *mean;
	size_t cells, means;
	size_t count[VERDICTS], unjudged;
	size_t only_a, only_b;
	/* [{"what", "a", "b"}]: what is unlike, and whether that forbids it */
	json_t *differences;
	enum verdict overall;
};

/* -EINVAL, with all that differs, where the two are not comparable. */
int compare(struct comparison **comparison, const struct compare_args *args,
	    struct err *err);
void compare_free(struct comparison *comparison);

const char *verdict_name(enum verdict verdict); /* "same" */

#endif
