/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * columns.h - the columns of a cell, the same in CSV and JSON.
 * Of this room alone. Columns are added at the end; none is ever taken away
 * or renamed: people's scripts read them.
 */
#ifndef VAZAO_REPORT_COLUMNS_H
#define VAZAO_REPORT_COLUMNS_H

#include <jansson.h>

#include "analysis/matrix.h"

/* Digits of every real number, in both formats. */
#define COLUMN_DIGITS 9

struct column {
	const char *name;
	/* A new reference; null where it was not measured. */
	json_t *(*value)(const struct matrix *matrix, const struct cell *cell);
};

/* path; the first axes, AXIS_FIRST_OF_CSV of them; measured_columns[]; then
 * each further axis that the matrix tells of. */
extern const struct column column_path;
extern const struct column measured_columns[]; /* ended by name == NULL */

/* Null where the axis has no meaning for the cell's workload. */
json_t *column_axis(const struct cell *cell, enum axis axis);

#endif
