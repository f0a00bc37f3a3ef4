/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * series.h - the good blocks of every cell with their rounds, so that cells
 * of different points can be compared within rounds. Of this room alone.
 */
#ifndef VAZAO_ANALYSIS_SERIES_H
#define VAZAO_ANALYSIS_SERIES_H

#include <stddef.h>

#include "analysis/matrix.h"
#include "base/err.h"
#include "store/store.h"

/* One block of a cell. */
struct series_block {
	int round;
	double rate;	  /* 10^6 bit/s */
	double reference; /* the reference's in that block; < 0: none */
};

struct series_cell {
	size_t n;
	struct series_block *block; /* [n], by round */
};

struct series {
	size_t paths, cells;
	struct series_cell *cell; /* [point * paths + path], as the matrix */
};

/* The matrix is of the same store. */
int series_load(struct series *series, const struct matrix *matrix,
		struct store *store, struct err *err);
void series_free(struct series *series);

const struct series_cell *series_of(const struct series *series, size_t point,
				    size_t path);

#endif
