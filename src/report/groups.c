/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/groups.h"

#include <stdbool.h>

/* Do both points lie in the same table? */
static bool group_same(const struct point *a, const struct point *b)
{
	for (enum axis axis = 0; axis < AXIS_COUNT; axis++)
		if (axis != AXIS_SOCKET_SIZE && axis != AXIS_MESSAGE_SIZE &&
		    a->value[axis] != b->value[axis])
			return false;
	return true;
}

static bool opens_group(const struct matrix *m, size_t point)
{
	for (size_t i = 0; i < point; i++)
		if (group_same(&m->point[i], &m->point[point]))
			return false;
	return true;
}

size_t group_next(const struct matrix *matrix, size_t point)
{
	do
		point++;
	while (point < matrix->points && !opens_group(matrix, point));
	return point;
}

size_t group_next_point(const struct matrix *matrix, size_t point)
{
	const struct point *here = &matrix->point[point];

	do
		point++;
	while (point < matrix->points &&
	       !group_same(here, &matrix->point[point]));
	return point;
}
