/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scale.h - several guests at the same time: tables, sentences and the figure
 * of throughput, cost and fairness over their number. Of this room alone.
 * Nothing is written of a study without pairs.
 */
#ifndef VAZAO_REPORT_SCALE_H
#define VAZAO_REPORT_SCALE_H

#include <jansson.h>

#include "analysis/matrix.h"
#include "base/err.h"
#include "report/prose.h"

/* A table for each path of every set of points that differ by their pairs
 * alone, and where its curve bends. */
void scale_write(const struct matrix *matrix, const struct prose *prose);

/* The same in a sentence or two a path: for the explanation and the advice. */
void scale_write_findings(const struct matrix *matrix,
			  const struct prose *prose);

/* [{"path", "points": text, "bend": pairs or null, "bend_lo", "bend_hi"}]; a
 * bend of null: none as far as was measured. NULL where there is nothing. */
json_t *scale_to_json(const struct matrix *matrix);

/*
 * The figure of one such set: name[] of its files, without suffix; its numbers
 * in NAME.dat, its script in NAME.gp.
 */
void scale_name_figure(const struct matrix *matrix, size_t point, char *name,
		       size_t size);
int scale_write_figure(const struct matrix *matrix, size_t point,
		       const char *dir, struct err *err);

#endif
