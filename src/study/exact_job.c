/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One boot of one machine: its errand, and what it tells. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/block_json.h"
#include "base/json.h"
#include "stats/order.h"
#include "study/exact.h"

#define M2_ADDRESS   "10.77.1.254"
#define OWN_ADDRESS  "10.77.1.1"
#define DOMU_ADDRESS "10.77.1.2"

/* How long a machine may be silent, looked at ten times a second: a boot
 * takes two minutes on a machine with as many other things to do. */
#define QUIET_TICKS_MAX (10 * 600)
#define LOOK_TICKS	50 /* how often to look whether it is stopped */

static const char *role_of(const struct run *run, size_t path)
{
	const json_t *options = run->plan->path[path].options;

	return json_string_value(json_object_get(options, "role"));
}

static json_t *paths_to_json(const struct exact_study *s,
			     const struct exact_host *host)
{
	json_t *list = json_array();

	for (size_t i = 0; i < host->paths; i++) {
		size_t p = host->path[i];
		bool domU = strcmp(role_of(s->run, p), "domU") == 0;

		json_array_append_new(
			list, json_pack("{ss ss ss}", "name",
					s->run->plan->path[p].name, "end",
					domU ? "domU" : "own", "address",
					domU ? DOMU_ADDRESS : OWN_ADDRESS));
	}
	return list;
}

/* Slices in turns, as in any block; without drift the order is no matter. */
static json_t *order_to_json(const struct exact_study *s,
			     const struct exact_job *job, int point)
{
	int order[BLOCK_MAX_PATHS * 256]; /* cycles: plan/number.c */
	size_t paths = job->host->paths;
	size_t cycles = (size_t)s->run->plan->cycles;
	json_t *list = json_array();

	stats_block_order(stats_seed(job->seed, (uint64_t)point), order, paths,
			  cycles);
	for (size_t i = 0; i < paths * cycles; i++)
		json_array_append_new(list, json_integer(order[i]));
	return list;
}

static json_t *block_to_json(const struct exact_study *s,
			     const struct exact_job *job, int point)
{
	const struct plan *plan = s->run->plan;
	const struct block_timing timing = {
		.warmup_ns = plan->warmup_ns,
		.guard_ns = plan->guard_ns,
		.slice_ns = plan->slice_ns,
		.patience_ns = STUDY_PATIENCE_NS,
	};

	return json_pack("{so so so sI}", "point",
			 point_to_json(&s->run->point[point]), "timing",
			 block_timing_to_json(&timing), "order",
			 order_to_json(s, job, point), "delay_ns",
			 (json_int_t)exact_delay_ns(job, point));
}

static char *write_errand(const struct exact_study *s,
			  const struct exact_job *job)
{
	json_t *blocks = json_array(), *errand;
	char *text;

	for (size_t i = 0; i < s->run->points; i++)
		json_array_append_new(blocks,
				      block_to_json(s, job, job->order[i]));
	errand = json_pack("{ss so sO so}", "m2_address", M2_ADDRESS, "paths",
			   paths_to_json(s, job->host), "sysctls", s->sysctls,
			   "blocks", blocks);
	text = json_dumps(errand, JSON_COMPACT);
	json_decref(errand);
	return text;
}

int exact_job_start(struct exact_study *s, struct exact_job *job,
		    struct err *err)
{
	const struct exact_host *host = job->host;
	struct exact_args args = {
		.name = host->kind == EXACT_LINUX ? host->name : "dom0",
		.kind = host->kind,
		.agent_path = s->run->args->agent_path,
		.words = s->run->plan->guest_words,
		.memory_mib = host->memory_mib,
		.dom0_memory_mib = host->dom0_memory_mib,
		.seed = job->seed,
	};
	char *errand;
	int rc;

	job->order = job->order ? job->order
				: calloc(s->run->points, sizeof(*job->order));
	if (!job->order)
		return err_sys(err, ENOMEM, "an order");
	stats_order(job->seed, job->order, s->run->points);
	errand = write_errand(s, job);
	args.errand = errand;
	rc = errand ? exact_start(&job->machine, &args, err)
		    : err_sys(err, ENOMEM, "an errand");
	free(errand);
	job->tries++;
	job->quiet_ticks = 0;
	job->blocks_told = 0;
	job->state = rc ? EXACT_TO_DO : EXACT_RUNS;
	return rc;
}

void exact_job_stop(struct exact_job *job)
{
	exact_stop(job->machine);
	job->machine = NULL;
}

/*
 * What it tells.
 */

/* M2 lives in every machine: the second one's is told apart. */
static int store_settings(struct exact_study *s, const struct exact_job *job,
			  json_t *settings, struct err *err)
{
	struct store *store = s->run->store;
	const char *node, *key;
	json_t *values, *value;
	char name[64];
	int rc = 0;

	json_object_foreach(settings, node, values) {
		bool m2 = strcmp(node, "M2") == 0;

		snprintf(name, sizeof(name), "%s%s%s", node,
			 m2 && job->host != s->host ? " of " : "",
			 m2 && job->host != s->host ? job->host->name : "");
		json_object_foreach(values, key, value)
			if (!rc && json_is_string(value))
				rc = store_set_setting(store, name, key,
						       json_string_value(value),
						       err);
	}
	return rc;
}

static int take_block(struct exact_study *s, struct exact_job *job,
		      json_t *line, struct err *err)
{
	int64_t block;
	int rc = json_get_int(line, "block", &block, err);

	if (!rc && (block < 0 || (size_t)block >= s->run->points))
		rc = err_set(err, EPROTO, "a block %lld", (long long)block);
	if (rc)
		return rc;
	json_object_del(line, "block");
	job->blocks_told++;
	return exact_take(s, job, job->order[block], line, err);
}

/* 1: that was all. */
static int take_line(struct exact_study *s, struct exact_job *job,
		     const char *text, struct err *err)
{
	json_t *line = json_loads(text, 0, NULL), *field;
	const char *why = "";
	int rc = 0;

	if (!json_is_object(line))
		rc = err_set(err, EPIPE, "it told no JSON: %.100s", text);
	else if ((field = json_object_get(line, "settings")))
		rc = store_settings(s, job, field, err);
	else if (json_object_get(line, "block"))
		rc = take_block(s, job, line, err);
	else if (json_object_get(line, "done"))
		rc = 1;
	else if (!json_get_string(line, "error", &why, err))
		rc = err_set(err, EPIPE, "%s", why);
	else
		rc = -EPIPE;
	json_decref(line);
	return rc;
}

static int tell_silence(const struct exact_job *job, struct err *err)
{
	char console[400];

	exact_read_console(job->machine, console, sizeof(console));
	return err_set(err, EPIPE,
		       "nothing came from the machine for %d s; its console: "
		       "%s",
		       QUIET_TICKS_MAX / 10, console);
}

int exact_job_look(struct exact_study *s, struct exact_job *job,
		   struct err *err)
{
	const char *text;
	int rc;

	while ((rc = exact_next_line(job->machine, &text, err)) > 0) {
		job->quiet_ticks = 0;
		rc = take_line(s, job, text, err);
		if (rc)
			return rc;
	}
	if (!rc && ++job->quiet_ticks % LOOK_TICKS == 0 &&
	    exact_is_stopped(job->machine))
		job->quiet_ticks -= LOOK_TICKS;
	if (!rc && job->quiet_ticks > QUIET_TICKS_MAX)
		rc = tell_silence(job, err);
	return rc;
}
