/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/axis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

static const char *const workloads[] = {
	"tcp_stream",  "tcp_rr",    "tcp_crr",	"udp_stream",  "udp_rr",
	"unix_stream", "unix_rr",   "unix_crr", "unix_packet", "vsock_stream",
	"vsock_rr",    "vsock_crr", NULL
};
static const char *const directions[] = { "send", "receive", "both", NULL };
static const char *const off_on[] = { "off", "on", NULL };
static const char *const neighbors[] = { "off", "tcp_rr", NULL };
static const char *const offloads[] = { "off", "on", "as-is", NULL };
static const char *const families[] = { "ipv4", "ipv6", NULL };
static const char *const zero_copies[] = { "off", "msg_zerocopy", "sendfile",
					   "splice", NULL };

/* auto, and those that Linux has; a kernel has what it was built with. */
static const char *const congestions[] = {
	"auto",	    "reno", "cubic", "bbr",	  "dctcp", "vegas", "nv",
	"westwood", "htcp", "bic",   "illinois",  "hybla", "veno",  "yeah",
	"scalable", "lp",   "cdg",   "highspeed", NULL
};

#define ON(workload) (1u << WORKLOAD_##workload)
#define ALL	     (~0u)
#define TCP	     (ON(TCP_STREAM) | ON(TCP_RR) | ON(TCP_CRR))
#define UDP	     (ON(UDP_STREAM) | ON(UDP_RR))
#define IP	     (TCP | UDP)
#define BYTE_STREAMS (ON(TCP_STREAM) | ON(UNIX_STREAM) | ON(VSOCK_STREAM))
#define DATAGRAMS    (ON(UDP_STREAM) | ON(UNIX_PACKET))
#define EXCHANGES    (~(BYTE_STREAMS | DATAGRAMS))

/* clang-format off */
const struct axis_desc axis_table[AXIS_COUNT] = {
	[AXIS_WORKLOAD] = {
		.name = "workload", .label = "", .letter = 'w', .kind = AXIS_IS_CHOICE,
		.choices = workloads, .fallback = WORKLOAD_TCP_STREAM,
		.workloads = ALL,
		.help = "what is measured",
	},
	[AXIS_DIRECTION] = {
		.name = "direction", .label = "", .kind = AXIS_IS_CHOICE,
		.choices = directions, .fallback = DIRECTION_SEND,
		.workloads = ALL,
		.help = "send: M1 to M2 (netperf's STREAM), or M1 asks; receive: M2 to M1 (MAERTS); both at once",
	},
	[AXIS_MTU] = {
		.name = "mtu", .label = "mtu", .kind = AXIS_IS_BYTES,
		/* 68: RFC 791, the least that IPv4 must carry; 65535: the
		 * largest that the kernel's veth and TAP take */
		.min = 68, .max = 65535, .fallback = 1500, .zero = "as-is",
		.workloads = ALL,
		.help = "MTU in bytes of every hop of every path; as-is, on paths of kind ssh: what they have",
	},
	[AXIS_SOCKET_SIZE] = {
		.name = "socket_size", .label = "socket", .letter = 's', .kind = AXIS_IS_BYTES,
		.min = 0, .max = 1073741824, .fallback = 0, .zero = "auto",
		.workloads = ALL,
		.help = "SO_SNDBUF and SO_RCVBUF of both ends in bytes (netperf's -s and -S); 0: the kernel's own sizing",
	},
	[AXIS_MESSAGE_SIZE] = {
		.name = "message_size", .label = "message", .letter = 'm', .kind = AXIS_IS_BYTES,
		.min = 1, .max = 67108864, .fallback = 65536,
		.workloads = BYTE_STREAMS | DATAGRAMS,
		.help = "bytes that one write hands to the socket (netperf's -m)",
	},
	[AXIS_OFFLOAD] = {
		.name = "offload", .label = "offload", .kind = AXIS_IS_CHOICE,
		.choices = offloads, .fallback = OFFLOAD_OFF,
		.workloads = ALL,
		.help = "segmentation and checksum offload on every hop: off or on; as-is, on paths of kind ssh",
	},
	[AXIS_FLOWS] = {
		.name = "flows", .label = "flows", .letter = 'P', .kind = AXIS_IS_COUNT,
		.min = 1, .max = 1024, .fallback = 1,
		.workloads = ALL,
		.help = "connections in parallel on a path",
	},
	[AXIS_REQUEST_SIZE] = {
		.name = "request_size", .label = "request", .kind = AXIS_IS_BYTES,
		.min = 1, .max = 67108864, .fallback = 1,
		.workloads = EXCHANGES,
		.help = "bytes of a transaction's request (the first of netperf's -r)",
	},
	[AXIS_RESPONSE_SIZE] = {
		.name = "response_size", .label = "response", .kind = AXIS_IS_BYTES,
		.min = 1, .max = 67108864, .fallback = 1,
		.workloads = EXCHANGES,
		.help = "bytes of a transaction's response (the second of netperf's -r)",
	},
	[AXIS_SENDER_SOCKET_SIZE] = {
		.name = "sender_socket_size", .label = "sender's socket", .kind = AXIS_IS_BYTES,
		.min = 0, .max = 1073741824, .fallback = 0, .zero = "same", .optional = true,
		.workloads = ALL,
		.help = "socket_size of the end that sends, or asks, alone; 0: socket_size",
	},
	[AXIS_RECEIVER_SOCKET_SIZE] = {
		.name = "receiver_socket_size", .label = "receiver's socket", .kind = AXIS_IS_BYTES,
		.min = 0, .max = 1073741824, .fallback = 0, .zero = "same", .optional = true,
		.workloads = ALL,
		.help = "socket_size of the end that receives, or answers, alone; 0: socket_size",
	},
	[AXIS_THREADS] = {
		.name = "threads", .label = "threads", .letter = 'T', .kind = AXIS_IS_COUNT,
		.min = 1, .max = 64, .fallback = 1, .optional = true,
		.workloads = ALL,
		.help = "threads at each end, among which the flows are dealt out",
	},
	[AXIS_FAMILY] = {
		.name = "family", .label = "", .kind = AXIS_IS_CHOICE,
		.choices = families, .fallback = FAMILY_IPV4, .optional = true,
		.workloads = IP,
		.help = "what the data goes over: ipv4 or ipv6",
	},
	[AXIS_CONGESTION] = {
		.name = "congestion", .label = "congestion", .letter = 'C', .kind = AXIS_IS_CHOICE,
		.choices = congestions, .fallback = CONGESTION_AUTO, .optional = true,
		.workloads = TCP,
		.help = "TCP's congestion control; auto: the first of cubic, reno that every node has",
	},
	[AXIS_NODELAY] = {
		.name = "nodelay", .label = "nodelay", .letter = 'N', .kind = AXIS_IS_CHOICE,
		.choices = off_on, .fallback = false, .optional = true,
		.workloads = TCP,
		.help = "TCP_NODELAY at both ends: no Nagle algorithm (netperf's -D)",
	},
	[AXIS_PACING_RATE] = {
		.name = "pacing_rate", .label = "paced", .letter = 'b', .kind = AXIS_IS_RATE,
		.min = 0, .max = INT64_C(1000000000000), .fallback = 0, .zero = "unlimited", .optional = true,
		.workloads = ON(TCP_STREAM) | DATAGRAMS,
		.help = "most that each flow sends, in bit/s, evenly spaced (iperf3's -b)",
	},
	[AXIS_ZERO_COPY] = {
		.name = "zero_copy", .label = "zero copy", .letter = 'Z', .kind = AXIS_IS_CHOICE,
		.choices = zero_copies, .fallback = ZERO_COPY_OFF, .optional = true,
		.workloads = BYTE_STREAMS,
		.help = "how a message is sent without copying it: off, msg_zerocopy, sendfile, splice",
	},
	[AXIS_MSG_TRUNC] = {
		.name = "msg_trunc", .label = "msg_trunc", .kind = AXIS_IS_CHOICE,
		.choices = off_on, .fallback = false, .optional = true,
		.workloads = BYTE_STREAMS,
		.help = "the receiver has the kernel drop the data uncopied (iperf3's --skip-rx-copy)",
	},
	[AXIS_BUSY_POLL] = {
		.name = "busy_poll", .label = "busy poll us", .kind = AXIS_IS_COUNT,
		.min = 0, .max = 1000000, .fallback = 0, .zero = "none", .optional = true,
		.workloads = IP,
		.help = "SO_BUSY_POLL at both ends, in microseconds; 0: leave it",
	},
	[AXIS_NOTSENT_LOWAT] = {
		.name = "notsent_lowat", .label = "notsent_lowat", .kind = AXIS_IS_BYTES,
		.min = 0, .max = 1073741824, .fallback = 0, .zero = "none", .optional = true,
		.workloads = TCP,
		.help = "TCP_NOTSENT_LOWAT in bytes; 0: leave it",
	},
	[AXIS_DSCP] = {
		.name = "dscp", .label = "dscp", .kind = AXIS_IS_COUNT,
		.min = 0, .max = 63, .fallback = 0, .zero = "none", .optional = true,
		.workloads = IP,
		.help = "differentiated services codepoint of the data's packets, 0 to 63",
	},
	[AXIS_PAIRS] = {
		.name = "pairs", .label = "pairs", .kind = AXIS_IS_COUNT,
		.min = 1, .max = PAIRS_MAX, .fallback = 1, .optional = true,
		.workloads = IP,
		.help = "guests of each path that run at the same time, each with M2",
	},
	[AXIS_NEIGHBOR] = {
		.name = "neighbor", .label = "neighbor", .kind = AXIS_IS_CHOICE,
		.choices = neighbors, .fallback = NEIGHBOR_OFF, .optional = true,
		.workloads = ON(TCP_STREAM) | ON(UDP_STREAM),
		.help = "tcp_rr: one guest more, idle but for transactions of 1 byte, whose latency is measured",
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

/* "1gbit", or bit/s as axis_format() writes them. */
static int parse_rate(const char *text, int64_t *value, struct err *err)
{
	if (text[strspn(text, "0123456789")] == '\0' && *text)
		return units_parse_count(text, value, err);
	return units_parse_rate(text, value, err);
}

int axis_parse(enum axis axis, const char *text, int64_t *value,
	       struct err *err)
{
	const struct axis_desc *desc = &axis_table[axis];
	int rc = 0;

	if (desc->kind == AXIS_IS_CHOICE)
		return parse_choice(desc, text, value, err);
	if (desc->zero && strcmp(text, desc->zero) == 0)
		*value = 0;
	else if (desc->kind == AXIS_IS_BYTES)
		rc = units_parse_bytes(text, value, err);
	else if (desc->kind == AXIS_IS_COUNT)
		rc = units_parse_count(text, value, err);
	else
		rc = parse_rate(text, value, err);
	if (rc)
		return err_wrap(err, "%s", desc->name);
	if ((*value < desc->min && !(desc->zero && *value == 0)) ||
	    *value > desc->max)
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

void axis_say(enum axis axis, int64_t value, char *buf, size_t size)
{
	const struct axis_desc *desc = &axis_table[axis];

	if (value == 0 && desc->zero)
		snprintf(buf, size, "%s", desc->zero);
	else if (desc->kind == AXIS_IS_BYTES && axis != AXIS_MTU)
		units_format_bytes(value, buf, size);
	else if (desc->kind == AXIS_IS_RATE)
		units_format_rate(value, buf, size);
	else
		axis_format(axis, value, buf, size);
}

bool axis_applies(enum axis axis, const struct point *point)
{
	return axis_table[axis].workloads >> point->value[AXIS_WORKLOAD] & 1;
}

bool axis_is_told(enum axis axis, const struct point *point)
{
	return axis_applies(axis, point) &&
	       (!axis_table[axis].optional ||
		point->value[axis] != axis_table[axis].fallback);
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

/* IPv4's 65535 bytes without the headers of IP and UDP */
#define UDP_BYTES_MAX 65507

/* What udp_stream puts at a datagram's beginning (workload/datagram.h). */
#define UDP_HEADER 24

/* Both ends could be about to send and not to receive, and wait for ever. */
#define EXCHANGE_BYTES 16384

static int check_size(enum axis axis, const struct point *point, int64_t min,
		      int64_t max, struct err *err)
{
	const char *workload = workloads[point->value[AXIS_WORKLOAD]];

	if (point->value[axis] >= min && point->value[axis] <= max)
		return 0;
	return err_set(err, EINVAL,
		       "%s: %" PRId64 " with workload %s, which takes %" PRId64
		       " to %" PRId64,
		       axis_table[axis].name, point->value[axis], workload, min,
		       max);
}

static int check_sizes(const struct point *point, struct err *err)
{
	const int64_t *v = point->value;
	int64_t workload = v[AXIS_WORKLOAD];

	if (DATAGRAMS >> workload & 1)
		return check_size(AXIS_MESSAGE_SIZE, point, UDP_HEADER,
				  UDP_BYTES_MAX, err);
	if (workload == WORKLOAD_UDP_RR)
		return check_size(AXIS_REQUEST_SIZE, point, 1, UDP_BYTES_MAX,
				  err) ||
				       check_size(AXIS_RESPONSE_SIZE, point, 1,
						  UDP_BYTES_MAX, err)
			       ? -EINVAL
			       : 0;
	if (EXCHANGES >> workload & 1 && v[AXIS_FLOWS] > v[AXIS_THREADS] &&
	    v[AXIS_REQUEST_SIZE] > EXCHANGE_BYTES &&
	    v[AXIS_RESPONSE_SIZE] > EXCHANGE_BYTES)
		return err_set(err, EINVAL,
			       "request_size and response_size above %d need a "
			       "thread for each flow",
			       EXCHANGE_BYTES);
	return 0;
}

int point_check(const struct point *point, struct err *err)
{
	const int64_t *v = point->value;

	if (v[AXIS_THREADS] > v[AXIS_FLOWS])
		return err_set(err, EINVAL,
			       "threads: %" PRId64 " for %" PRId64
			       " flows; a thread needs a flow at least",
			       v[AXIS_THREADS], v[AXIS_FLOWS]);
	/* RFC 8200: what every link of IPv6 must carry; Linux takes IPv6 off
	 * an interface with less */
	if (v[AXIS_FAMILY] == FAMILY_IPV6 && v[AXIS_MTU] < 1280 &&
	    v[AXIS_MTU] != MTU_AS_IS)
		return err_set(err, EINVAL,
			       "mtu: %" PRId64 " with family ipv6, which the "
			       "kernel has from an MTU of 1280 on (RFC 8200)",
			       v[AXIS_MTU]);
	if (v[AXIS_ZERO_COPY] == ZERO_COPY_SPLICE &&
	    v[AXIS_FLOWS] > v[AXIS_THREADS])
		return err_set(
			err, EINVAL,
			"zero_copy: splice needs a thread for each flow");
	if (v[AXIS_DIRECTION] == DIRECTION_BOTH &&
	    !(BYTE_STREAMS >> v[AXIS_WORKLOAD] & 1))
		return err_set(err, EINVAL,
			       "direction: both with workload %s, which is one "
			       "way, or asked by one end",
			       workloads[v[AXIS_WORKLOAD]]);
	/* M1 alone knows the way: M2 has a listener, M1 connects */
	if (v[AXIS_DIRECTION] == DIRECTION_RECEIVE &&
	    (v[AXIS_WORKLOAD] == WORKLOAD_TCP_CRR ||
	     v[AXIS_WORKLOAD] == WORKLOAD_UNIX_CRR ||
	     v[AXIS_WORKLOAD] == WORKLOAD_VSOCK_CRR))
		return err_set(err, EINVAL,
			       "direction: receive with workload %s, where M1 "
			       "connects",
			       workloads[v[AXIS_WORKLOAD]]);
	return check_sizes(point, err);
}

int point_members(const struct point *point)
{
	return (int)point->value[AXIS_PAIRS] +
	       (point->value[AXIS_NEIGHBOR] != NEIGHBOR_OFF);
}

void point_of_neighbor(const struct point *point, struct point *neighbor)
{
	point_init(neighbor);
	neighbor->value[AXIS_WORKLOAD] = WORKLOAD_TCP_RR;
	neighbor->value[AXIS_MTU] = point->value[AXIS_MTU];
	neighbor->value[AXIS_OFFLOAD] = point->value[AXIS_OFFLOAD];
	neighbor->value[AXIS_FAMILY] = point->value[AXIS_FAMILY];
	neighbor->value[AXIS_NODELAY] = true;
}

void point_format(const struct point *point, char *buf, size_t size)
{
	size_t used = 0;
	char text[32];

	buf[0] = '\0';
	for (int i = 0; i < AXIS_COUNT && used < size; i++) {
		const struct axis_desc *desc = &axis_table[i];

		if (!axis_is_told((enum axis)i, point))
			continue;
		axis_say((enum axis)i, point->value[i], text, sizeof(text));
		used += (size_t)snprintf(buf + used, size - used, "%s%s%s%s",
					 used ? " " : "", desc->label,
					 *desc->label ? " " : "", text);
	}
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
