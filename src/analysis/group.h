/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * group.h - points that differ by socket and message size alone, and points
 * that differ by one axis. Of this room alone.
 */
#ifndef VAZAO_ANALYSIS_GROUP_H
#define VAZAO_ANALYSIS_GROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/matrix.h"

#define GROUP_NO_POINT ((size_t)-1)

bool group_holds(const struct point *a, const struct point *b);

/* Is it the first point of its group? */
bool group_opens(const struct matrix *matrix, size_t point);

/* The point that is as this one, but with that value; GROUP_NO_POINT. */
size_t group_sibling(const struct matrix *matrix, size_t point, enum axis axis,
		     int64_t value);

#endif
