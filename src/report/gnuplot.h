/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gnuplot.h - runs gnuplot over scripts. Of this room alone.
 */
#ifndef VAZAO_REPORT_GNUPLOT_H
#define VAZAO_REPORT_GNUPLOT_H

#include <stddef.h>

#include "base/err.h"

/*
 * Draws NAME.gp, for every name, in one format and one gnuplot, in dir.
 * -ENOPKG where gnuplot is missing, with its package; -EIO with its words
 * where it refuses a script.
 */
int gnuplot_run(const char *dir, const char *format, const char *const *names,
		size_t count, struct err *err);

#endif
