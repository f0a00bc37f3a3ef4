/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * paths_plot.h - the figure of a study of many paths and few points: a row a
 * path, a mark with its interval a point. Where there is one socket size and
 * one message size, lines over them would be dots. Of this room alone.
 */
#ifndef VAZAO_REPORT_PATHS_PLOT_H
#define VAZAO_REPORT_PATHS_PLOT_H

#include "analysis/matrix.h"
#include "base/err.h"

/* Has the study one socket and one message size, and paths to compare? */
bool paths_plot_fits(const struct matrix *matrix);

/* Is `point` the first of a figure: of its workload and MTU? */
bool paths_plot_opens(const struct matrix *matrix, size_t point);

/* The points of the figure that `point` opens have an efficiency to draw. */
bool paths_plot_has_data(const struct matrix *matrix, size_t point);

void paths_plot_name(const struct matrix *matrix, size_t point, char *name,
		     size_t size);

/* "tcp_stream, MTU 1500" */
void paths_plot_title(const struct matrix *matrix, size_t point, char *title,
		      size_t size);

/* Writes dir/NAME.dat and dir/NAME.gp. */
int paths_plot_write(const struct matrix *matrix, size_t point, const char *dir,
		     struct err *err);

#endif
