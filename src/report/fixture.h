/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fixture.h - a made-up study, stored, loaded and reported into memory; for
 * this room's tests alone.
 */
#ifndef VAZAO_REPORT_FIXTURE_H
#define VAZAO_REPORT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/synthetic.h"
#include "report/report.h"

struct fixture {
	char dir[32];
	struct store *store;
	struct matrix *matrix;
};

static inline void fixture_open(struct fixture *f,
				const struct synthetic *study)
{
	struct err err = ERR_INIT;

	strcpy(f->dir, "/tmp/vazao-report-XXXXXX");
	if (synthetic_create(f->dir, study, &err) ||
	    store_open(&f->store, f->dir, STORE_READ, &err) ||
	    matrix_load(&f->matrix, f->store, &err))
		fail_msg("%s", err.text);
}

static inline void fixture_close(struct fixture *f)
{
	matrix_free(f->matrix);
	store_close(f->store);
	synthetic_remove(f->dir);
}

/* malloc'ed. */
static inline char *fixture_report(const struct fixture *f, const char *format,
				   bool raw)
{
	struct err err = ERR_INIT;
	const struct report_ops *ops = report_find(format, &err);
	struct report_args args = { .matrix = f->matrix,
				    .store = f->store,
				    .raw = raw };
	char *text = NULL;
	size_t size;

	assert_non_null(ops);
	args.out = open_memstream(&text, &size);
	assert_non_null(args.out);
	if (ops->write(&args, &err))
		fail_msg("%s", err.text);
	fclose(args.out);
	return text;
}

#endif
