/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mechanism.h - what changed where one thing was turned, all else alike: the
 * one place where a study tells a cause. Called by explanation.c and
 * statements.c.
 *
 * A turn is two paths of one kind whose options differ in one alone, or two
 * values of an axis that is a mechanism rather than a load (offload, nodelay,
 * zero copy ...) on one path. Both throughputs are compared at every point,
 * by block where paths are, by round where an axis is (contrast.h); all
 * contrasts of all turns are one family.
 */
#ifndef VAZAO_ANALYSIS_MECHANISM_H
#define VAZAO_ANALYSIS_MECHANISM_H

#include "analysis/contrast.h"

struct mechanism {
	size_t path, base; /* the same where an axis was turned */
	char option[48], from[48], to[48];
	size_t first, trials; /* of the family's claim */
	size_t faster, slower;
	double mean; /* geometric, throughput after over before; 0: none */
};

struct mechanisms {
	struct mechanism *turn;
	size_t turns;
	struct claim claim; /* low = 1: in favor is faster */
};

const char *mechanism_verdict(const struct mechanism *turn);

int mechanisms_find(struct mechanisms *found, const struct matrix *matrix,
		    const struct series *series, const struct store_path *paths,
		    struct err *err);
void mechanisms_free(struct mechanisms *found);

/* Do the paths differ in one option alone? Then which, and its values. */
bool mechanism_differs(const struct store_path *base,
		       const struct store_path *path, struct mechanism *turn);

#endif
