/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flame.h - stacks as a tree, drawn as a flame graph in one SVG file that
 * needs nothing else. Called by profile.c alone.
 */
#ifndef VAZAO_REPORT_FLAME_H
#define VAZAO_REPORT_FLAME_H

#include <stdio.h>

#include <jansson.h>

/*
 * stacks: {"program;outer;...;inner": samples}. `reference` (may be NULL) of
 * another path: then the colors tell what takes a larger share of the samples
 * than there (red) or a smaller one (blue). -ENOMEM.
 */
int flame_draw(FILE *out, const char *title, const json_t *stacks,
	       const json_t *reference);

#endif
