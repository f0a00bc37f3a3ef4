/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plot.h - one figure: its numbers (NAME.dat) and its script (NAME.gp).
 * Of this room alone. An author may change both and draw again without vazao.
 */
#ifndef VAZAO_REPORT_PLOT_H
#define VAZAO_REPORT_PLOT_H

#include <stddef.h>

#include "analysis/matrix.h"
#include "base/err.h"

enum plot_kind {
	PLOT_THROUGHPUT, /* over message size, a line a socket size */
	PLOT_EFFICIENCY, /* the same */
	PLOT_EXTREMES,	 /* throughput over socket size, a line a path */
	PLOT_SCALE,	 /* scale.h's; `path` is the point that opens it */
	PLOT_PATHS,	 /* paths_plot.h's; the same */
	PLOT_LOSS	 /* loss_plot.h's */
};

struct plot {
	const struct matrix *matrix;
	enum plot_kind kind;
	size_t path;	    /* but for PLOT_EXTREMES */
	struct point point; /* what is the same in all of the figure */
	char name[128];	    /* of the files, without suffix */
	char title[256];
};

/* Is there a number to draw? */
bool plot_has_data(const struct plot *plot);

/* Writes dir/NAME.dat and dir/NAME.gp. */
int plot_write(const struct plot *plot, const char *dir, struct err *err);

/* Distinct values of an axis, ascending; malloc'ed, NULL without memory. */
int64_t *plot_axis_values(const struct matrix *matrix, enum axis axis,
			  size_t *count);

#endif
