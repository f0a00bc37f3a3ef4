/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compare_formats.h - what the writers of comparisons share. Of this room
 * alone.
 */
#ifndef VAZAO_REPORT_COMPARE_FORMATS_H
#define VAZAO_REPORT_COMPARE_FORMATS_H

#include <stddef.h>

#include "report/compare.h"
#include "report/summary.h"

extern const struct compare_ops compare_txt, compare_md, compare_json,
	compare_junit, compare_html;

/* The whole comparison as JSON; a new reference. The page takes the same. */
json_t *compare_to_json(const struct compare_report *report);

/* "domU", or "dom0 -> domU" where they are not the same. */
void compare_paths(const struct comparison *c, const struct change *change,
		   char *buf, size_t size);

void compare_say_means(const struct compare_report *report,
		       const struct summary_lines *lines);
void compare_say_notes(const struct compare_report *report,
		       const struct summary_lines *lines);

/* "worse: B against A, efficiency, margin +-3 %" */
void compare_headline(const struct compare_report *report, char *buf,
		      size_t size);

#endif
