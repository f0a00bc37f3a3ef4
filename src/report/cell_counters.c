/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/cell_counters.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/scan.h"

enum relation { PER_KB_US, PER_S, MEAN, RATIO };

/*
 * One line of the card. `path` leads to a number in the counters, its keys
 * parted by '/'. `below`, of a RATIO, is what it is divided by. `moved`: 0
 * where the object is there and the key is not (observe/counters.h).
 */
struct counter {
	const char *name, *unit, *path, *below;
	enum relation relation;
	bool moved;
};

/* clang-format off */
static const struct counter table[] = {
	{ "sender’s CPU", "µs/KB", "m1/process/cpu_ns", NULL, PER_KB_US, false },
	{ "peer’s CPU", "µs/KB", "m2/process/cpu_ns", NULL, PER_KB_US, false },
	{ "netfront’s CPU", "µs/KB", "processes/netfront/cpu_ns", NULL, PER_KB_US, false },
	{ "netback’s CPU", "µs/KB", "processes/netback/cpu_ns", NULL, PER_KB_US, false },
	{ "uml’s CPU", "µs/KB", "processes/uml/cpu_ns", NULL, PER_KB_US, false },
	{ "qemu’s CPU", "µs/KB", "processes/qemu/cpu_ns", NULL, PER_KB_US, false },
	{ "softirq", "µs/KB", "host/cpu_ns/softirq", NULL, PER_KB_US, false },
	{ "steal", "µs/KB", "host/cpu_ns/steal", NULL, PER_KB_US, false },
	{ "interrupts", "per second", "host/interrupts", NULL, PER_S, false },
	{ "NET_RX softirqs", "per second", "host/softirqs/NET_RX", NULL, PER_S, true },
	{ "softnet drops", "per second", "host/softnet/dropped", NULL, PER_S, false },
	{ "round trip", "µs", "m1/tcp/rtt_us", NULL, MEAN, false },
	{ "congestion window", "segments", "m1/tcp/cwnd", NULL, MEAN, false },
	{ "retransmits", "per second", "m1/tcp/retransmits", NULL, PER_S, false },
	{ "held by own buffer", "of the time", "m1/tcp/sndbuf_limited_us", "m1/tcp/busy_us", RATIO, false },
	{ "held by peer’s window", "of the time", "m1/tcp/rwnd_limited_us", "m1/tcp/busy_us", RATIO, false },
	{ "frame at the peer", "bytes", "m2/hop/rx_bytes", "m2/hop/rx_packets", RATIO, false },
	{ "receive queue collapsed", "per second", "m2/snmp/TcpExt.TCPRcvCollapsed", NULL, PER_S, true },
	{ "receive queue pruned", "per second", "m2/snmp/TcpExt.PruneCalled", NULL, PER_S, true },
	{ "delayed ACKs", "per second", "m2/snmp/TcpExt.DelayedACKs", NULL, PER_S, true },
	{ "backlog coalesced", "per second", "m2/snmp/TcpExt.TCPBacklogCoalesce", NULL, PER_S, true },
};
/* clang-format on */
#define ROWS (sizeof(table) / sizeof(*table))

struct sum {
	double value[ROWS], below[ROWS];
	unsigned seen[ROWS];
	double turn_bytes, turn_ns;
};

struct gather {
	const struct matrix *matrix;
	struct sum *sum; /* [path * points + point] */
	size_t blocks;
};

/* false: not there. */
static bool find(const json_t *counters, const char *path, bool moved,
		 double *value)
{
	const json_t *at = counters;
	char key[64];

	while (at && *path) {
		size_t length = strcspn(path, "/");
		const json_t *parent = at;

		snprintf(key, sizeof(key), "%.*s", (int)length, path);
		at = json_object_get(at, key);
		path += length + (path[length] == '/');
		if (!at && moved && !*path && json_is_object(parent)) {
			*value = 0;
			return true;
		}
	}
	*value = json_number_value(at);
	return json_is_number(at);
}

static void add(struct sum *sum, const json_t *counters)
{
	double value, below;

	if (!find(counters, "turn_bytes", false, &value) ||
	    !find(counters, "turn_ns", false, &below))
		return;
	sum->turn_bytes += value;
	sum->turn_ns += below;
	for (size_t i = 0; i < ROWS; i++) {
		const struct counter *c = &table[i];

		if (!find(counters, c->path, c->moved, &value))
			continue;
		if (c->below && !find(counters, c->below, false, &below))
			continue;
		sum->value[i] += value;
		sum->below[i] += c->below ? below : 0;
		sum->seen[i]++;
	}
}

static int take(void *arg, const struct store_block *block, struct err *err)
{
	struct gather *gather = arg;
	const struct matrix *m = gather->matrix;
	bool any = false;

	(void)err;
	for (size_t i = 0; !block->discarded && i < block->measurements; i++) {
		const struct store_measurement *s = &block->measurement[i];

		if (!s->counters || (size_t)s->path >= m->paths ||
		    (size_t)block->point >= m->points)
			continue;
		any = true;
		add(&gather->sum[(size_t)s->path * m->points +
				 (size_t)block->point],
		    s->counters);
	}
	gather->blocks += any;
	return 0;
}

static double relate(const struct sum *sum, size_t row)
{
	switch (table[row].relation) {
	case PER_KB_US:
		return sum->value[row] / 1e3 / (sum->turn_bytes / 1024);
	case PER_S:
		return sum->value[row] / (sum->turn_ns / 1e9);
	case MEAN:
		return sum->value[row] / sum->seen[row];
	case RATIO:
		break;
	}
	return sum->value[row] / sum->below[row];
}

/* json_real() refuses what is no number. */
static json_t *values_of(const struct sum *sum)
{
	json_t *values = json_array();

	if (!(sum->turn_bytes > 0 && sum->turn_ns > 0)) {
		json_decref(values);
		return json_null();
	}
	for (size_t i = 0; i < ROWS; i++) {
		json_t *value = sum->seen[i] ? json_real(relate(sum, i)) : NULL;

		json_array_append_new(values, value ? value : json_null());
	}
	return values;
}

static json_t *to_json(const struct gather *gather)
{
	const struct matrix *m = gather->matrix;
	json_t *rows = json_array(), *cells = json_array();

	for (size_t i = 0; i < ROWS; i++)
		json_array_append_new(
			rows, json_pack("[ss]", table[i].name, table[i].unit));
	for (size_t i = 0; i < m->paths * m->points; i++)
		json_array_append_new(cells, values_of(&gather->sum[i]));
	return json_pack("{so so sI}", "rows", rows, "cells", cells, "blocks",
			 (json_int_t)gather->blocks);
}

int cell_counters_load(const struct matrix *matrix, struct store *store,
		       json_t **counters, struct err *err)
{
	const struct store_scan scan = {
		.detail = STORE_FULL,
		.every = (int64_t)(matrix->blocks / COUNTED_BLOCKS + 1)
	};
	struct gather gather = { .matrix = matrix };
	int rc;

	*counters = NULL;
	gather.sum =
		calloc(matrix->paths * matrix->points + 1, sizeof(*gather.sum));
	if (!gather.sum)
		return err_sys(err, ENOMEM, "counters");
	rc = store_each_block(store, &scan, take, &gather, err);
	if (!rc && gather.blocks)
		*counters = to_json(&gather);
	free(gather.sum);
	return rc;
}
