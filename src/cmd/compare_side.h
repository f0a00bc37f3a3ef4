/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compare_side.h - what is compared, as the command line has it:
 * DIR[:PATH][@SPAN].
 *
 * PATH is one path of the study. SPAN is the time in which blocks were begun:
 * a day (2026-11-23), FROM.., ..TO or FROM..TO, each a day or a time in UTC
 * (2026-11-23T01:05[:00][Z]). A directory whose own name has such marks is
 * taken as it is. Called by compare.c alone.
 */
#ifndef VAZAO_CMD_COMPARE_SIDE_H
#define VAZAO_CMD_COMPARE_SIDE_H

#include <stdint.h>

#include "base/err.h"

struct compare_side {
	const char *text; /* as written */
	char dir[4096];
	char path[32];		/* "": all */
	int64_t from_ns, to_ns; /* 0: open */
};

int compare_side_parse(const char *text, struct compare_side *side,
		       struct err *err);

#endif
