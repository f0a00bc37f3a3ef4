/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client_block.c - one block from the coordinator's side: M2 listens, the M1s
 * follow, M2 conducts, all are awaited, and whoever failed is found out.
 */
#include "agent/client.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/block_json.h"
#include "base/clock.h"
#include "base/json.h"

#define LISTEN_TIMEOUT_NS (5 * NS_PER_S)
#define ANSWER_MARGIN_NS  (1 * NS_PER_S)

/* What one agent said in the end. */
struct outcome {
	bool posted;
	int rc;
	struct err err;
	json_t *reply, *refusal;
};

struct run {
	const struct agent_block_args *args;
	int unasked; /* the path whose M1 could not even be asked, or -1 */
	int64_t deadline_ns;
	json_t *listened; /* {"port": [[data, baton], ...]} */
	struct outcome m2;
	struct outcome m1[BLOCK_MAX_PATHS];
};

static int check(const struct agent_block_args *args, struct err *err)
{
	if (args->paths < 1 || args->paths > BLOCK_MAX_PATHS)
		return err_set(err, EINVAL, "%zu paths where 1 to %d can be",
			       args->paths, BLOCK_MAX_PATHS);
	for (size_t p = 0; p < args->paths; p++)
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

static int listen_on_m2(struct run *run, struct err *err)
{
	const struct agent_block_args *args = run->args;
	json_t *json = common_args(args);
	json_t *addresses = json_array();

	for (size_t p = 0; p < args->paths; p++)
		json_array_append_new(
			addresses,
			json_string(args->m2_listen ? args->m2_listen
						    : args->m2_address[p]));
	json_object_set_new(json, "address", addresses);
	add_token(args, json);
	return agent_call(args->m2, "block_listen", json, LISTEN_TIMEOUT_NS,
			  &run->listened, err);
}

/* So that followers who wait for turns that will not come are released. */
static void unlisten(struct run *run)
{
	json_t *json = common_args(run->args);

	json_object_set_new(json, "address", json_array());
	agent_call(run->args->m2, "block_listen", json, LISTEN_TIMEOUT_NS, NULL,
		   NULL);
}

static int post_follow(struct run *run, size_t p)
{
	const struct agent_block_args *args = run->args;
	struct outcome *outcome = &run->m1[p];
	json_t *json = common_args(args);
	int data_port, baton_port;

	if (json_unpack(
		    json_array_get(json_object_get(run->listened, "port"), p),
		    "[ii]", &data_port, &baton_port) < 0) {
		json_decref(json);
		outcome->rc = err_set(&outcome->err, EPROTO,
				      "%s: no port for path %s",
				      agent_node(args->m2), args->path_name[p]);
		return outcome->rc;
	}
	json_object_update_new(
		json,
		json_pack("{ss si si so sI}", "address", args->m2_address[p],
			  "data_port", data_port, "baton_port", baton_port,
			  "timing", block_timing_to_json(&args->timing),
			  "turn_wait_ns",
			  (json_int_t)block_longest_ns(
				  &args->timing, args->paths, args->slices)));
	add_token(args, json);
	add_tick(args, json);
	set_observe(json, args->m1_observe ? args->m1_observe[p] : NULL);
	outcome->rc =
		agent_post(args->m1[p], "block_follow", json, &outcome->err);
	outcome->posted = !outcome->rc;
	return outcome->rc;
}

static int post_conduct(struct run *run)
{
	const struct agent_block_args *args = run->args;
	json_t *names = json_array();
	json_t *order = json_array();
	json_t *json = common_args(args);

	for (size_t p = 0; p < args->paths; p++)
		json_array_append_new(names, json_string(args->path_name[p]));
	for (size_t s = 0; s < args->slices; s++)
		json_array_append_new(order, json_integer(args->order[s]));
	json_object_update_new(
		json, json_pack("{so so so}", "path", names, "order", order,
				"timing", block_timing_to_json(&args->timing)));
	add_tick(args, json);
	set_observe(json, args->m2_observe);
	run->m2.rc = agent_post(args->m2, "block_conduct", json, &run->m2.err);
	run->m2.posted = !run->m2.rc;
	return run->m2.rc;
}

/* All or none: if one cannot be asked, those that were are released. */
static void post_all(struct run *run)
{
	int rc = 0;

	for (size_t p = 0; p < run->args->paths && !rc; p++) {
		rc = post_follow(run, p);
		if (rc)
			run->unasked = (int)p;
	}
	if (rc)
		unlisten(run);
	else
		post_conduct(run);
}

static void wait_one(const struct run *run, struct agent *agent,
		     struct outcome *outcome)
{
	if (outcome->posted)
		outcome->rc = client_wait_until(
			agent, run->deadline_ns, &outcome->reply,
			&outcome->refusal, &outcome->err);
}

/* The end that counts is the one whose events come. */
static void watch_one(struct run *run)
{
	bool send = run->args->point->value[AXIS_DIRECTION] == DIRECTION_SEND;
	struct agent *agent = send ? run->args->m2 : run->args->m1[0];
	struct outcome *outcome = send ? &run->m2 : &run->m1[0];

	if (!outcome->posted)
		return;
	outcome->posted = false;
	outcome->rc = client_wait_watching(agent, &run->args->watch,
					   run->deadline_ns, &outcome->reply,
					   &outcome->refusal, &outcome->err);
}

static void wait_all(struct run *run)
{
	if (run->args->watch.tick_ns)
		watch_one(run);
	wait_one(run, run->args->m2, &run->m2);
	for (size_t p = 0; p < run->args->paths; p++)
		wait_one(run, run->args->m1[p], &run->m1[p]);
}

/* The conductor's own verdict; -1 where it has none. */
static int accused_path(const struct run *run)
{
	json_t *field = json_object_get(run->m2.refusal, "failed_path");
	json_int_t path =
		json_is_integer(field) ? json_integer_value(field) : -1;

	return path >= 0 && path < (json_int_t)run->args->paths ? (int)path
								: -1;
}

static int blame(const struct run *run, size_t p, int *failed_path,
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
static int judge(const struct run *run, int *failed_path, struct err *err)
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
	for (size_t p = 0; p < args->paths; p++)
		if (run->m1[p].rc)
			return blame(run, p, failed_path, err);
	return 0;
}

static double mean_mbps(const struct block_slice *slice, size_t slices)
{
	double sum = 0;

	for (size_t i = 0; i < slices; i++)
		sum += (double)slice[i].bytes * 8e3 /
		       (double)slice[i].duration_ns;
	return slices ? sum / (double)slices : 0;
}

/* The receiver counted the slices, the sender the messages. */
static void merge(const struct agent_block_args *args,
		  struct block_result *follower, struct block_result *conductor,
		  struct agent_block_path *path)
{
	bool send = args->point->value[AXIS_DIRECTION] == DIRECTION_SEND;
	struct block_result *sender = send ? follower : conductor;
	struct block_result *receiver = send ? conductor : follower;

	*path = (struct agent_block_path){
		.slice = receiver->slice,
		.slices = receiver->slices,
		.throughput_mbps = mean_mbps(receiver->slice, receiver->slices),
		.sender = sender->socket,
		.receiver = receiver->socket,
		.messages = sender->messages,
		.strangers = conductor->strangers,
	};
	receiver->slice = NULL;
}

/* M2's, with M1's as "m1" in it. NULL where M2 did not observe. */
static json_t *merge_counters(const json_t *followed, const json_t *conducted)
{
	json_t *m1 = json_object_get(followed, "counters");
	json_t *all = json_object_get(conducted, "counters");

	if (!json_is_object(all))
		return NULL;
	if (json_is_object(m1))
		json_object_set(all, "m1", m1);
	return json_incref(all);
}

static int merge_path(const struct run *run, size_t p,
		      struct agent_block_path *path, struct err *err)
{
	struct block_result follower, conductor = { 0 };
	json_t *conducted;
	int rc = block_result_from_json(run->m1[p].reply, &follower, err);

	if (!rc)
		rc = json_get_array(run->m2.reply, "path", &conducted, err);
	if (!rc)
		rc = block_result_from_json(json_array_get(conducted, p),
					    &conductor, err);
	if (!rc) {
		merge(run->args, &follower, &conductor, path);
		path->counters = merge_counters(run->m1[p].reply,
						json_array_get(conducted, p));
	}
	block_result_free(&follower);
	block_result_free(&conductor);
	return rc ? err_wrap(err, "path %s", run->args->path_name[p]) : 0;
}

static int merge_all(const struct run *run, struct agent_block_path *paths,
		     int *failed_path, struct err *err)
{
	for (size_t p = 0; p < run->args->paths; p++) {
		int rc = merge_path(run, p, &paths[p], err);

		if (!rc)
			continue;
		*failed_path = (int)p;
		while (p-- > 0)
			agent_block_path_free(&paths[p]);
		return rc;
	}
	return 0;
}

static void release(struct run *run)
{
	json_decref(run->listened);
	json_decref(run->m2.reply);
	json_decref(run->m2.refusal);
	for (size_t p = 0; p < run->args->paths; p++) {
		json_decref(run->m1[p].reply);
		json_decref(run->m1[p].refusal);
	}
}

int agent_run_block(const struct agent_block_args *args,
		    struct agent_block_path *paths, int *failed_path,
		    struct err *err)
{
	struct run run = { .args = args, .unasked = -1 };
	struct err why = ERR_INIT;
	int rc = check(args, &why);

	*failed_path = -1;
	if (!rc)
		rc = listen_on_m2(&run, &why);
	if (!rc) {
		run.deadline_ns = clock_mono_ns() +
				  block_longest_ns(&args->timing, args->paths,
						   args->slices) +
				  args->timing.patience_ns + ANSWER_MARGIN_NS;
		post_all(&run);
		wait_all(&run);
		rc = judge(&run, failed_path, &why);
		if (!rc)
			rc = merge_all(&run, paths, failed_path, &why);
		release(&run);
	}
	if (rc && err)
		*err = why;
	return rc;
}

void agent_block_path_free(struct agent_block_path *path)
{
	free(path->slice);
	json_decref(path->counters);
	*path = (struct agent_block_path){ 0 };
}
