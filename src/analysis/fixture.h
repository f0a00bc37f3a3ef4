/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fixture.h - a made-up study, stored and loaded, for this room's tests alone.
 */
#ifndef VAZAO_ANALYSIS_FIXTURE_H
#define VAZAO_ANALYSIS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/series.h"
#include "analysis/synthetic.h"

struct fixture {
	char dir[40];
	struct store *store;
	struct matrix *matrix;
	struct series series;
};

static inline void fixture_open(struct fixture *f,
				const struct synthetic *study)
{
	struct err err = ERR_INIT;

	memset(f, 0, sizeof(*f));
	strcpy(f->dir, "/tmp/vazao-analysis-XXXXXX");
	if (synthetic_create(f->dir, study, &err) ||
	    store_open(&f->store, f->dir, STORE_READ, &err) ||
	    matrix_load(&f->matrix, f->store, &err) ||
	    series_load(&f->series, f->matrix, f->store, &err))
		fail_msg("%s", err.text);
}

static inline void fixture_close(struct fixture *f)
{
	series_free(&f->series);
	matrix_free(f->matrix);
	store_close(f->store);
	synthetic_remove(f->dir);
}

#endif
