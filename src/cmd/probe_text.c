/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A probe for people: what is measured, a line an interval, what came of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cmd/probe.h"
#include "stats/histogram.h"

static bool is_send(const struct probe *probe)
{
	return probe->point->value[AXIS_DIRECTION] == DIRECTION_SEND;
}

static const struct probe_node *sender(const struct probe *probe)
{
	return is_send(probe) ? probe->m1 : probe->m2;
}

static const struct probe_node *receiver(const struct probe *probe)
{
	return is_send(probe) ? probe->m2 : probe->m1;
}

/* 12345.6 as "12 346", 123.4 as "123.4": four digits are as many as hold. */
static void format_mbps(double mbps, char *buf, size_t size)
{
	int thousands = (int)(mbps / 1000);

	if (mbps >= 99999.5e3)
		snprintf(buf, size, "%.4g", mbps);
	else if (mbps >= 999.5)
		snprintf(buf, size, "%d %03d", (int)(mbps + 0.5) / 1000,
			 (int)(mbps + 0.5) % 1000);
	else
		snprintf(buf, size, thousands ? "%.0f" : "%.4g", mbps);
}

static void format_amount(double bytes, char *buf, size_t size)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	size_t u = 0;

	while (bytes >= 999.5 && u < 4) {
		bytes /= 1000;
		u++;
	}
	snprintf(buf, size, "%.3g %s", bytes, units[u]);
}

static void print_node(const char *role, const struct probe_node *node)
{
	const struct agent_hello *hello = agent_get_hello(node->agent);

	printf("%-10s %s: %s on %s, MTU %d, %s, %d CPU%s\n", role, node->name,
	       node->address, node->ifname, node->mtu, hello->kernel,
	       hello->cpus, hello->cpus == 1 ? "" : "s");
}

/* 0 where the workload has no transactions. */
static int64_t transaction_bytes(const struct probe *probe)
{
	const int64_t *v = probe->point->value;

	return axis_applies(AXIS_REQUEST_SIZE, probe->point)
		       ? v[AXIS_REQUEST_SIZE] + v[AXIS_RESPONSE_SIZE]
		       : 0;
}

/* The axes that a probe sets; MTU stands with the nodes. */
static void print_settings(const struct probe *probe)
{
	printf("%-10s %s", "workload",
	       axis_table[AXIS_WORKLOAD]
		       .choices[probe->point->value[AXIS_WORKLOAD]]);
	for (int a = 0; a < AXIS_COUNT; a++) {
		char value[64];

		if (a == AXIS_WORKLOAD || a == AXIS_DIRECTION ||
		    a == AXIS_MTU || a == AXIS_OFFLOAD ||
		    !axis_is_told((enum axis)a, probe->point))
			continue;
		axis_say((enum axis)a, probe->point->value[a], value,
			 sizeof(value));
		printf(", %s%s%s", axis_table[a].label,
		       axis_table[a].label[0] ? " " : "", value);
	}
	printf("\n");
}

void probe_text_begin(const struct probe *probe)
{
	print_node("sender", sender(probe));
	print_node("receiver", receiver(probe));
	print_settings(probe);
	if (probe->interval_ns && transaction_bytes(probe))
		printf("\n%17s   %12s   %s\n", "time", "transactions", "rate");
	else if (probe->interval_ns)
		printf("\n%17s   %9s   %s\n", "time", "received", "throughput");
	fflush(stdout);
}

void probe_text_interval(const struct probe *probe,
			 const struct probe_interval *interval)
{
	int64_t transaction = transaction_bytes(probe);
	char amount[32], mbps[32];

	if (transaction) {
		double count = (double)interval->bytes / (double)transaction;

		printf("%7.2f - %5.2f s   %12.0f   %8.0f trans/s\n",
		       interval->from_s, interval->to_s, count,
		       count * 1e9 / (double)interval->duration_ns);
		fflush(stdout);
		return;
	}

	format_amount((double)interval->bytes, amount, sizeof(amount));
	format_mbps((double)interval->bytes * 8e3 /
			    (double)interval->duration_ns,
		    mbps, sizeof(mbps));
	printf("%7.2f - %5.2f s   %9s   %8s Mbit/s\n", interval->from_s,
	       interval->to_s, amount, mbps);
	fflush(stdout);
}

/*
 * The summary.
 */

static void print_interval_of_mean(const struct probe *probe)
{
	const struct stats_batch *b = &probe->batch;
	char length[32];

	if (!b->valid) {
		printf("   (too short for an interval)\n");
		return;
	}
	units_format_duration((int64_t)b->per_batch * PROBE_TICK_NS, length,
			      sizeof(length));
	printf("   +- %.2g %% (95 %%; %zu batches of %s%s)\n",
	       100 * b->half_width, b->batches, length,
	       b->independent ? "" : ", which still follow each other");
}

static double seconds(const struct probe *probe)
{
	return (double)probe->duration_ns / 1e9;
}

static void print_transactions(const struct probe *probe)
{
	static const double quantile[] = { 0.5, 0.9, 0.99, 0.999, 0.9999 };
	const struct agent_block_path *r = &probe->result;

	if (!r->transactions || probe->duration_ns <= 0)
		return;
	printf("\n%-12s %.6g transactions/s", "rate",
	       (double)r->transactions / seconds(probe));
	print_interval_of_mean(probe);
	printf("%-12s %" PRId64 " in %.2f s\n", "transactions", r->transactions,
	       seconds(probe));
	if (!r->latency || !r->latency->total)
		return;
	printf("%-12s us at %%:", "latency");
	for (size_t i = 0; i < sizeof(quantile) / sizeof(quantile[0]); i++)
		printf("%s %g: %.4g", i ? "," : "", 100 * quantile[i],
		       histogram_quantile(r->latency, quantile[i]) / 1e3);
	printf("\n");
}

static void print_datagrams(const struct probe *probe)
{
	const struct block_datagrams *d = &probe->result.datagrams;
	int64_t all = d->received + d->lost;

	if (!all)
		return;
	printf("%-12s %" PRId64 " received, %" PRId64 " lost (%.3g %%), "
	       "%" PRId64 " out of order, jitter %.3g us; sent at %.5g "
	       "Mbit/s\n",
	       "datagrams", d->received, d->lost,
	       100 * (double)d->lost / (double)all, d->reordered, d->jitter_us,
	       probe->result.sent_mbps);
}

static void print_throughput(const struct probe *probe)
{
	char mbps[32], amount[32];

	format_mbps(probe->result.throughput_mbps, mbps, sizeof(mbps));
	if (transaction_bytes(probe)) {
		printf("%-12s %s Mbit/s of requests and responses\n", "payload",
		       mbps);
		return;
	}
	printf("\n%-12s %s Mbit/s", "throughput", mbps);
	print_interval_of_mean(probe);
	format_amount((double)probe->bytes, amount, sizeof(amount));
	printf("%-12s %s in %.2f s, counted by the receiver (%s)\n", "received",
	       amount, (double)probe->duration_ns / 1e9, receiver(probe)->name);
}

static void print_cpu(const char *what, const struct probe_node *node,
		      const struct probe_end_cost *cost)
{
	printf("%-12s ", what);
	if (cost->known)
		printf("%s: %.2f of %d CPUs busy, %.3g us/KB", node->name,
		       cost->cpus, cost->cpu_count, cost->us_per_kb);
	else
		printf("%s: not known", node->name);
	if (cost->process_known)
		printf("; its agent %.2f", cost->process_cpus);
	if (cost->steal_cpus > 0.005)
		printf("; %.2f stolen by the hypervisor", cost->steal_cpus);
	printf("\n");
}

/* Two ends on one machine share its CPUs: then there is one figure. */
static void print_cost(const struct probe *probe, const struct probe_cost *cost)
{
	const struct probe_end_cost *s = is_send(probe) ? &cost->m1 : &cost->m2;
	const struct probe_end_cost *r = is_send(probe) ? &cost->m2 : &cost->m1;

	if (!s->shared) {
		print_cpu("sender cpu", sender(probe), s);
		print_cpu("receiver cpu", receiver(probe), r);
		return;
	}
	printf("%-12s ", "cpu");
	if (s->known)
		printf("both ends are one machine: %.2f of %d CPUs busy, "
		       "%.3g us/KB",
		       s->cpus, s->cpu_count, s->us_per_kb);
	else
		printf("not known");
	if (s->process_known && r->process_known)
		printf("; sender %.2f, receiver %.2f", s->process_cpus,
		       r->process_cpus);
	printf("\n");
}

static void print_tcp(const struct probe *probe, const struct probe_cost *cost)
{
	const struct block_socket *s = &probe->result.sender;

	if (!s->mss_bytes && !s->congestion[0])
		return; /* no TCP */
	printf("%-12s %s, mss %" PRId64 ", ", "tcp", s->congestion,
	       s->mss_bytes);
	if (cost->rtt_known)
		printf("rtt %.3g ms (+- %.2g, least %.2g), ",
		       cost->rtt_us / 1e3, cost->rtt_var_us / 1e3,
		       cost->rtt_min_us / 1e3);
	printf("%" PRId64 " retransmits\n",
	       cost->retransmits_known ? cost->retransmits : s->retransmits);
}

/* What was asked for stands in the workload's line; this came of it. */
static void print_buffers(const struct probe *probe)
{
	const struct agent_block_path *r = &probe->result;

	printf("%-12s sender's SO_SNDBUF %" PRId64 ", receiver's SO_RCVBUF "
	       "%" PRId64 " bytes, as obtained\n",
	       "buffers", r->sender.sndbuf_bytes, r->receiver.rcvbuf_bytes);
}

static void print_end(const struct probe *probe)
{
	if (probe->result.strangers)
		printf("%-12s %" PRId64 " connections of strangers were "
		       "dropped\n",
		       "note", probe->result.strangers);
	if (probe->interrupted)
		printf("%-12s interrupted; this is what was measured so far\n",
		       "note");
	else if (probe->precision > 0 && !probe->precise)
		printf("%-12s +-%.3g %% was asked for, and not reached in this "
		       "time\n",
		       "note", 100 * probe->precision);
}

void probe_text_end(const struct probe *probe)
{
	struct probe_cost cost;

	probe_get_cost(probe, &cost);
	print_transactions(probe);
	print_throughput(probe);
	print_datagrams(probe);
	print_cost(probe, &cost);
	print_tcp(probe, &cost);
	print_buffers(probe);
	print_end(probe);
	fflush(stdout);
}
