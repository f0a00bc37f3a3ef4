/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * groups.h - the points of a matrix in groups that differ by socket and
 * message size alone: one table each. Of this room alone.
 */
#ifndef VAZAO_REPORT_GROUPS_H
#define VAZAO_REPORT_GROUPS_H

#include <stddef.h>

#include "analysis/matrix.h"

/* The first point of the next group after the one that `point` opened;
 * matrix->points at the end. Point 0 opens the first. */
size_t group_next(const struct matrix *matrix, size_t point);

/* The next point of the same group; matrix->points at the end. */
size_t group_next_point(const struct matrix *matrix, size_t point);

#endif
