/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/words.h"

#define SHOWN_MAX 8 /* values of an axis */

/* The values of an axis of the points in `in`, ascending; the count. */
static size_t list_values(const struct matrix *m, const bool *in,
			  enum axis axis, int64_t *list)
{
	size_t count = 0;

	for (size_t i = 0; i < m->points; i++) {
		int64_t value = m->point[i].value[axis];
		size_t at = count;

		for (; in[i] && at > 0 && list[at - 1] >= value; at--)
			;
		if (!in[i] || (at < count && list[at] == value))
			continue;
		memmove(&list[at + 1], &list[at], (count - at) * sizeof(*list));
		list[at] = value;
		count++;
	}
	return count;
}

static void put_values(enum axis axis, const int64_t *list, size_t count,
		       char *buf, size_t size)
{
	const char *label = axis_table[axis].label;

	text_append(buf, size, "%s%s%s", *buf ? "; " : "", label,
		    *label ? " " : "");
	for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
		char value[WORDS_MAX];

		axis_say(axis, list[i], value, sizeof(value));
		text_append(buf, size, "%s%s", i ? ", " : "", value);
	}
	text_append(buf, size, "%s", count > SHOWN_MAX ? " ..." : "");
}

void cells_describe(const struct matrix *matrix, const bool *in, const bool *of,
		    char *buf, size_t size)
{
	int64_t *list = calloc(matrix->points + 1, sizeof(*list));

	buf[0] = '\0';
	for (enum axis axis = 0; list && axis < AXIS_COUNT; axis++) {
		size_t all = list_values(matrix, of, axis, list);
		size_t count = list_values(matrix, in, axis, list);

		if (count < all)
			put_values(axis, list, count, buf, size);
	}
	free(list);
}
