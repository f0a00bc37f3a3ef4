/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * line.h - sentences on their way out: cut into lines for a terminal, or with
 * what Markdown would take for markup escaped. Causes and titles are others'
 * words: no control characters of theirs come through. Of this room alone.
 */
#ifndef VAZAO_REPORT_LINE_H
#define VAZAO_REPORT_LINE_H

#include <stdio.h>

/* Where text stands: columns in all; how many are taken on the first line, and
 * by how many the next ones are indented. */
struct line_place {
	int columns, first, rest;
};

/* The last line is ended, too. "5 %" stays together. */
void line_wrap(FILE *out, const char *text, const struct line_place *place);

void line_escape(FILE *out, const char *text);

#endif
