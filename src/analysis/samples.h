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

/* Good blocks of one cell, in time order. */
struct cell_samples {
	size_t n;
	double *rate; /* [n], 10^6 bit/s */
	/* those blocks in which the reference was measured too */
	size_t pairs;
	double *x, *y;		/* [pairs]: reference, path */
	int64_t sndbuf, rcvbuf; /* of the last block, bytes; 0: none */
};

struct samples {
	struct cell_samples *cell; /* [point * paths + path] */
	double *memory;		   /* what the cells' arrays lie in */
	size_t blocks, discarded;
};

/* A block discarded, whatever the cause, is counted and left out. -EIO where
 * a block speaks of a point or path that the study does not have. */
int samples_gather(struct samples *samples, struct store *store, size_t points,
		   size_t paths, struct err *err);
void samples_free(struct samples *samples);

#endif
