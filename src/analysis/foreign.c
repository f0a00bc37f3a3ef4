/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/foreign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "analysis/foreign_tools.h"

#define FILE_MAX_BYTES (64 << 20)

void foreign_init(struct foreign *found, const char *tool)
{
	*found = (struct foreign){ 0 };
	snprintf(found->tool, sizeof(found->tool), "%s", tool);
	point_init(&found->point);
}

int foreign_set(struct foreign *found, enum axis axis, int64_t value,
		struct err *err)
{
	char text[24];
	int rc;

	if (axis_table[axis].kind == AXIS_IS_CHOICE) {
		found->point.value[axis] = value;
		found->told[axis] = true;
		return 0;
	}
	snprintf(text, sizeof(text), "%" PRId64, value);
	rc = axis_parse(axis, text, &found->point.value[axis], err);
	found->told[axis] = rc == 0;
	return rc;
}

static int parse_json(const char *text, size_t size, struct foreign *found,
		      size_t *count, struct err *err)
{
	json_error_t error;
	json_t *json = json_loadb(text, size, 0, &error);
	int rc;

	if (!json)
		return err_set(err, EINVAL, "line %d: no JSON: %s", error.line,
			       error.text);
	if (json_object_get(json, "start") && json_object_get(json, "end"))
		rc = iperf3_parse(json, found, count, err);
	else if (json_object_get(json, "results") &&
		 json_object_get(json, "metadata"))
		rc = flent_parse(json, found, count, err);
	else if (json_object_get(json, "error"))
		rc = err_set(err, EINVAL, "the tool failed: %s",
			     json_string_value(json_object_get(json, "error")));
	else
		rc = err_set(err, EINVAL,
			     "JSON, but neither iperf3's (start, end) nor "
			     "flent's (results, metadata)");
	json_decref(json);
	return rc;
}

int foreign_parse(const char *text, size_t size, struct foreign *found,
		  size_t *count, struct err *err)
{
	size_t first = 0;
	char *copy;
	int rc;

	*count = 0;
	while (first < size && strchr(" \t\r\n", text[first]))
		first++;
	if (first < size && text[first] == '{')
		return parse_json(text + first, size - first, found, count,
				  err);
	copy = strndup(text, size);
	if (!copy)
		return err_set(err, ENOMEM, "out of memory");
	rc = netperf_parse(copy, found, count, err);
	free(copy);
	return rc;
}

/* Compressed or not; *text malloc'ed. */
static int read_file(const char *file, char **text, size_t *size,
		     struct err *err)
{
	gzFile in = gzopen(file, "rbe");
	size_t room = 0;
	int n = 1, rc = 0;

	*text = NULL;
	*size = 0;
	if (!in)
		return err_sys(err, errno, "%s", file);
	while (rc == 0 && n > 0) {
		if (*size + 65536 > room) {
			char *more = realloc(*text, room = 2 * room + 131072);

			if (!more) {
				rc = err_set(err, ENOMEM, "%s", file);
				break;
			}
			*text = more;
		}
		n = gzread(in, *text + *size, 65536);
		*size += n > 0 ? (size_t)n : 0;
		if (n < 0)
			rc = err_set(err, EIO, "%s: cannot be read to its end",
				     file);
		else if (*size > FILE_MAX_BYTES)
			rc = err_set(err, EFBIG, "%s: over 64 MB", file);
	}
	gzclose(in);
	return rc;
}

int foreign_read(const char *file, struct foreign *found, size_t *count,
		 struct err *err)
{
	char *text;
	size_t size;
	int rc = read_file(file, &text, &size, err);

	if (!rc) {
		rc = foreign_parse(text, size, found, count, err);
		if (rc)
			err_wrap(err, "%s", file);
	}
	free(text);
	return rc;
}
