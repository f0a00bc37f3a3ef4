/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * prose.h - sentences, items and lines to paste, for a terminal or as
 * Markdown. Of this room and the commands that print findings.
 */
#ifndef VAZAO_REPORT_PROSE_H
#define VAZAO_REPORT_PROSE_H

#include <stdbool.h>
#include <stdio.h>

#define PROSE_COLUMNS 90 /* of the terminal's text */

struct prose {
	FILE *out;
	bool markdown;
	bool color; /* a terminal that has colors */
};

enum prose_mark { PROSE_PLAIN, PROSE_GOOD, PROSE_BAD, PROSE_OPEN };

void prose_title(const struct prose *prose, const char *text);

void prose_heading(const struct prose *prose, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void prose_paragraph(const struct prose *prose, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* "holds          Text": the label in a column of its own, and marked. */
void prose_item(const struct prose *prose, enum prose_mark mark,
		const char *label, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Below an item. */
void prose_detail(const struct prose *prose, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* "- text", each on its own. */
void prose_bullet(const struct prose *prose, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Lines that are given as they are: a table or commands. */
void prose_begin_lines(const struct prose *prose);
void prose_line(const struct prose *prose, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void prose_end_lines(const struct prose *prose);

#endif
