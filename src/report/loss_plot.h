/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loss_plot.h - the figure of the highest rates without loss (rule: loss): a
 * row a cell, its rate with its interval, and what is received at overload. Of
 * this room alone.
 */
#ifndef VAZAO_REPORT_LOSS_PLOT_H
#define VAZAO_REPORT_LOSS_PLOT_H

#include "analysis/matrix.h"
#include "base/err.h"

#define LOSS_PLOT_NAME "no-loss"

/* Was any rate found? */
bool loss_plot_has_data(const struct matrix *matrix);

/* Writes dir/no-loss.dat and dir/no-loss.gp. */
int loss_plot_write(const struct matrix *matrix, const char *dir,
		    struct err *err);

#endif
