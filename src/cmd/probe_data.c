/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A probe for programs: one JSON object, or a CSV header and row. What is not
 * known is null, or empty. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmd/probe.h"
#include "stats/histogram.h"

static json_t *real_or_null(bool known, double value)
{
	return known && isfinite(value) ? json_real(value) : json_null();
}

static json_t *int_or_null(bool known, int64_t value)
{
	return known ? json_integer(value) : json_null();
}

static json_t *node_to_json(const struct probe_node *node)
{
	const struct agent_hello *hello = agent_get_hello(node->agent);

	return json_pack("{ss ss ss si ss si ss}", "node", node->name,
			 "address", node->address, "ifname", node->ifname,
			 "mtu", node->mtu, "kernel", hello->kernel, "cpus",
			 hello->cpus, "version", hello->version);
}

static json_t *cost_to_json(const struct probe_end_cost *cost)
{
	return json_pack(
		"{so so so so so sb}", "cpus_busy",
		real_or_null(cost->known, cost->cpus), "cpus",
		int_or_null(cost->known, cost->cpu_count), "cpus_stolen",
		real_or_null(cost->known, cost->steal_cpus),
		"service_demand_us_per_kb",
		real_or_null(cost->known, cost->us_per_kb), "agent_cpus",
		real_or_null(cost->process_known, cost->process_cpus),
		"shared_with_other_end", cost->shared);
}

static json_t *socket_to_json(const struct block_socket *s)
{
	return json_pack("{sI sI sI ss}", "sndbuf_bytes",
			 (json_int_t)s->sndbuf_bytes, "rcvbuf_bytes",
			 (json_int_t)s->rcvbuf_bytes, "mss_bytes",
			 (json_int_t)s->mss_bytes, "congestion", s->congestion);
}

/* The summary; its names are the CSV's columns, too. */
static json_t *summarize(const struct probe *probe)
{
	const struct stats_batch *b = &probe->batch;
	const struct agent_block_path *r = &probe->result;
	double mbps = r->throughput_mbps;
	double half = b->half_width * mbps;

	return json_pack(
		"{so so so so si sb so sI sI so so}", "throughput_mbps",
		real_or_null(true, mbps), "throughput_lo",
		real_or_null(b->valid, mbps - half), "throughput_hi",
		real_or_null(b->valid, mbps + half), "half_width",
		real_or_null(b->valid, b->half_width), "batches",
		(int)b->batches, "independent", b->valid && b->independent,
		"batch_s",
		real_or_null(b->valid, (double)b->per_batch *
					       (double)PROBE_TICK_NS / 1e9),
		"bytes", (json_int_t)probe->bytes, "messages",
		(json_int_t)r->messages, "seconds",
		json_real((double)probe->duration_ns / 1e9), "precision_asked",
		real_or_null(probe->precision > 0, probe->precision));
}

static void add_tcp(json_t *summary, const struct probe *probe,
		    const struct probe_cost *cost)
{
	const struct block_socket *s = &probe->result.sender;

	json_object_set_new(summary, "retransmits",
			    json_integer(cost->retransmits_known
						 ? cost->retransmits
						 : s->retransmits));
	json_object_set_new(summary, "rtt_us",
			    real_or_null(cost->rtt_known, cost->rtt_us));
	json_object_set_new(summary, "rttvar_us",
			    real_or_null(cost->rtt_known, cost->rtt_var_us));
	json_object_set_new(summary, "min_rtt_us",
			    real_or_null(cost->rtt_known, cost->rtt_min_us));
	json_object_set_new(summary, "strangers",
			    json_integer(probe->result.strangers));
	json_object_set_new(summary, "interrupted",
			    json_boolean(probe->interrupted));
}

static json_t *quantile_or_null(const struct histogram *latency, double q)
{
	bool known = latency && latency->total;

	return real_or_null(known,
			    known ? histogram_quantile(latency, q) / 1e3 : 0);
}

static void add_transactions(json_t *summary, const struct probe *probe)
{
	const struct agent_block_path *r = &probe->result;
	const struct block_datagrams *d = &r->datagrams;
	bool known = r->transactions > 0 && probe->duration_ns > 0;
	bool datagrams = d->received + d->lost > 0;
	json_t *more = json_pack(
		"{so so so so so so so so so so}", "transactions_per_s",
		real_or_null(known, known ? (double)r->transactions * 1e9 /
						    (double)probe->duration_ns
					  : 0),
		"latency_p50_us", quantile_or_null(r->latency, 0.5),
		"latency_p90_us", quantile_or_null(r->latency, 0.9),
		"latency_p99_us", quantile_or_null(r->latency, 0.99),
		"latency_p99_99_us", quantile_or_null(r->latency, 0.9999),
		"datagrams_received", int_or_null(datagrams, d->received),
		"datagrams_lost", int_or_null(datagrams, d->lost),
		"datagrams_reordered", int_or_null(datagrams, d->reordered),
		"jitter_us", real_or_null(datagrams, d->jitter_us), "sent_mbps",
		real_or_null(datagrams, r->sent_mbps));

	json_object_update_new(summary, more);
}

void probe_json(const struct probe *probe)
{
	const struct agent_block_path *r = &probe->result;
	struct probe_cost cost;
	json_t *summary = summarize(probe), *all;

	probe_get_cost(probe, &cost);
	add_tcp(summary, probe, &cost);
	add_transactions(summary, probe);
	all = json_pack(
		"{so so so so so so so so so so}", "point",
		point_to_json(probe->point), "m1", node_to_json(probe->m1),
		"m2", node_to_json(probe->m2), "summary", summary, "intervals",
		json_incref(probe->intervals), "m1_cost",
		cost_to_json(&cost.m1), "m2_cost", cost_to_json(&cost.m2),
		"sender", socket_to_json(&r->sender), "receiver",
		socket_to_json(&r->receiver), "counters",
		r->counters ? json_incref(r->counters) : json_null());
	json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
	printf("\n");
	json_decref(all);
}

/*
 * CSV: the axes, then the summary, then the ends.
 */

static void print_names(const json_t *object, const char *prefix)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
		printf(",%s%s", prefix, key);
}

static void print_values(const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		printf(",");
		if (json_is_string(value))
			printf("%s", json_string_value(value));
		else if (!json_is_null(value))
			json_dumpf(value, stdout,
				   JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
	}
}

/* A node's spec may hold a comma as a host name never does: quoted. */
static void print_node(const struct probe_node *node)
{
	printf(strpbrk(node->name, ",\"") ? "\"%s\"" : "%s", node->name);
}

static void print_axes(const struct probe *probe)
{
	for (int a = 0; a < AXIS_COUNT; a++) {
		char value[64];

		if (a == AXIS_MTU)
			snprintf(value, sizeof(value), "%d", probe->m1->mtu);
		else
			axis_format((enum axis)a, probe->point->value[a], value,
				    sizeof(value));
		printf(",%s", value);
	}
}

void probe_csv(const struct probe *probe)
{
	struct probe_cost cost;
	json_t *part[5];
	static const char *const prefix[5] = { "", "m1_", "m2_", "sender_",
					       "receiver_" };

	probe_get_cost(probe, &cost);
	part[0] = summarize(probe);
	add_tcp(part[0], probe, &cost);
	add_transactions(part[0], probe);
	part[1] = cost_to_json(&cost.m1);
	part[2] = cost_to_json(&cost.m2);
	part[3] = socket_to_json(&probe->result.sender);
	part[4] = socket_to_json(&probe->result.receiver);
	printf("m1,m2");
	for (int a = 0; a < AXIS_COUNT; a++)
		printf(",%s", axis_table[a].name);
	for (int i = 0; i < 5; i++)
		print_names(part[i], prefix[i]);
	printf("\n");
	print_node(probe->m1);
	printf(",");
	print_node(probe->m2);
	print_axes(probe);
	for (int i = 0; i < 5; i++) {
		print_values(part[i]);
		json_decref(part[i]);
	}
	printf("\n");
}
