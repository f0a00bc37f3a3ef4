/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/axis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

static const char *const workloads[] = { "tcp_stream", NULL };
static const char *const directions[] = { "send", "receive", NULL };
static const char *const offloads[] = { "off", "on", NULL };

/* clang-format off */
const struct axis_desc axis_table[AXIS_COUNT] = {
	[AXIS_WORKLOAD] = {
		.name = "workload", .kind = AXIS_IS_CHOICE,
		.choices = workloads, .fallback = WORKLOAD_TCP_STREAM,
		.help = "what is measured: tcp_stream",
	},
	[AXIS_DIRECTION] = {
		.name = "direction", .kind = AXIS_IS_CHOICE,
		.choices = directions, .fallback = DIRECTION_SEND,
		.help = "send: M1 to M2 (netperf's STREAM); receive: M2 to M1 (MAERTS)",
	},
	[AXIS_MTU] = {
		.name = "mtu", .kind = AXIS_IS_BYTES,
		/* 68: RFC 791, the least that IPv4 must carry; 65535: the
		 * largest that the kernel's veth and TAP take */
		.min = 68, .max = 65535, .fallback = 1500,
		.help = "MTU in bytes of every hop of every path",
	},
	[AXIS_SOCKET_SIZE] = {
		.name = "socket_size", .kind = AXIS_IS_BYTES,
		.min = 0, .max = 1073741824, .fallback = 0,
		.help = "SO_SNDBUF and SO_RCVBUF of both ends in bytes (netperf's -s and -S); 0: the kernel's own sizing",
	},
	[AXIS_MESSAGE_SIZE] = {
		.name = "message_size", .kind = AXIS_IS_BYTES,
		.min = 1, .max = 67108864, .fallback = 65536,
		.help = "bytes that one write hands to the socket (netperf's -m)",
	},
	[AXIS_OFFLOAD] = {
		.name = "offload", .kind = AXIS_IS_CHOICE,
		.choices = offloads, .fallback = OFFLOAD_OFF,
		.help = "segmentation and checksum offload on every hop: off or on",
	},
	[AXIS_FLOWS] = {
		.name = "flows", .kind = AXIS_IS_COUNT,
		.min = 1, .max = 1024, .fallback = 1,
		.help = "connections in parallel on a path",
	},
};
/* clang-format on */

int axis_find(const char *name)
{
	for (int i = 0; i < AXIS_COUNT; i++)
		if (strcmp(axis_table[i].name, name) == 0)
			return i;
	return -1;
}

static int parse_choice(const struct axis_desc *desc, const char *text,
			int64_t *value, struct err *err)
{
	char valid[256] = "";
	size_t used = 0;

	for (int i = 0; desc->choices[i]; i++) {
		if (strcmp(desc->choices[i], text) == 0) {
			*value = i;
			return 0;
		}
		used += (size_t)snprintf(valid + used, sizeof(valid) - used,
					 "%s%s", i ? ", " : "",
					 desc->choices[i]);
	}
	return err_set(err, EINVAL, "%s: '%s' is not one of: %s", desc->name,
		       text, valid);
}

int axis_parse(enum axis axis, const char *text, int64_t *value,
	       struct err *err)
{
	const struct axis_desc *desc = &axis_table[axis];
	int rc;

	if (desc->kind == AXIS_IS_CHOICE)
		return parse_choice(desc, text, value, err);
	if (desc->kind == AXIS_IS_BYTES)
		rc = units_parse_bytes(text, value, err);
	else
		rc = units_parse_count(text, value, err);
	if (rc)
		return err_wrap(err, "%s", desc->name);
	if (*value < desc->min || *value > desc->max)
		return err_set(err, ERANGE,
			       "%s: %" PRId64 " is outside %" PRId64
			       " to %" PRId64,
			       desc->name, *value, desc->min, desc->max);
	return 0;
}

void axis_format(enum axis axis, int64_t value, char *buf, size_t size)
{
	if (axis_table[axis].kind == AXIS_IS_CHOICE)
		snprintf(buf, size, "%s", axis_table[axis].choices[value]);
	else
		snprintf(buf, size, "%" PRId64, value);
}

void point_init(struct point *point)
{
	for (int i = 0; i < AXIS_COUNT; i++)
		point->value[i] = axis_table[i].fallback;
}

bool point_equal(const struct point *a, const struct point *b)
{
	return memcmp(a->value, b->value, sizeof(a->value)) == 0;
}

void point_format(const struct point *point, char *buf, size_t size)
{
	char socket_size[24], message_size[24];
	const int64_t *v = point->value;

	units_format_bytes(v[AXIS_SOCKET_SIZE], socket_size,
			   sizeof(socket_size));
	units_format_bytes(v[AXIS_MESSAGE_SIZE], message_size,
			   sizeof(message_size));
	snprintf(buf, size,
		 "%s %s mtu %" PRId64 " socket %s message %s offload %s"
		 " flows %" PRId64,
		 workloads[v[AXIS_WORKLOAD]], directions[v[AXIS_DIRECTION]],
		 v[AXIS_MTU], socket_size, message_size,
		 offloads[v[AXIS_OFFLOAD]], v[AXIS_FLOWS]);
}

json_t *point_to_json(const struct point *point)
{
	json_t *json = json_object();

	for (int i = 0; i < AXIS_COUNT; i++) {
		int64_t v = point->value[i];

		json_object_set_new(
			json, axis_table[i].name,
			axis_table[i].kind == AXIS_IS_CHOICE
				? json_string(axis_table[i].choices[v])
				: json_integer(v));
	}
	return json;
}

static int value_from_json(enum axis axis, const json_t *json, int64_t *value,
			   struct err *err)
{
	char text[32];

	if (json_is_string(json))
		return axis_parse(axis, json_string_value(json), value, err);
	if (!json_is_integer(json))
		return err_set(err, EINVAL, "%s: neither a string nor a number",
			       axis_table[axis].name);
	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
		 json_integer_value(json));
	return axis_parse(axis, text, value, err);
}

int point_from_json(const json_t *json, struct point *point, struct err *err)
{
	point_init(point);
	for (int i = 0; i < AXIS_COUNT; i++) {
		const json_t *v = json_object_get(json, axis_table[i].name);
		int rc = v ? value_from_json((enum axis)i, v, &point->value[i],
					     err)
			   : 0;

		if (rc)
			return rc;
	}
	return 0;
}
