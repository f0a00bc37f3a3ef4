/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * imported.h - what other tools measured (store/imported.h) as paths and cells
 * of a matrix. Of this room alone.
 */
#ifndef VAZAO_ANALYSIS_IMPORTED_H
#define VAZAO_ANALYSIS_IMPORTED_H

#include "analysis/matrix.h"
#include "base/err.h"
#include "store/store.h"

#define IMPORTED_KIND "import" /* of such a path */

/* Behind the study's own paths, before there are cells. */
int imported_add_paths(struct matrix *matrix, struct store *store,
		       struct err *err);

/* The cells of those paths, all IMPORTED; without a number where the tool
 * measured nothing. */
int imported_fill(struct matrix *matrix, struct store *store, struct err *err);

#endif
