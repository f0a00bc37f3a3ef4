/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report.h - a stored study for people and for programs.
 *
 * Each format is one file with one `const struct report_ops`, listed in
 * report_formats[]. Writers get a matrix (analysis/) and, for raw blocks, the
 * store; they write to a FILE and never exit. Called by cmd/report.c,
 * cmd/figures.c and cmd/study.c at its end.
 */
#ifndef VAZAO_REPORT_REPORT_H
#define VAZAO_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "analysis/matrix.h"
#include "base/err.h"
#include "store/store.h"

struct report_args {
	const struct matrix *matrix;
	struct store *store; /* for raw blocks */
	bool raw;	     /* JSON: with every block */
	/* html: what changed since another study (compare.h); NULL */
	const json_t *comparison;
	bool live;  /* html: served while the study runs (/events) */
	bool color; /* txt: to a terminal that has colors */
	FILE *out;
};

struct report_ops {
	const char *format; /* "csv", "json", "md", "txt" ... */
	const char *help;
	int (*write)(const struct report_args *args, struct err *err);
};

extern const struct report_ops *const report_formats[]; /* NULL-ended */

/* NULL, with the formats there are in err (-EINVAL), where there is none of
 * that name. */
const struct report_ops *report_find(const char *format, struct err *err);

/*
 * The study's figures 2 to 7 by gnuplot, for whatever paths and axes there
 * are, into dir (made if missing): throughput-PATH-mtu-N, efficiency-PATH-mtu-N
 * and extremes-mtu-N-message-SIZE, each as NAME.gp and NAME.dat, and NAME.FORMAT
 * beside them; index.md says what each shows and which of the study's figures
 * it is. formats: NULL-ended, of report_figure_formats[]. -ENOPKG with the
 * package's name where gnuplot is missing. *count = figures.
 */
extern const char *const report_figure_formats[]; /* NULL-ended */
int report_draw_figures(const struct matrix *matrix, const char *dir,
			const char *const *formats, size_t *count,
			struct err *err);

#endif
