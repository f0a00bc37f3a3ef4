/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/timing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"

static int parse_row(const json_t *json, struct timing *row, struct err *err)
{
	int64_t cycles;
	int rc = json_get_int(json, "socket_size", &row->socket_size, err);

	if (!rc)
		rc = json_get_int(json, "guard_ns", &row->guard_ns, err);
	if (!rc)
		rc = json_get_int(json, "slice_ns", &row->slice_ns, err);
	if (!rc)
		rc = json_get_int(json, "cycles", &cycles, err);
	if (rc)
		return rc;
	if (row->socket_size < 0 || row->guard_ns < 0 || row->slice_ns <= 0 ||
	    cycles <= 0)
		return err_set(err, EINVAL, "a timing of nothing");
	row->cycles = (size_t)cycles;
	return 0;
}

static int parse_rows(const json_t *json, struct timings *timings,
		      struct err *err)
{
	json_t *row;
	size_t i;

	if (!json_is_array(json) || json_array_size(json) > TIMINGS_MAX)
		return err_set(err, EINVAL, "not a list of up to %d timings",
			       TIMINGS_MAX);
	json_array_foreach(json, i, row) {
		int rc = parse_row(row, &timings->row[i], err);

		if (rc)
			return rc;
		if (i && timings->row[i].socket_size <=
				 timings->row[i - 1].socket_size)
			return err_set(err, EINVAL,
				       "timings not by rising socket_size");
	}
	timings->rows = json_array_size(json);
	return 0;
}

int timings_parse(const char *text, struct timings *timings, struct err *err)
{
	json_t *json = json_loads(text, 0, NULL);
	int rc;

	memset(timings, 0, sizeof(*timings));
	rc = parse_rows(json, timings, err);
	json_decref(json);
	return rc ? err_wrap(err, "timings") : 0;
}

json_t *timings_to_json(const struct timings *timings)
{
	json_t *json = json_array();

	for (size_t i = 0; i < timings->rows; i++) {
		const struct timing *row = &timings->row[i];

		json_array_append_new(
			json, json_pack("{sI sI sI sI}", "socket_size",
					(json_int_t)row->socket_size,
					"guard_ns", (json_int_t)row->guard_ns,
					"slice_ns", (json_int_t)row->slice_ns,
					"cycles", (json_int_t)row->cycles));
	}
	return json;
}

/* The larger end's, where they differ; TIMING_ANY_SIZE: the kernel's own sizing. */
static int64_t largest_socket(const struct point *point)
{
	int64_t both = point->value[AXIS_SOCKET_SIZE];
	int64_t size[2] = { point->value[AXIS_SENDER_SOCKET_SIZE],
			    point->value[AXIS_RECEIVER_SOCKET_SIZE] };
	int64_t largest = 0;

	for (int i = 0; i < 2; i++) {
		if (!size[i])
			size[i] = both;
		if (!size[i])
			return TIMING_ANY_SIZE;
		if (size[i] > largest)
			largest = size[i];
	}
	return largest;
}

const struct timing *timings_find(const struct timings *timings,
				  const struct point *point)
{
	int64_t size = largest_socket(point);

	for (size_t i = 0; i < timings->rows; i++)
		if (timings->row[i].socket_size >= size)
			return &timings->row[i];
	return timings->rows ? &timings->row[timings->rows - 1] : NULL;
}

void timing_format(const struct timing *timing, char *buf, size_t size)
{
	char to[32] = "any size";

	if (timing->socket_size != TIMING_ANY_SIZE)
		units_format_bytes(timing->socket_size, to, sizeof(to));
	snprintf(buf, size,
		 "sockets to %s: %zu slice%s of %.3g ms after %.3g ms", to,
		 timing->cycles, timing->cycles == 1 ? "" : "s",
		 (double)timing->slice_ns / (double)NS_PER_MS,
		 (double)timing->guard_ns / (double)NS_PER_MS);
}
