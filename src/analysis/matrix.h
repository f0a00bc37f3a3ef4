/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * matrix.h - a stored study as a matrix of cells with intervals.
 *
 * From rows alone (store/), by the estimator of stats/. The report, the
 * figures, the comparison and the advice all start here.
 */
#ifndef VAZAO_ANALYSIS_MATRIX_H
#define VAZAO_ANALYSIS_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/axis.h"
#include "base/err.h"
#include "stats/estimate.h"
#include "store/store.h"

enum cell_status {
	CELL_REFERENCE, /* first path; efficiency 1 by definition */
	CELL_REACHED,
	CELL_NOT_REACHED, /* out of budget: the interval as it is */
	CELL_CAPPED,	  /* the cable's rate binds both paths */
	CELL_FAILED	  /* cause says why */
};

const char *cell_status_name(enum cell_status status); /* "REACHED" */

struct cell {
	const struct point *point;
	int point_id, path;
	enum cell_status status;
	struct stats_mean throughput; /* 10^6 bit/s */
	struct stats_efficiency efficiency;
	size_t blocks;
	int64_t sndbuf_effective, rcvbuf_effective; /* bytes; 0: not known */
	double cpu_us_per_kb, context_switches_per_s,
		page_faults_per_s; /* < 0: not measured */
	char cause[256];	   /* "" but for FAILED */
};

/* One path over all its points, for the methods section. */
struct matrix_path {
	char name[32], kind[32];
	struct stats_pool pool;
};

struct matrix {
	char *title;
	double precision; /* 0.025 */
	int64_t link_bps;
	struct matrix_path *path;
	size_t paths;
	struct point *point;
	size_t points;
	struct cell *cell; /* [point * paths + path] */
	size_t blocks, discarded;
	int64_t started_at_ns, finished_at_ns; /* 0: not finished */
	json_t *settings;		       /* store_load_settings() */
	json_t *differences; /* [{"key", "values": {node: value}}]: what the
			      * nodes do not have alike */
	json_t *events;
};

int matrix_load(struct matrix **matrix, struct store *store, struct err *err);
void matrix_free(struct matrix *matrix);

const struct cell *matrix_cell(const struct matrix *matrix, size_t point,
			       size_t path);

#endif
