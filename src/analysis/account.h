/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * account.h - CPU us/KB by place (usage.h) of a path, beside the reference's
 * in the same cells. Called by explanation.c.
 *
 * A value is the mean over cells, each cell the ratio of its sums over blocks;
 * its interval is 1.96 standard errors, from the spread between blocks. The
 * interval of a difference takes both errors as independent: blocks are shared,
 * and load that hits both makes it too wide, not too narrow.
 */
#ifndef VAZAO_ANALYSIS_ACCOUNT_H
#define VAZAO_ANALYSIS_ACCOUNT_H

#include "analysis/usage.h"

struct account_sum {
	bool valid;
	double value, lo, hi; /* us/KB */
};

struct account {
	size_t path, first; /* first: a point of the group: all but the sizes */
	size_t cells, blocks;
	double efficiency; /* geometric mean over these cells; 0: none */
	struct account_sum place[PLACES], reference[PLACES], extra[PLACES];
	/* The whole system's cost over that of dom0's path, whose bridge this
	 * path passes as well: what the guest's own way costs. */
	struct account_sum over_dom0;
};

/* Of every path and group that has counters; *count may be 0. */
int account_make(const struct usage *usage, const struct matrix *matrix,
		 struct account **accounts, size_t *count, struct err *err);

#endif
