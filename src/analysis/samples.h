/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples.h - stored blocks sorted into cells, as arrays for the estimator.
 * Of this room alone.
 */
#ifndef VAZAO_ANALYSIS_SAMPLES_H
#define VAZAO_ANALYSIS_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"
#include "store/usage.h"

/* Good blocks of one cell, in time order. */
struct cell_samples {
	size_t n;
	double *rate; /* [n], 10^6 bit/s */
	/* those blocks in which the reference was measured too */
	size_t pairs;
	double *x, *y;		/* [pairs]: reference, path; y may be rate */
	int64_t sndbuf, rcvbuf; /* of the last block, bytes; 0: none */
	size_t room;		/* of rate and x, while they grow */
};

struct samples {
	struct cell_samples *cell; /* [point * paths + path] */
	size_t cells;
	size_t blocks, discarded;
	/* [paths] what every good block of the study took, also those that
	 * the query leaves out; the machine's part of it is not filled */
	struct store_usage *usage;
};

/* Which blocks are read, and against which path. */
struct samples_query {
	size_t points, paths;
	int reference;		/* path */
	int64_t from_ns, to_ns; /* started then; to 0: no end */
};

/* A block discarded, whatever the cause, is counted and left out. -EIO where
 * a block speaks of a point or path that the study does not have. */
int samples_gather(struct samples *samples, struct store *store,
		   const struct samples_query *query, struct err *err);
void samples_free(struct samples *samples);

#endif
