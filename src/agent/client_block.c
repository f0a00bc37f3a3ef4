/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client_block.c - one block from the coordinator's side: M2 listens, the M1s
 * follow, M2 conducts, all are awaited, and whoever failed is found out.
 */
#include "agent/client.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/block_json.h"
#include "agent/client_block.h"
#include "base/clock.h"
#include "base/json.h"

#define LISTEN_TIMEOUT_NS (5 * NS_PER_S)
#define ANSWER_MARGIN_NS  (1 * NS_PER_S)

static int check(const struct agent_block_args *args, struct err *err)
{
	if (args->paths < 1 || args->paths > BLOCK_MAX_PATHS)
		return err_set(err, EINVAL, "%zu paths where 1 to %d can be",
			       args->paths, BLOCK_MAX_PATHS);
	for (size_t p = 0; p < block_count_members(args); p++)
		for (size_t q = 0; q <= p; q++)
			if (args->m1[p] == (q < p ? args->m1[q] : args->m2))
				return err_set(err, EINVAL,
					       "path %s: its agent %s is at "
					       "another end, too",
					       args->path_name[p],
					       agent_node(args->m1[p]));
	return 0;
}

static void set_observe(json_t *json, const json_t *observe)
{
	if (observe)
		json_object_set(json, "observe", (json_t *)observe);
}

/* Point and congestion control, as both ends are told them. */
static json_t *common_args(const struct agent_block_args *args)
{
	json_t *json = json_pack("{so}", "point", point_to_json(args->point));

	if (args->congestion)
		json_object_set_new(json, "congestion",
				    json_string(args->congestion));
	return json;
}

static void add_token(const struct agent_block_args *args, json_t *json)
{
	if (args->token)
		json_object_set_new(json, "token", json_string(args->token));
}

static void add_tick(const struct agent_block_args *args, json_t *json)
{
	if (args->watch.tick_ns)
		json_object_set_new(json, "tick_ns",
				    json_integer(args->watch.tick_ns));
}

/* What one member does, where that is not the point; false: it is. */
static bool own_point(const struct agent_block_args *args, size_t member,
		      struct point *point)
{
	if (block_is_neighbor(args, member)) {
		*point = *args->neighbor;
		return true;
	}
	if (!args->pacing_bps)
		return false;
	*point = *args->point;
	point->value[AXIS_PACING_RATE] = args->pacing_bps[member];
	return true;
}

static json_t *address_to_json(const struct agent_block_args *args,
			       size_t member)
{
	const char *address =
		args->m2_listen ? args->m2_listen : args->m2_address[member];
	struct point own;

	if (!own_point(args, member, &own))
		return json_string(address);
	return json_pack("{ss so}", "address", address, "point",
			 point_to_json(&own));
}

static int listen_on_m2(struct block_run *run, struct err *err)
{
	const struct agent_block_args *args = run->args;
	json_t *json = common_args(args);
	json_t *addresses = json_array();

	for (size_t i = 0; i < run->members; i++)
		json_array_append_new(addresses, address_to_json(args, i));
	json_object_set_new(json, "address", addresses);
	add_token(args, json);
	return agent_call(args->m2, "block_listen", json, LISTEN_TIMEOUT_NS,
			  &run->listened, err);
}

/* So that followers who wait for turns that will not come are released. */
static void unlisten(struct block_run *run)
{
	json_t *json = common_args(run->args);

	json_object_set_new(json, "address", json_array());
	agent_call(run->args->m2, "block_listen", json, LISTEN_TIMEOUT_NS, NULL,
		   NULL);
}

static int64_t longest_ns(const struct block_run *run)
{
	return block_longest_ns(&run->args->timing, run->args->paths,
				run->args->slices, run->members);
}

static int post_follow(struct block_run *run, size_t p)
{
	const struct agent_block_args *args = run->args;
	struct outcome *outcome = &run->m1[p];
	json_t *json = common_args(args);
	const char *data_address;
	struct point own;
	int data_port, baton_port;

	if (json_unpack(
		    json_array_get(json_object_get(run->listened, "port"), p),
		    "[iis]", &data_port, &baton_port, &data_address) < 0) {
		json_decref(json);
		outcome->rc = err_set(&outcome->err, EPROTO,
				      "%s: no port for path %s",
				      agent_node(args->m2), args->path_name[p]);
		return outcome->rc;
	}
	json_object_update_new(
		json,
		json_pack("{ss ss si si so sI}", "address", args->m2_address[p],
			  "data_address", data_address, "data_port", data_port,
			  "baton_port", baton_port, "timing",
			  block_timing_to_json(&args->timing), "turn_wait_ns",
			  (json_int_t)longest_ns(run)));
	if (own_point(args, p, &own))
		json_object_set_new(json, "point", point_to_json(&own));
	add_token(args, json);
	add_tick(args, json);
	set_observe(json, args->m1_observe ? args->m1_observe[p] : NULL);
	outcome->rc =
		agent_post(args->m1[p], "block_follow", json, &outcome->err);
	outcome->posted = !outcome->rc;
	return outcome->rc;
}

static void add_pairs(const struct agent_block_args *args, json_t *json)
{
	json_t *pairs = json_array();

	for (size_t p = 0; p < args->paths; p++)
		json_array_append_new(
			pairs,
			json_integer((json_int_t)block_pairs_of(args, p)));
	json_object_set_new(json, "pairs", pairs);
}

static int post_conduct(struct block_run *run)
{
	const struct agent_block_args *args = run->args;
	json_t *names = json_array();
	json_t *order = json_array();
	json_t *json = common_args(args);

	for (size_t i = 0; i < run->members; i++)
		json_array_append_new(names, json_string(args->path_name[i]));
	for (size_t s = 0; s < args->slices; s++)
		json_array_append_new(order, json_integer(args->order[s]));
	json_object_update_new(
		json, json_pack("{so so so}", "path", names, "order", order,
				"timing", block_timing_to_json(&args->timing)));
	add_pairs(args, json);
	add_tick(args, json);
	set_observe(json, args->m2_observe);
	run->m2.rc = agent_post(args->m2, "block_conduct", json, &run->m2.err);
	run->m2.posted = !run->m2.rc;
	return run->m2.rc;
}

/* All or none: if one cannot be asked, those that were are released. */
static void post_all(struct block_run *run)
{
	int rc = 0;

	for (size_t p = 0; p < run->members && !rc; p++) {
		rc = post_follow(run, p);
		if (rc)
			run->unasked = (int)p;
	}
	if (rc)
		unlisten(run);
	else
		post_conduct(run);
}

static void wait_one(const struct block_run *run, struct agent *agent,
		     struct outcome *outcome)
{
	if (outcome->posted)
		outcome->rc = client_wait_until(
			agent, run->deadline_ns, &outcome->reply,
			&outcome->refusal, &outcome->err);
}

/* The end that counts is the one whose events come. */
static void watch_one(struct block_run *run)
{
	bool m2 = block_conductor_counts(run->args->point);
	struct agent *agent = m2 ? run->args->m2 : run->args->m1[0];
	struct outcome *outcome = m2 ? &run->m2 : &run->m1[0];

	if (!outcome->posted)
		return;
	outcome->posted = false;
	outcome->rc = client_wait_watching(agent, &run->args->watch,
					   run->deadline_ns, &outcome->reply,
					   &outcome->refusal, &outcome->err);
}

static void wait_all(struct block_run *run)
{
	if (run->args->watch.tick_ns)
		watch_one(run);
	wait_one(run, run->args->m2, &run->m2);
	for (size_t p = 0; p < run->members; p++)
		wait_one(run, run->args->m1[p], &run->m1[p]);
}

/* The conductor's own verdict; -1 where it has none. */
static int accused_path(const struct block_run *run)
{
	json_t *field = json_object_get(run->m2.refusal, "failed_path");
	json_int_t path =
		json_is_integer(field) ? json_integer_value(field) : -1;

	return path >= 0 && path < (json_int_t)run->members ? (int)path : -1;
}

static int blame(const struct block_run *run, size_t p, int *failed_path,
		 struct err *err)
{
	*failed_path = (int)p;
	*err = run->m1[p].err;
	return err_wrap(err, "path %s", run->args->path_name[p]);
}

/*
 * M2 sees most: its verdict counts, unless it is itself what was lost. An M1
 * whose stream ended explains the silence on its path better than M2 can.
 */
static int judge(const struct block_run *run, int *failed_path, struct err *err)
{
	const struct agent_block_args *args = run->args;
	int accused = accused_path(run);

	if (run->unasked >= 0)
		return blame(run, (size_t)run->unasked, failed_path, err);
	if (accused >= 0 && agent_is_lost(args->m1[accused]))
		return blame(run, (size_t)accused, failed_path, err);
	*failed_path = accused;
	*err = run->m2.err;
	if (run->m2.rc)
		return run->m2.rc;
	for (size_t p = 0; p < run->members; p++)
		if (run->m1[p].rc)
			return blame(run, p, failed_path, err);
	return 0;
}

static void release(struct block_run *run)
{
	json_decref(run->listened);
	json_decref(run->m2.reply);
	json_decref(run->m2.refusal);
	for (size_t p = 0; p < run->members; p++) {
		json_decref(run->m1[p].reply);
		json_decref(run->m1[p].refusal);
	}
}

static int carry_out(struct block_run *run, struct agent_block_path *paths,
		     int *failed, struct err *err)
{
	int rc = listen_on_m2(run, err);

	if (rc)
		return rc;
	run->deadline_ns = clock_mono_ns() + longest_ns(run) +
			   run->args->timing.patience_ns + ANSWER_MARGIN_NS;
	post_all(run);
	wait_all(run);
	rc = judge(run, failed, err);
	if (!rc)
		rc = block_merge(run, paths, failed, err);
	release(run);
	return rc;
}

int agent_run_block(const struct agent_block_args *args,
		    struct agent_block_path *paths, int *failed,
		    struct err *err)
{
	struct block_run run = { .args = args,
				 .members = block_count_members(args),
				 .unasked = -1 };
	struct err why = ERR_INIT;
	int rc = check(args, &why);

	*failed = -1;
	run.m1 = calloc(run.members + 1, sizeof(*run.m1));
	if (!rc && !run.m1)
		rc = err_sys(&why, ENOMEM, "a block");
	if (!rc)
		rc = carry_out(&run, paths, failed, &why);
	free(run.m1);
	if (rc && err)
		*err = why;
	return rc;
}

void agent_block_path_free(struct agent_block_path *path)
{
	free(path->slice);
	json_decref(path->counters);
	free(path->latency);
	free(path->pair_mbps);
	free(path->track);
	*path = (struct agent_block_path){ 0 };
}
