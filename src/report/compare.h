/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compare.h - a comparison (analysis/compare.h) for people and for programs.
 *
 * As report.h: one `const struct compare_ops` a format, listed in
 * compare_formats[]; writers write to a FILE and never exit. Called by
 * cmd/compare.c.
 */
#ifndef VAZAO_REPORT_COMPARE_H
#define VAZAO_REPORT_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "analysis/compare.h"
#include "base/err.h"
#include "store/store.h"

struct compare_report {
	const struct comparison *comparison;
	const char *name_a, *name_b; /* as the user wrote them */
	struct store *store_b;	     /* html: the page is B's */
	bool all;   /* every cell, not only what changed (txt, md) */
	bool color; /* txt */
	FILE *out;
};

struct compare_ops {
	const char *format; /* "txt", "md", "json", "junit", "html" */
	const char *help;
	int (*write)(const struct compare_report *report, struct err *err);
};

extern const struct compare_ops *const compare_formats[]; /* NULL-ended */

/* NULL, with the formats there are in err (-EINVAL). */
const struct compare_ops *compare_find(const char *format, struct err *err);

#endif
