/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * script.h - what all figures' files share: opening and closing them with an
 * error that names them, quoting for gnuplot, colors. Of this room alone.
 */
#ifndef VAZAO_REPORT_SCRIPT_H
#define VAZAO_REPORT_SCRIPT_H

#include <stdio.h>

#include "base/err.h"

/*
 * Colors that people with any kind of color blindness tell apart: M. Okabe,
 * K. Ito, "Color universal design", 2008; without yellow, which is faint on
 * paper.
 */
#define SCRIPT_COLORS 7
extern const char *const script_colors[SCRIPT_COLORS];

/* An axis ends at so many times its highest estimate, whatever the intervals:
 * what goes on beyond it has an arrow there. */
#define SCRIPT_BEYOND 2.0

struct script {
	FILE *out;
	char path[4096];
};

/* dir/name.suffix, to be written. */
int script_open(struct script *script, const char *dir, const char *name,
		const char *suffix, struct err *err);

/* -errno also if anything written before was lost. */
int script_close(struct script *script, struct err *err);

/* In gnuplot's single quotes. */
void script_quote(FILE *out, const char *text);

#endif
