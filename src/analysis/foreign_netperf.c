/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netperf's omni output: KEY=VALUE lines (-k), or CSV (-o), whose heads are
 * the same words in prose: "Elapsed Time (sec)". Banners before are skipped.
 * DIRECTION is as netperf sees it: Send, Receive ("Recv").
 */
#include <errno.h>
#include <inttypes.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analysis/foreign_tools.h"

#define FIELDS_MAX 256
#define HEADERS	   52 /* IPv4, TCP, timestamps: see foreign_iperf3.c */

struct fields {
	const char *key[FIELDS_MAX], *value[FIELDS_MAX];
	size_t count;
};

/* Heads of the CSV that are not just the key's words. */
static const char *const aliases[][2] = {
	{ "LOCAL_SEND_SOCKET_SIZE_REQUESTED", "LSS_SIZE_REQ" },
	{ "LOCAL_RECV_SOCKET_SIZE_REQUESTED", "LSR_SIZE_REQ" },
	{ "ELAPSED_TIME_SEC", "ELAPSED_TIME" },
};

/* "Elapsed Time (sec)" -> "ELAPSED_TIME_SEC", in place. */
static const char *normalize(char *key)
{
	char *to = key;

	for (const char *from = key; *from; from++) {
		if (isalnum((unsigned char)*from))
			*to++ = (char)toupper((unsigned char)*from);
		else if (to > key && to[-1] != '_')
			*to++ = '_';
	}
	while (to > key && to[-1] == '_')
		to--;
	*to = '\0';
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (strcmp(key, aliases[i][0]) == 0)
			return aliases[i][1];
	return key;
}

static const char *get(const struct fields *f, const char *key)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->key[i], key) == 0)
			return f->value[i];
	return NULL;
}

/* The next field of a CSV line, unquoted in place; NULL at its end. */
static char *next_field(char **line)
{
	char *field = *line, *to, *from;

	if (!field)
		return NULL;
	if (*field != '"') {
		from = strchr(field, ',');
		*line = from ? from + 1 : NULL;
		if (from)
			*from = '\0';
		return field;
	}
	to = field;
	for (from = field + 1; *from && (*from != '"' || from[1] == '"');
	     from++) {
		from += *from == '"';
		*to++ = *from;
	}
	from = strchr(from, ',');
	*to = '\0';
	*line = from ? from + 1 : NULL;
	return field;
}

static size_t split(char *line, const char *fields[FIELDS_MAX])
{
	size_t n = 0;
	char *field;

	while (n < FIELDS_MAX && (field = next_field(&line)))
		fields[n++] = field;
	return n;
}

static double to_mbps(const struct fields *f, struct err *err)
{
	static const struct {
		const char *unit;
		double mbps;
	} units[] = { { "10^6bits/s", 1 },	{ "10^3bits/s", 1e-3 },
		      { "10^9bits/s", 1e3 },	{ "KBytes/s", 8192e-6 },
		      { "MBytes/s", 8.388608 }, { "GBytes/s", 8589.934592 },
		      { "Bytes/s", 8e-6 } };
	const char *text = get(f, "THROUGHPUT");
	const char *unit = get(f, "THROUGHPUT_UNITS");

	unit = unit ? unit : "10^6bits/s";
	for (size_t i = 0; text && i < sizeof(units) / sizeof(*units); i++)
		if (strcasecmp(unit, units[i].unit) == 0)
			return strtod(text, NULL) * units[i].mbps;
	err_set(err, EINVAL,
		text ? "netperf: throughput in %s, which is no stream's"
		     : "netperf: no THROUGHPUT among its %s",
		text ? unit : "fields");
	return -1;
}

static int set_size(struct foreign *found, enum axis axis,
		    const struct fields *f, const char *key, int64_t more,
		    struct err *err)
{
	const char *text = get(f, key);
	long long value = text ? strtoll(text, NULL, 10) : -1;

	/* -1: not asked for, the system's own */
	if (value < 0)
		return 0;
	return foreign_set(found, axis, value + more, err);
}

static int take(const struct fields *f, struct foreign *found, struct err *err)
{
	const char *direction = get(f, "DIRECTION");
	const char *protocol = get(f, "PROTOCOL");
	const char *seconds = get(f, "ELAPSED_TIME");
	bool receive = direction && strncasecmp(direction, "Rec", 3) == 0;
	int rc;

	if (protocol && strcasecmp(protocol, "TCP") != 0)
		return err_set(err, EINVAL,
			       "netperf over %s: only TCP is taken", protocol);
	foreign_init(found, "netperf");
	found->throughput_mbps = to_mbps(f, err);
	if (found->throughput_mbps < 0)
		return -EINVAL;
	found->seconds = seconds ? strtod(seconds, NULL) : 0;
	foreign_set(found, AXIS_WORKLOAD, WORKLOAD_TCP_STREAM, err);
	if (direction)
		foreign_set(found, AXIS_DIRECTION,
			    receive ? DIRECTION_RECEIVE : DIRECTION_SEND, err);
	rc = set_size(found, AXIS_SOCKET_SIZE, f,
		      receive ? "LSR_SIZE_REQ" : "LSS_SIZE_REQ", 0, err);
	if (!rc)
		rc = set_size(found, AXIS_MESSAGE_SIZE, f,
			      receive ? "REMOTE_SEND_SIZE" : "LOCAL_SEND_SIZE",
			      0, err);
	return rc ? rc
		  : set_size(found, AXIS_MTU, f, "TRANSPORT_MSS", HEADERS, err);
}

/* A block of KEY=VALUE ends where a key comes again: several runs. */
static int take_block(struct fields *f, struct foreign *found, size_t *count,
		      struct err *err)
{
	int rc;

	if (!f->count)
		return 0;
	if (*count == FOREIGN_MAX)
		return err_set(err, E2BIG, "netperf: over %d results",
			       FOREIGN_MAX);
	rc = take(f, &found[(*count)++], err);
	f->count = 0;
	return rc;
}

static int take_csv(char *head, char **lines, struct foreign *found,
		    size_t *count, struct err *err)
{
	struct fields f = { 0 };
	size_t keys = split(head, f.key);
	char *line;
	int rc = 0;

	for (size_t i = 0; i < keys; i++)
		f.key[i] = normalize((char *)f.key[i]);
	while (!rc && (line = strsep(lines, "\r\n"))) {
		if (!strchr(line, ','))
			continue;
		if (split(line, f.value) != keys)
			return err_set(err, EINVAL,
				       "netperf: a row of the CSV has not "
				       "the %zu fields of its head",
				       keys);
		f.count = keys;
		rc = take_block(&f, found, count, err);
	}
	return rc;
}

static bool is_key(const char *line, size_t length)
{
	return length && length == strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
						"0123456789");
}

int netperf_parse(char *text, struct foreign *found, size_t *count,
		  struct err *err)
{
	struct fields f = { 0 };
	char *line;
	int rc = 0;

	while (!rc && (line = strsep(&text, "\r\n"))) {
		char *equal = strchr(line, '=');

		if (!f.count && strchr(line, ',') &&
		    strcasestr(line, "throughput")) {
			rc = take_csv(line, &text, found, count, err);
			break;
		}
		if (!equal || !is_key(line, (size_t)(equal - line)))
			continue;
		*equal = '\0';
		if (get(&f, line))
			rc = take_block(&f, found, count, err);
		if (f.count == FIELDS_MAX)
			continue;
		f.key[f.count] = line;
		f.value[f.count++] = equal + 1;
	}
	rc = rc ? rc : take_block(&f, found, count, err);
	if (!rc && !*count)
		rc = err_set(err, EINVAL,
			     "no file of iperf3 -J, netperf -k or -o, or "
			     "flent");
	return rc;
}
