/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TCP_INFO of the data connections. Sums grow and are differences over the
 * turns; states (rtt, cwnd ...) are read at each turn's end and added up, to
 * be divided by how many were read.
 */
#include "observe/sources.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct field {
	const char *name;
	size_t offset, size;
	bool is_state;
};

#define SUM(name, member)                                             \
	{                                                             \
		name, offsetof(struct tcp_info, member),              \
			sizeof(((struct tcp_info *)0)->member), false \
	}
#define STATE(name, member)                                          \
	{                                                            \
		name, offsetof(struct tcp_info, member),             \
			sizeof(((struct tcp_info *)0)->member), true \
	}

static const struct field fields[] = {
	SUM("busy_us", tcpi_busy_time),
	SUM("rwnd_limited_us", tcpi_rwnd_limited),
	SUM("sndbuf_limited_us", tcpi_sndbuf_limited),
	SUM("retransmits", tcpi_total_retrans),
	SUM("bytes_sent", tcpi_bytes_sent),
	SUM("bytes_retransmitted", tcpi_bytes_retrans),
	SUM("bytes_received", tcpi_bytes_received),
	SUM("segs_out", tcpi_segs_out),
	SUM("segs_in", tcpi_segs_in),
	SUM("data_segs_out", tcpi_data_segs_out),
	SUM("data_segs_in", tcpi_data_segs_in),
	SUM("delivered", tcpi_delivered),
	SUM("out_of_order", tcpi_rcv_ooopack),
	STATE("rtt_us", tcpi_rtt),
	STATE("rttvar_us", tcpi_rttvar),
	STATE("min_rtt_us", tcpi_min_rtt),
	STATE("cwnd", tcpi_snd_cwnd),
	STATE("snd_wnd_bytes", tcpi_snd_wnd),
	STATE("rcv_space_bytes", tcpi_rcv_space),
	STATE("delivery_rate_bytes_per_s", tcpi_delivery_rate),
	STATE("notsent_bytes", tcpi_notsent_bytes),
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static uint64_t value_of(const struct tcp_info *info, const struct field *field)
{
	const char *at = (const char *)info + field->offset;
	uint64_t wide;
	uint32_t narrow;

	if (field->size == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

/* Fields that add up, then how many connections were read at turns' ends. */
#define READINGS FIELDS

struct tcp {
	const char *names[FIELDS + 1];
	uint64_t state[FIELDS + 1]; /* added up so far */
	socklen_t length;	    /* of what this kernel gives */
};

/* False where it is no TCP connection. */
static bool read_flow(struct tcp *tcp, int fd, bool ends, uint64_t *values)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
		return false;
	if (length < tcp->length)
		tcp->length = length;
	for (size_t i = 0; i < FIELDS; i++) {
		uint64_t value = value_of(&info, &fields[i]);

		if (!fields[i].is_state)
			values[i] += value;
		else if (ends)
			tcp->state[i] += value;
	}
	tcp->state[READINGS] += ends;
	return true;
}

static bool read_tcp(struct source *source, const struct source_edge *edge,
		     uint64_t *values)
{
	struct tcp *tcp = source->state;

	memset(values, 0, source->count * sizeof(*values));
	for (size_t f = 0; f < edge->flows; f++)
		if (!read_flow(tcp, edge->fd[f], edge->ends, values))
			return false;
	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].is_state)
			values[i] = tcp->state[i];
	values[READINGS] = tcp->state[READINGS];
	return edge->flows > 0;
}

static bool has_field(const struct source *source, size_t i)
{
	const struct tcp *tcp = source->state;

	return i == READINGS ||
	       fields[i].offset + fields[i].size <= tcp->length;
}

static void close_tcp(struct source *source)
{
	free(source->state);
}

static const struct source_ops tcp_ops = { .read = read_tcp,
					   .has = has_field,
					   .close = close_tcp };

int sources_add_tcp(struct source **list, const char *where, size_t paths,
		    struct err *err)
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));
	struct source_args args = { .ops = &tcp_ops,
				    .where = where,
				    .count = FIELDS + 1,
				    .paths = paths,
				    .path = -1,
				    .state = tcp };

	if (!tcp)
		return err_set(err, ENOMEM, "out of memory");
	tcp->length = sizeof(struct tcp_info);
	for (size_t i = 0; i < FIELDS; i++)
		tcp->names[i] = fields[i].name;
	tcp->names[READINGS] = "readings";
	args.names = tcp->names;
	return sources_add(list, &args, err);
}

void sources_finish_tcp(json_t *root, const char *where)
{
	json_t *tcp = source_object(root, where);
	json_int_t readings =
		json_integer_value(json_object_get(tcp, "readings"));

	json_object_del(tcp, "readings");
	for (size_t i = 0; i < FIELDS; i++) {
		const char *name = fields[i].name;
		const json_t *sum = json_object_get(tcp, name);

		if (!sum || !fields[i].is_state)
			continue;
		if (readings > 0)
			json_object_set_new(
				tcp, name,
				json_real((double)json_integer_value(sum) /
					  (double)readings));
		else
			json_object_del(tcp, name);
	}
}
