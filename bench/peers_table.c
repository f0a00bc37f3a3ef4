/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "peers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define SECONDS "1"

static void add(struct argv *argv, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct argv *argv, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(argv->text[argv->count], PEERS_WORD, fmt, ap);
	va_end(ap);
	argv->word[argv->count] = argv->text[argv->count];
	argv->word[++argv->count] = NULL;
}

static void add_all(struct argv *argv, const char *words)
{
	char copy[256], *word, *rest = copy;

	snprintf(copy, sizeof(copy), "%s", words);
	while ((word = strsep(&rest, " ")))
		add(argv, "%s", word);
}

static bool is_udp(const struct cell *cell)
{
	return cell->workload == WORKLOAD_UDP_STREAM;
}

static bool streams(const struct cell *cell)
{
	return cell->workload == WORKLOAD_TCP_STREAM || is_udp(cell);
}

/* The number behind `key`, which stands in the output. */
static int find_number(const char *output, const char *key, double *value,
		       struct err *err)
{
	const char *at = strstr(output, key);

	if (!at)
		return err_set(err, EPROTO, "no '%s' in '%.300s'", key, output);
	*value = strtod(at + strlen(key), NULL);
	return 0;
}

/* iperf3 3.12 */

static void iperf3_server(struct argv *argv, const struct cell *cell)
{
	(void)cell;
	add_all(argv, "iperf3 -s -1 -p 5301");
}

static void iperf3_client(struct argv *argv, const struct cell *cell,
			  const char *address)
{
	add_all(argv, "iperf3 -p 5301 -J -i 0 -t " SECONDS);
	add(argv, "-c");
	add(argv, "%s", address);
	add(argv, "-l");
	add(argv, "%" PRId64, cell->size);
	add(argv, "-P");
	add(argv, "%" PRId64, cell->flows);
	if (cell->socket_size) {
		add(argv, "-w");
		add(argv, "%" PRId64, cell->socket_size);
	}
	if (is_udp(cell))
		add_all(argv, "-u -b 0");
	else
		add_all(argv, "-N -C reno");
	if (cell->words)
		add_all(argv, cell->words);
}

static int iperf3_parse(const struct cell *cell, const char *output,
			struct figure *figure, struct err *err)
{
	/* warnings may stand before and behind */
	const char *brace = strchr(output, '{');
	json_t *json =
		json_loads(brace ? brace : "", JSON_DISABLE_EOF_CHECK, NULL);
	json_t *sum;
	double bytes, seconds, packets = 0, lost = 0;
	int rc = 0;

	sum = json_object_get(json_object_get(json, "end"),
			      is_udp(cell) ? "sum" : "sum_received");
	if (json_unpack(sum, "{sF sF s?F s?F}", "bytes", &bytes, "seconds",
			&seconds, "packets", &packets, "lost_packets",
			&lost) < 0)
		rc = err_set(err, EPROTO, "iperf3 said '%.300s'", output);
	json_decref(json);
	if (rc)
		return rc;
	if (is_udp(cell))
		bytes = (packets - lost) * (double)cell->size;
	figure->rate = bytes * 8 / seconds / 1e6;
	figure->total = bytes;
	return 0;
}

/* nuttcp 6.1.2 */

static void nuttcp_server(struct argv *argv, const struct cell *cell)
{
	(void)cell;
	add_all(argv, "timeout -s KILL 4 nuttcp -1 --nofork -P5302");
}

static void nuttcp_client(struct argv *argv, const struct cell *cell,
			  const char *address)
{
	add_all(argv, "nuttcp -fparse -P5302 -p5303 -T" SECONDS);
	add(argv, "-l%" PRId64, cell->size);
	if (cell->flows > 1)
		add(argv, "-N%" PRId64, cell->flows);
	if (cell->socket_size) {
		add(argv, "-w%" PRId64, cell->socket_size / 1024);
		add(argv, "-ws%" PRId64, cell->socket_size / 1024);
	}
	if (is_udp(cell))
		add_all(argv, "-u -Ru");
	else
		add(argv, "-D");
	add(argv, "%s", address);
}

static int nuttcp_parse(const struct cell *cell, const char *output,
			struct figure *figure, struct err *err)
{
	int rc = find_number(output, "rate_Mbps=", &figure->rate, err);

	(void)cell;
	if (!rc)
		rc = find_number(output, "megabytes=", &figure->total, err);
	figure->total *= 1048576;
	return rc;
}

/* sockperf 3.7: no message below 14 bytes; it sleeps 2 s before it begins, and
 * warms up for 0.4 s. */

static bool pings(const struct cell *cell)
{
	return (cell->workload == WORKLOAD_TCP_RR ||
		cell->workload == WORKLOAD_UDP_RR) &&
	       cell->flows == 1 && cell->size >= 14;
}

static void add_tcp(struct argv *argv, const struct cell *cell)
{
	if (cell->workload == WORKLOAD_TCP_RR)
		add(argv, "--tcp");
}

static void sockperf_server(struct argv *argv, const struct cell *cell)
{
	add_all(argv, "timeout -s INT 4 sockperf server -p 5304 -i 0.0.0.0");
	add_tcp(argv, cell);
}

static void sockperf_client(struct argv *argv, const struct cell *cell,
			    const char *address)
{
	add_all(argv, "sockperf ping-pong -p 5304 -t " SECONDS " -i");
	add(argv, "%s", address);
	add(argv, "-m");
	add(argv, "%" PRId64, cell->size);
	add_tcp(argv, cell);
}

static int sockperf_parse(const struct cell *cell, const char *output,
			  struct figure *figure, struct err *err)
{
	double seconds, messages;
	const char *run = strstr(output, "[Total Run]");
	int rc = find_number(run ? run : output, "RunTime=", &seconds, err);

	(void)cell;
	if (!rc)
		rc = find_number(run, "ReceivedMessages=", &messages, err);
	if (rc)
		return rc;
	figure->rate = messages / seconds;
	figure->total = messages;
	return 0;
}

/* netperf 2.7, where it is installed: not in Debian's main. */

static const char *netperf_test(const struct cell *cell)
{
	switch (cell->workload) {
	case WORKLOAD_TCP_STREAM:
		return "TCP_STREAM";
	case WORKLOAD_TCP_RR:
		return "TCP_RR";
	case WORKLOAD_TCP_CRR:
		return "TCP_CRR";
	case WORKLOAD_UDP_RR:
		return "UDP_RR";
	default:
		return NULL;
	}
}

static bool netperf_can(const struct cell *cell)
{
	return netperf_test(cell) && cell->flows == 1;
}

static void netperf_server(struct argv *argv, const struct cell *cell)
{
	(void)cell;
	add_all(argv, "timeout -s KILL 2.2 netserver -D -4 -p 5305");
}

static void netperf_client(struct argv *argv, const struct cell *cell,
			   const char *address)
{
	add_all(argv, "netperf -p 5305 -P 0 -v 0 -l " SECONDS " -H");
	add(argv, "%s", address);
	add(argv, "-t");
	add(argv, "%s", netperf_test(cell));
	add(argv, "--");
	if (cell->workload == WORKLOAD_TCP_STREAM) {
		add_all(argv, "-D -m");
		add(argv, "%" PRId64, cell->size);
	} else {
		add(argv, "-r");
		add(argv, "%" PRId64 ",%" PRId64, cell->size, cell->size);
	}
	if (cell->socket_size)
		for (const char *o = "sS"; *o; o++) {
			add(argv, "-%c", *o);
			add(argv, "%" PRId64, cell->socket_size);
		}
}

static int netperf_parse(const struct cell *cell, const char *output,
			 struct figure *figure, struct err *err)
{
	char *end;

	figure->rate = strtod(output, &end);
	if (end == output)
		return err_set(err, EPROTO, "netperf said '%.300s'", output);
	figure->total = cell->workload == WORKLOAD_TCP_STREAM
				? figure->rate * 1e6 / 8
				: figure->rate;
	return 0;
}

/* neper, where it is installed: each test is a program of its own. It corks
 * its streams (MSG_MORE) unless told not to: no message of ours is. */

static const char *neper_test(const struct cell *cell)
{
	switch (cell->workload) {
	case WORKLOAD_TCP_STREAM:
		return "tcp_stream";
	case WORKLOAD_TCP_RR:
		return "tcp_rr";
	case WORKLOAD_TCP_CRR:
		return "tcp_crr";
	case WORKLOAD_UDP_STREAM:
		return "udp_stream";
	case WORKLOAD_UDP_RR:
		return "udp_rr";
	default:
		return NULL;
	}
}

static bool neper_can(const struct cell *cell)
{
	return neper_test(cell) && !cell->socket_size;
}

static void neper_options(struct argv *argv, const struct cell *cell)
{
	add_all(argv, "--nolog -T1 -I0.1 -l" SECONDS);
	add(argv, "-F%" PRId64, cell->flows);
	if (streams(cell)) {
		add(argv, "-B%" PRId64, cell->size);
	} else {
		add(argv, "-Q%" PRId64, cell->size);
		add(argv, "-R%" PRId64, cell->size);
	}
	if (cell->workload == WORKLOAD_TCP_STREAM)
		add_all(argv, "--no-cork");
	if (cell->workload == WORKLOAD_TCP_STREAM ||
	    cell->workload == WORKLOAD_TCP_RR ||
	    cell->workload == WORKLOAD_TCP_CRR)
		add_all(argv, "--no-delay --congestion-control=reno");
	if (cell->words)
		add_all(argv, cell->words);
}

static void neper_server(struct argv *argv, const struct cell *cell)
{
	add_all(argv, "timeout -s KILL 3");
	add(argv, "%s", neper_test(cell));
	neper_options(argv, cell);
}

static void neper_client(struct argv *argv, const struct cell *cell,
			 const char *address)
{
	add(argv, "%s", neper_test(cell));
	add(argv, "-c");
	add(argv, "-H");
	add(argv, "%s", address);
	neper_options(argv, cell);
}

static int neper_parse(const struct cell *cell, const char *output,
		       struct figure *figure, struct err *err)
{
	const char *key =
		streams(cell) ? "\nremote_throughput=" : "\nlocal_throughput=";
	int rc = find_number(output, key, &figure->rate, err);

	figure->total = figure->rate / (streams(cell) ? 8 : 1);
	if (streams(cell))
		figure->rate /= 1e6;
	if (!rc && figure->rate <= 0)
		rc = err_set(err, EPROTO, "a rate of 0");
	return rc;
}

/* clang-format off */
const struct peer peers[] = {
	{ "iperf3",   "iperf3",   streams,     iperf3_server,   iperf3_client,   iperf3_parse },
	{ "nuttcp",   "nuttcp",   streams,     nuttcp_server,   nuttcp_client,   nuttcp_parse },
	{ "sockperf", "sockperf", pings,       sockperf_server, sockperf_client, sockperf_parse },
	{ "netperf",  "netperf",  netperf_can, netperf_server,  netperf_client,  netperf_parse },
	{ "neper",    "tcp_rr",   neper_can,   neper_server,    neper_client,    neper_parse },
	{ .name = NULL },
};
/* clang-format on */
