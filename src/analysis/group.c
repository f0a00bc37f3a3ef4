/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/group.h"

bool group_holds(const struct point *a, const struct point *b)
{
	for (enum axis axis = 0; axis < AXIS_COUNT; axis++)
		if (a->value[axis] != b->value[axis] &&
		    axis != AXIS_SOCKET_SIZE && axis != AXIS_MESSAGE_SIZE)
			return false;
	return true;
}

bool group_opens(const struct matrix *matrix, size_t point)
{
	for (size_t i = 0; i < point; i++)
		if (group_holds(&matrix->point[i], &matrix->point[point]))
			return false;
	return true;
}

size_t group_sibling(const struct matrix *matrix, size_t point, enum axis axis,
		     int64_t value)
{
	struct point wanted = matrix->point[point];

	wanted.value[axis] = value;
	for (size_t i = 0; i < matrix->points; i++)
		if (point_equal(&matrix->point[i], &wanted))
			return i;
	return GROUP_NO_POINT;
}
