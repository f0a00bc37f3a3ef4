/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One block: paths set, run, stored, entered. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/block_json.h"
#include "base/clock.h"
#include "lab/cage.h"
#include "lab/outside.h"
#include "stats/order.h"
#include "store/profile.h"
#include "study/counters.h"
#include "study/observe.h"
#include "study/run.h"

/* One pair of a path, or its neighbor. */
struct block_member {
	size_t path; /* index into the block's */
	int pair;
	char name[PLAN_NAME_MAX + 20]; /* "domU", "domU, pair 3" */
};

/* The living paths of one block, as the agents and the store want them. */
struct block {
	size_t paths;
	size_t index[BLOCK_MAX_PATHS]; /* into the plan's paths */
	size_t pairs[BLOCK_MAX_PATHS]; /* members: a neighbor among them */
	struct block_member member[BLOCK_MAX_MEMBERS];
	size_t members;
	/* as the agents' room takes them, [members] */
	struct agent *m1[BLOCK_MAX_MEMBERS];
	const char *name[BLOCK_MAX_MEMBERS];
	const char *m2_address[BLOCK_MAX_MEMBERS];
	int64_t pacing_bps[BLOCK_MAX_MEMBERS]; /* of a trial */
	struct agent_block_path result[BLOCK_MAX_PATHS];
	/* what the paths' machinery counted before, and then in the block */
	json_t *counters[BLOCK_MAX_PATHS];
	int *order;
	size_t slices;
	int64_t started_at_ns, duration_ns;
};

static const char *address_of(const struct lab_end *end,
			      const struct point *point)
{
	return point->value[AXIS_FAMILY] == FAMILY_IPV6 ? end->address6
							: end->address;
}

/* The first pairs of a path, as many as the point has. */
static void gather_pairs(struct run *run, const struct point *point,
			 struct block *block, size_t path)
{
	size_t p = block->index[path];
	int pairs = point_members(point);

	block->pairs[path] = (size_t)pairs;
	for (int k = 0; k < pairs; k++) {
		size_t i = block->members++;
		struct block_member *m = &block->member[i];
		const char *name = run->plan->path[p].name;

		m->path = path;
		m->pair = k;
		if (k >= point->value[AXIS_PAIRS])
			snprintf(m->name, sizeof(m->name), "%s, neighbor",
				 name);
		else if (pairs > 1)
			snprintf(m->name, sizeof(m->name), "%s, pair %d", name,
				 k + 1);
		else
			snprintf(m->name, sizeof(m->name), "%s", name);
		block->name[i] = m->name;
		block->m1[i] = team_m1(run->team, p, k);
		block->m2_address[i] =
			address_of(lab_pair_m2(run->lab, p, k), point);
	}
}

/* A path's rate, over its members and their flows. */
static void share_rate(const struct point *point, int64_t bps,
		       struct block *block, size_t path)
{
	int64_t flows = (int64_t)block->pairs[path] * point->value[AXIS_FLOWS];

	for (size_t i = block->members - block->pairs[path]; i < block->members;
	     i++)
		block->pacing_bps[i] = bps / flows;
}

static void gather_paths(struct run *run, const struct measure_args *args,
			 struct block *block)
{
	block->paths = 0;
	for (size_t p = 0; p < run->paths; p++) {
		size_t i = block->paths;

		if (args->path >= 0 && p != (size_t)args->path)
			continue;
		if (!run->built[p] ||
		    ledger_failed(run->ledger, (size_t)args->point, p))
			continue;
		if (args->pacing_bps && !args->pacing_bps[p])
			continue;
		if (args->wanted && p > 0 &&
		    !ledger_wants(run->ledger, (size_t)args->point, p))
			continue;
		block->index[i] = p;
		block->paths++;
		gather_pairs(run, &run->point[args->point], block, i);
		if (args->pacing_bps)
			share_rate(&run->point[args->point],
				   args->pacing_bps[p], block, i);
	}
}

/* Where a path's first pair stands among the members. */
static int member_of(const struct block *block, size_t path, int pair)
{
	int first = 0;

	for (size_t p = 0; p < path; p++)
		first += (int)block->pairs[p];
	return first + (pair < (int)block->pairs[path] ? pair : 0);
}

/* MTU and offload on every path of the block; *failed as in run_paths(). */
static int set_paths(struct run *run, const struct block *block,
		     const struct point *point, int *failed, struct err *err)
{
	int mtu = (int)point->value[AXIS_MTU];
	int offload = (int)point->value[AXIS_OFFLOAD];

	for (size_t i = 0; i < block->paths; i++) {
		int blame;
		int rc = team_set_path(run->team, block->index[i], mtu, offload,
				       &blame, err);

		*failed = blame < 0 ? -1 : member_of(block, i, blame);
		if (rc)
			return rc;
	}
	return 0;
}

/* Before the block, then after it. A path that cannot be asked has failed. */
static int read_counters(struct run *run, struct block *block, int *failed,
			 struct err *err)
{
	for (size_t i = 0; i < block->paths; i++) {
		json_t *before = block->counters[i], *now;
		int rc = lab_read_path_counters(run->lab, block->index[i], &now,
						err);

		if (rc) {
			*failed = member_of(block, i, 0);
			return rc;
		}
		block->counters[i] = before ? counters_subtract(now, before)
					    : json_incref(now);
		json_decref(before);
		json_decref(now);
	}
	return 0;
}

static int64_t agents_patience_ns(const struct run *run,
				  const struct block *block)
{
	for (size_t i = 0; i < block->paths; i++) {
		const char *accelerator = lab_node_accelerator(
			lab_path_m1(run->lab, block->index[i])->node);

		if (accelerator && strcmp(accelerator, "tcg") == 0)
			return STUDY_EMULATED_PATIENCE_NS;
	}
	return STUDY_PATIENCE_NS;
}

/*
 * Silence borne: the agents', and on a slow cable what the block's turns need
 * to drain, each up to the sender's whole buffer (the kernel doubles what
 * SO_SNDBUF asks; where it sizes it itself, up to 4 MiB, tcp_wmem's default).
 */
static int64_t patience_ns(const struct run *run, const struct block *block,
			   const struct point *point)
{
	int64_t agents_ns = agents_patience_ns(run, block);
	int64_t buffer = 2 * point->value[AXIS_SOCKET_SIZE];

	if (!run->plan->link_bps)
		return agents_ns;
	if (!buffer)
		buffer = 4 << 20;
	return agents_ns +
	       (int64_t)((double)block->slices * 2 * 8 * (double)buffer *
			 (double)NS_PER_S / (double)run->plan->link_bps);
}

/* What carries the path's frames may know better than its silent end. */
static void ask_path(struct run *run, size_t path, int pair, struct err *err)
{
	struct err why = ERR_INIT;
	json_t *counters = NULL;

	if (lab_read_path_counters(run->lab, path, &counters, &why))
		*err = why;
	json_decref(counters);
	team_hear(run->team, path, pair, err);
}

/* Where machines are there already, M1 may reach M2 by an address that M2 does
 * not have (address translation): it listens on all. The token keeps
 * strangers out. */
static const char *m2_listen(const struct point *point)
{
	return point->value[AXIS_FAMILY] == FAMILY_IPV6 ? "::" : "0.0.0.0";
}

/* *failed: an index into the block's members, or -1 for M2. */
static int run_paths(struct run *run, const struct measure_args *args,
		     struct block *block, int *failed, struct err *err)
{
	const struct point *point = &run->point[args->point];
	struct agent_block_args a = {
		.m2 = team_m2(run->team),
		.m1 = block->m1,
		.path_name = block->name,
		.m2_address = block->m2_address,
		.paths = block->paths,
		.pairs = block->pairs,
		.point = point,
		.pacing_bps = args->pacing_bps ? block->pacing_bps : NULL,
		.congestion = team_congestion(run->team),
		.timing = args->timing,
	};
	struct observe_request request;
	struct point neighbor;
	char token[33];
	int rc = set_paths(run, block, point, failed, err);

	if (!rc)
		rc = read_counters(run, block, failed, err);
	if (rc)
		return rc;
	block->slices = args->cycles * block->paths;
	block->order = calloc(block->slices, sizeof(*block->order));
	if (!block->order)
		return err_set(err, ENOMEM, "out of memory");
	stats_block_order(args->seed, block->order, block->paths, args->cycles);
	a.order = block->order;
	a.slices = block->slices;
	a.timing.patience_ns = patience_ns(run, block, point);
	if (point->value[AXIS_NEIGHBOR] != NEIGHBOR_OFF) {
		point_of_neighbor(point, &neighbor);
		a.neighbor = &neighbor;
	}
	if (lab_is_outside(run->lab)) {
		rc = agent_make_token(token, err);
		a.token = token;
		a.m2_listen = m2_listen(point);
	}
	if (rc)
		return rc;
	observe_ask(run, block->index, block->paths, args->profile, &request);
	a.m2_observe = request.m2;
	/* of several pairs none is all of M1 */
	if (block->members == block->paths)
		a.m1_observe = (const json_t *const *)request.m1;
	block->started_at_ns = clock_real_ns();
	block->duration_ns = -clock_mono_ns();
	rc = agent_run_block(&a, block->result, failed, err);
	block->duration_ns += clock_mono_ns();
	observe_release(&request);
	return rc ? rc : read_counters(run, block, failed, err);
}

static void sum_slices(const struct agent_block_path *result,
		       struct store_measurement *m)
{
	m->slices = json_array();
	for (size_t i = 0; i < result->slices; i++) {
		const struct block_slice *s = &result->slice[i];

		m->bytes += s->bytes;
		m->duration_ns += s->duration_ns;
		if (s->idle_ns > m->idle_max_ns)
			m->idle_max_ns = s->idle_ns;
		json_array_append_new(m->slices,
				      json_pack("[II]", (json_int_t)s->bytes,
						(json_int_t)s->duration_ns));
	}
}

void measure_fill(size_t path, const struct agent_block_path *result,
		  struct store_measurement *m)
{
	*m = (struct store_measurement){
		.path = (int)path,
		.throughput_mbps = result->throughput_mbps,
		.sndbuf_bytes = result->sender.sndbuf_bytes,
		.rcvbuf_bytes = result->receiver.rcvbuf_bytes,
		.mss_bytes = result->sender.mss_bytes,
		.retransmits = result->sender.retransmits,
		.messages = result->messages,
		.reverse_mbps = result->reverse_mbps,
		.sent_mbps = result->sent_mbps,
		.transactions = result->transactions,
		.latency = result->latency
				   ? block_latency_to_json(result->latency)
				   : NULL,
		.datagrams = result->datagrams.received,
		.lost = result->datagrams.lost,
		.reordered = result->datagrams.reordered,
		.jitter_us = result->datagrams.jitter_us,
	};
	memcpy(m->congestion, result->sender.congestion, sizeof(m->congestion));
	sum_slices(result, m);
	if (result->pairs > 1) {
		m->pair_mbps = json_array();
		for (size_t k = 0; k < result->pairs; k++)
			json_array_append_new(m->pair_mbps,
					      json_real(result->pair_mbps[k]));
	}
}

static json_t *order_to_json(const struct block *block)
{
	json_t *order = json_array();

	for (size_t i = 0; i < block->slices; i++)
		json_array_append_new(
			order,
			json_integer(
				(json_int_t)block->index[block->order[i]]));
	return order;
}

/* What set_paths() read back: MTU and offload of every end and hop; with
 * offload on, what each path's own end can. */
static json_t *settings_to_json(const struct run *run,
				const struct block *block,
				const struct point *point)
{
	json_t *features = json_object();

	for (size_t i = 0; i < block->paths; i++)
		json_object_set(
			features, run->plan->path[block->index[i]].name,
			(json_t *)team_features(run->team, block->index[i]));
	return json_pack("{sisbso}", "mtu", (int)point->value[AXIS_MTU],
			 "offload", (int)point->value[AXIS_OFFLOAD], "features",
			 features);
}

/* What was asked for and is not to be had is said once, not missed. */
static void tell_what_lacks(struct run *run, const struct block *block)
{
	static const char *const keys[] = { "no_ebpf", "no_profile" };

	for (size_t k = 0; k < 2 && !run->told; k++) {
		const json_t *why =
			json_object_get(block->counters[0], keys[k]);

		if (!why)
			continue;
		run->told = true;
		run_tell(run, "%s: %s",
			 k ? "not profiled" : "observed without eBPF",
			 json_string_value(why));
	}
}

/* Out of the counters into a table of their own. */
static int store_profiles(struct run *run, const struct measure_args *args,
			  const struct block *block, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < block->paths && args->profile && !rc; i++) {
		json_t *profile =
			json_object_get(block->counters[i], "profile");
		json_t *stacks = json_object_get(profile, "stacks");

		rc = store_add_profile(run->store, args->point,
				       (int)block->index[i], stacks, err);
		json_object_del(profile, "stacks");
	}
	return rc;
}

static int store_result(struct run *run, const struct measure_args *args,
			struct block *block, struct err *err)
{
	struct store_measurement measurement[BLOCK_MAX_PATHS];
	struct store_block row = {
		.point = args->point,
		.round = run->round,
		.seed = args->seed,
		.order = order_to_json(block),
		.started_at_ns = block->started_at_ns,
		.duration_ns = block->duration_ns,
		.settings =
			settings_to_json(run, block, &run->point[args->point]),
		.measurement = measurement,
		.measurements = block->paths,
		.discarded = args->profile ? "profiled, not measured" : NULL,
	};
	int rc;

	for (size_t i = 0; i < block->paths; i++) {
		measure_fill(block->index[i], &block->result[i],
			     &measurement[i]);
		observe_merge(&block->counters[i], block->result[i].counters);
		measurement[i].counters = block->counters[i];
	}
	tell_what_lacks(run, block);
	rc = store_profiles(run, args, block, err);
	if (!rc)
		rc = store_add_block(run->store, &row, err);
	for (size_t i = 0; i < block->paths; i++) {
		json_decref(measurement[i].slices);
		json_decref(measurement[i].latency);
		json_decref(measurement[i].pair_mbps);
	}
	json_decref(row.order);
	json_decref(row.settings);
	return rc;
}

static int hand_over(struct run *run, const struct measure_args *args,
		     const struct block *block, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < block->paths && !rc; i++) {
		replace_forgive(run, (size_t)args->point, block->index[i]);
		rc = args->take(args->arg, block->index[i], &block->result[i],
				err);
	}
	return rc;
}

static int enter_result(struct run *run, const struct measure_args *args,
			struct block *block, struct err *err)
{
	double mbps[BLOCK_MAX_PATHS];
	int rc;

	if (args->take)
		return hand_over(run, args, block, err);
	rc = store_result(run, args, block, err);
	if (rc)
		return rc;
	for (size_t p = 0; p < run->paths; p++)
		mbps[p] = -1;
	for (size_t i = 0; i < block->paths; i++)
		mbps[block->index[i]] = block->result[i].throughput_mbps;
	for (size_t i = 0; i < block->paths; i++)
		replace_forgive(run, (size_t)args->point, block->index[i]);
	if (args->profile)
		return 0;
	run->blocks++;
	return ledger_add(run->ledger, (size_t)args->point, mbps, err);
}

static void block_clear(struct block *block)
{
	for (size_t i = 0; i < block->paths; i++) {
		agent_block_path_free(&block->result[i]);
		json_decref(block->counters[i]);
	}
	free(block->order);
	*block = (struct block){ 0 };
}

/* One try. 1: something was replaced, try again. */
static int try_block(struct run *run, const struct measure_args *args,
		     struct block *block, struct err *err)
{
	struct err cause = ERR_INIT;
	int failed = -1;
	int rc;

	gather_paths(run, args, block);
	if (!block->paths)
		return 0;
	rc = run_paths(run, args, block, &failed, &cause);
	if (!rc)
		return enter_result(run, args, block, err);
	if (rc == -ENOMEM)
		return err_set(err, ENOMEM, "%s", cause.text);
	if (failed >= 0)
		ask_path(run, block->index[block->member[failed].path],
			 block->member[failed].pair, &cause);
	if (failed >= 0)
		rc = replace_m1(run, (size_t)args->point,
				block->index[block->member[failed].path],
				block->member[failed].pair, &cause, err);
	else
		rc = replace_m2(run, (size_t)args->point, &cause, err);
	return rc ? rc : 1;
}

int measure_block(struct run *run, const struct measure_args *args,
		  struct err *err)
{
	int rc = 1;

	point_format(&run->point[args->point], run->now, sizeof(run->now));
	while (rc > 0 && !cage_stop_asked()) {
		struct block block = { 0 };

		rc = try_block(run, args, &block, err);
		block_clear(&block);
	}
	return rc < 0 ? rc : 0;
}
