/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/units.h"

void words_size(int64_t bytes, char *buf, size_t size)
{
	if (bytes == 0)
		snprintf(buf, size, "auto");
	else
		units_format_bytes(bytes, buf, size);
}

void words_share(double share, char *buf, size_t size)
{
	snprintf(buf, size, share < 0.0995 ? "%.1f %%" : "%.0f %%",
		 100 * share);
}

void words_range(double lo, double hi, char *buf, size_t size)
{
	snprintf(buf, size, lo < 0.0995 ? "%.1f to %.1f %%" : "%.0f to %.0f %%",
		 100 * lo, 100 * hi);
}

void words_mbps(double mbps, char *buf, size_t size)
{
	snprintf(buf, size, mbps < 999.95 ? "%.1f" : "%.0f", mbps);
}

void words_time(int64_t real_ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(real_ns / NS_PER_S);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    strftime(buf, size, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(buf, size, "%" PRId64 " ns", real_ns);
}

bool words_axis_varies(const struct matrix *matrix, enum axis axis)
{
	for (size_t i = 1; i < matrix->points; i++)
		if (matrix->point[i].value[axis] !=
		    matrix->point[0].value[axis])
			return true;
	return false;
}

static void one_axis(enum axis axis, int64_t value, char *buf, size_t size)
{
	const char *label = axis_table[axis].label;
	char text[32];

	axis_say(axis, value, text, sizeof(text));
	snprintf(buf, size, "%s%s%s", label, *label ? " " : "", text);
}

static void append(char *buf, size_t size, const char *separator,
		   const char *text)
{
	size_t used = strlen(buf);

	snprintf(buf + used, size - used, "%s%s", used ? separator : "", text);
}

void words_point(const struct matrix *matrix, const struct point *point,
		 char *buf, size_t size)
{
	char text[64];

	buf[0] = '\0';
	for (enum axis axis = 0; axis < AXIS_COUNT; axis++) {
		bool is_size = axis == AXIS_SOCKET_SIZE ||
			       axis == AXIS_MESSAGE_SIZE || axis == AXIS_MTU;

		if ((!words_axis_varies(matrix, axis) &&
		     !(matrix->points == 1 && is_size)) ||
		    !axis_applies(axis, point))
			continue;
		one_axis(axis, point->value[axis], text, sizeof(text));
		append(buf, size, ", ", text);
	}
}

void words_group(const struct matrix *matrix, const struct point *point,
		 char *buf, size_t size)
{
	char text[64];

	buf[0] = '\0';
	for (enum axis axis = 0; axis < AXIS_COUNT; axis++) {
		if (axis == AXIS_SOCKET_SIZE || axis == AXIS_MESSAGE_SIZE ||
		    !axis_is_told(axis, point))
			continue;
		if (axis == AXIS_FLOWS && point->value[axis] == 1 &&
		    !words_axis_varies(matrix, axis))
			continue;
		one_axis(axis, point->value[axis], text, sizeof(text));
		append(buf, size, axis == AXIS_DIRECTION ? " " : ", ", text);
	}
}
