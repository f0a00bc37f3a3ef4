/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * association.h - which counters go with the lost efficiency over a path's
 * cells. Called by explanation.c.
 *
 * Spearman's rank correlation of the counter (per MB of payload; means and
 * shares as they are) with the efficiency, over the cells; its interval by a
 * bootstrap of cells; over all counters of a path the false discovery rate is
 * held at 5 % (Benjamini and Hochberg). It is an association: what the sizes
 * do to both of them shows in it, too. A cause is told by mechanism.h alone.
 */
#ifndef VAZAO_ANALYSIS_ASSOCIATION_H
#define VAZAO_ANALYSIS_ASSOCIATION_H

#include "analysis/usage.h"
#include "stats/rank.h"

#define ASSOCIATION_LEVEL 0.05
#define ASSOCIATION_ALIKE 0.95 /* two counters that tell the same: |rho| */

struct association {
	size_t path;
	const char *counter, *unit; /* counter: lives as long as the usage */
	struct stats_rank rank;	    /* with the efficiency */
	double p;		    /* adjusted */
	size_t alike;		    /* weaker ones that tell the same */
	/* means over the third of the cells with the least and the most */
	double low_value, low_efficiency, high_value, high_efficiency;
};

/* Significant ones, those that tell the same left out, by path and falling
 * |rho|. */
int association_find(const struct usage *usage, const struct matrix *matrix,
		     struct association **list, size_t *count, struct err *err);

#endif
