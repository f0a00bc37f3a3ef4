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
	const char *data_address;
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

/* What both ends counted in a slice as one: the sum of their rates. */
static void add_slice(struct block_slice *slice,
		      const struct block_slice *other)
{
	double rate = (double)slice->bytes / (double)slice->duration_ns +
		      (double)other->bytes / (double)other->duration_ns;

	slice->bytes += other->bytes;
	if (rate > 0)
		slice->duration_ns =
			(int64_t)((double)slice->bytes / rate + 0.5);
	if (other->idle_ns > slice->idle_ns)
		slice->idle_ns = other->idle_ns;
}

static int add_reverse(struct agent_block_path *path,
		       const struct block_result *follower, struct err *err)
{
	if (follower->slices != path->slices)
		return err_set(err, EPROTO, "%zu slices one way, %zu the other",
			       path->slices, follower->slices);
	path->reverse_mbps = mean_mbps(follower->slice, follower->slices);
	for (size_t i = 0; i < path->slices; i++)
		add_slice(&path->slice[i], &follower->slice[i]);
	return 0;
}

static int64_t sum_bytes(const struct agent_block_path *path)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < path->slices; i++)
		bytes += path->slice[i].bytes;
	return bytes;
}

static void take_slices(struct agent_block_path *path,
			struct block_result *counting)
{
	path->slice = counting->slice;
	path->slices = counting->slices;
	path->latency = counting->latency;
	path->datagrams = counting->datagrams;
	counting->slice = NULL;
	counting->latency = NULL;
}

/* The end that counts has the slices, the one that feeds the messages. */
static int merge(const struct agent_block_args *args,
		 struct block_result *follower, struct block_result *conductor,
		 struct agent_block_path *path, struct err *err)
{
	const struct point *point = args->point;
	bool exchange = block_transaction_bytes(point) > 0;
	bool m2_counts = block_conductor_counts(point);
	bool m1_counts = block_follower_counts(point);
	const struct block_result *counting = m2_counts ? conductor : follower;
	const struct block_result *feeding = m2_counts ? follower : conductor;

	*path = (struct agent_block_path){
		.sender = (exchange ? counting : feeding)->socket,
		.receiver = (exchange ? feeding : counting)->socket,
		.messages = feeding->messages,
		.sent_mbps = feeding->fed_ns > 0
				     ? (double)feeding->fed_bytes * 8e3 /
					       (double)feeding->fed_ns
				     : 0,
		.strangers = conductor->strangers,
	};
	take_slices(path, m2_counts ? conductor : follower);
	if (m1_counts && m2_counts) {
		int rc = add_reverse(path, follower, err);

		if (rc) {
			agent_block_path_free(path);
			return rc;
		}
	}
	if (exchange)
		path->transactions =
			sum_bytes(path) / block_transaction_bytes(point);
	path->throughput_mbps = mean_mbps(path->slice, path->slices);
	return 0;
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
	if (!rc)
		rc = merge(run->args, &follower, &conductor, path, err);
	if (!rc)
		path->counters = merge_counters(run->m1[p].reply,
						json_array_get(conducted, p));
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
	free(path->latency);
	*path = (struct agent_block_path){ 0 };
}
