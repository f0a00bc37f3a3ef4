/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a probe cost, out of the counters that its nodes' agents kept
 * (observe/counters.h). What was not measured stays unknown. */
#include <string.h>

#include "base/json.h"
#include "cmd/probe.h"

static bool get(const json_t *object, const char *key, double *value)
{
	return object && !json_get_double(object, key, value, NULL);
}

/* A kernel's whole time, whoever took it. */
static void add_kernel(struct probe_end_cost *cost, const json_t *kernel,
		       double turn_ns, double turn_bytes)
{
	double busy_ns, cpus, steal_ns = 0;

	if (!get(kernel, "busy_ns", &busy_ns) || !get(kernel, "cpus", &cpus) ||
	    turn_ns <= 0)
		return;
	get(json_object_get(kernel, "cpu_ns"), "steal", &steal_ns);
	cost->known = true;
	cost->cpus = busy_ns / turn_ns;
	cost->cpu_count = (int)cpus;
	cost->steal_cpus = steal_ns / turn_ns;
	if (turn_bytes > 0)
		cost->us_per_kb = busy_ns / 1e3 / (turn_bytes / 1024);
}

static void add_process(struct probe_end_cost *cost, const json_t *end,
			double turn_ns)
{
	double cpu_ns;

	if (!get(json_object_get(end, "process"), "cpu_ns", &cpu_ns) ||
	    turn_ns <= 0)
		return;
	cost->process_known = true;
	cost->process_cpus = cpu_ns / turn_ns;
}

static void add_tcp(struct probe_cost *cost, const json_t *sender)
{
	const json_t *tcp = json_object_get(sender, "tcp");
	double retransmits;

	cost->rtt_known = get(tcp, "rtt_us", &cost->rtt_us) &&
			  get(tcp, "rttvar_us", &cost->rtt_var_us);
	if (!get(tcp, "min_rtt_us", &cost->rtt_min_us))
		cost->rtt_min_us = cost->rtt_us;
	cost->retransmits_known = get(tcp, "retransmits", &retransmits);
	if (cost->retransmits_known)
		cost->retransmits = (int64_t)retransmits;
}

void probe_get_cost(const struct probe *probe, struct probe_cost *cost)
{
	const json_t *counters = probe->result.counters;
	const json_t *m1 = json_object_get(counters, "m1");
	const json_t *m2 = json_object_get(counters, "m2");
	const json_t *kernel = json_object_get(m1, "kernel");
	const json_t *host = json_object_get(counters, "host");
	bool send = probe->point->value[AXIS_DIRECTION] == DIRECTION_SEND;
	double turn_ns = 0, turn_bytes = 0;

	memset(cost, 0, sizeof(*cost));
	get(counters, "turn_ns", &turn_ns);
	get(counters, "turn_bytes", &turn_bytes);
	cost->m1.shared = cost->m2.shared =
		strcmp(probe->m1->boot_id, probe->m2->boot_id) == 0;
	add_kernel(&cost->m1, cost->m1.shared ? host : kernel, turn_ns,
		   turn_bytes);
	add_kernel(&cost->m2, host, turn_ns, turn_bytes);
	add_process(&cost->m1, m1, turn_ns);
	add_process(&cost->m2, m2, turn_ns);
	add_tcp(cost, send ? m1 : m2);
}
