/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the machines told, and the blocks that are made of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/errand.h"
#include "base/json.h"
#include "stats/order.h"
#include "store/replicate.h"
#include "study/exact.h"

/* A start delay is drawn from so long: five ticks of a 250 Hz kernel. */
#define DELAY_MAX_NS (20 * NS_PER_MS)

/* Streams of seeds; rounds.c has others. */
enum { SEED_OF_REPLICATES = 3, SEED_OF_DELAYS = 4 };

uint64_t exact_replicate_seed(const struct run *run, int round)
{
	return stats_seed(stats_seed(run->args->seed, SEED_OF_REPLICATES),
			  (uint64_t)round);
}

int64_t exact_delay_ns(const struct exact_job *job, int point)
{
	uint64_t random = stats_seed(stats_seed(job->seed, SEED_OF_DELAYS),
				     (uint64_t)point);

	return (int64_t)(random % DELAY_MAX_NS);
}

static char **told_at(const struct exact_study *s, const struct exact_job *job,
		      int point)
{
	size_t which = (size_t)(job - s->job);

	return &s->told[which * s->run->points + (size_t)point];
}

static struct exact_job *job_at(const struct exact_study *s, int round,
				size_t host)
{
	return &s->job[(size_t)round * s->hosts + host];
}

/*
 * A block.
 */

struct gathered {
	struct store_measurement measurement[BLOCK_MAX_PATHS];
	size_t paths;
	json_t *order, *delays;
};

static void release(struct gathered *g)
{
	for (size_t i = 0; i < g->paths; i++) {
		json_decref(g->measurement[i].slices);
		json_decref(g->measurement[i].latency);
	}
	json_decref(g->order);
	json_decref(g->delays);
}

static int gather_path(struct gathered *g, size_t path, const json_t *json,
		       struct err *err)
{
	struct agent_block_path result;
	int rc = errand_path_from_json(json, &result, err);

	if (rc)
		return rc;
	measure_fill(path, &result, &g->measurement[g->paths++]);
	for (size_t i = 0; i < result.slices; i++)
		json_array_append_new(g->order, json_integer((json_int_t)path));
	agent_block_path_free(&result);
	return 0;
}

/* A block that failed there has no paths of it. */
static int gather_job(struct gathered *g, const struct exact_study *s,
		      const struct exact_job *job, int point, struct err *err)
{
	const char *text = *told_at(s, job, point);
	json_t *told = text ? json_loads(text, 0, NULL) : NULL, *list, *item;
	size_t i;
	int rc = 0;

	list = json_object_get(told, "paths");
	if (json_array_size(list) > job->host->paths)
		rc = err_set(err, EPROTO, "%s told of too many paths",
			     job->host->name);
	if (list)
		json_object_set_new(
			g->delays, job->host->name,
			json_integer((json_int_t)exact_delay_ns(job, point)));
	json_array_foreach(list, i, item)
		if (!rc)
			rc = gather_path(g, job->host->path[i], item, err);
	json_decref(told);
	return rc;
}

static bool is_whole(const struct exact_study *s, int round, int point)
{
	for (size_t h = 0; h < s->hosts; h++) {
		const struct exact_job *job = job_at(s, round, h);

		if (!*told_at(s, job, point) && job->state != EXACT_LOST)
			return false;
	}
	return true;
}

static int add_block(struct exact_study *s, int round, int point,
		     struct gathered *g, struct err *err)
{
	struct run *run = s->run;
	int64_t now_ns = clock_real_ns();
	struct store_block row = {
		.point = point,
		.round = round,
		.seed = exact_replicate_seed(run, round),
		.order = g->order,
		.started_at_ns = s->last_block_ns,
		.duration_ns = now_ns - s->last_block_ns,
		.measurement = g->measurement,
		.measurements = g->paths,
	};
	int rc;

	row.settings = json_pack(
		"{si sb sO}", "mtu", (int)run->point[point].value[AXIS_MTU],
		"offload", (int)run->point[point].value[AXIS_OFFLOAD],
		"delay_ns", g->delays);
	rc = store_add_block(run->store, &row, err);
	json_decref(row.settings);
	s->last_block_ns = now_ns;
	run->blocks++;
	return rc;
}

static int enter(struct run *run, int point, const struct gathered *g,
		 struct err *err)
{
	double mbps[BLOCK_MAX_PATHS];
	int rc;

	for (size_t p = 0; p < run->paths; p++)
		mbps[p] = -1;
	for (size_t i = 0; i < g->paths; i++)
		mbps[g->measurement[i].path] =
			g->measurement[i].throughput_mbps;
	rc = ledger_add(run->ledger, (size_t)point, mbps, err);
	ledger_judge(run->ledger);
	return rc;
}

/* Once all of it is there. */
static int try_block(struct exact_study *s, int round, int point,
		     struct err *err)
{
	bool *stored =
		&s->stored[(size_t)round * s->run->points + (size_t)point];
	struct gathered g = { .order = json_array(), .delays = json_object() };
	int rc = 0;

	if (*stored || !is_whole(s, round, point))
		goto out;
	for (size_t h = 0; h < s->hosts && !rc; h++)
		rc = gather_job(&g, s, job_at(s, round, h), point, err);
	if (rc || !g.paths)
		goto out;
	*stored = true;
	rc = add_block(s, round, point, &g, err);
	if (!rc)
		rc = enter(s->run, point, &g, err);
out:
	release(&g);
	return rc;
}

int exact_forgo(struct exact_study *s, const struct exact_job *job,
		struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < s->run->points && !rc; i++)
		rc = try_block(s, job->round, (int)i, err);
	return rc;
}

/*
 * What is told.
 */

static int tell_change(const struct exact_study *s, const struct exact_job *job,
		       int point, struct err *err)
{
	char where[160];

	point_format(&s->run->point[point], where, sizeof(where));
	return err_set(err, EINVAL,
		       "%s, replicate %d, %s: not what an earlier boot told; "
		       "the machine is not the same one: begin a new study",
		       job->host->name, job->round + 1, where);
}

/* A failure is told of; it counts where the cell has nothing else. */
static void note_failure(struct exact_study *s, const struct exact_job *job,
			 int point, const json_t *result)
{
	const char *why = "";
	char where[160];

	if (!json_object_get(result, "error") ||
	    json_get_string(result, "error", &why, NULL))
		return;
	point_format(&s->run->point[point], where, sizeof(where));
	err_set(&s->last, EIO, "%s", why);
	run_tell(s->run, "%s, replicate %d, %s: %s", job->host->name,
		 job->round + 1, where, why);
}

int exact_take(struct exact_study *s, const struct exact_job *job, int point,
	       const json_t *result, struct err *err)
{
	struct store_replicate row = { .round = job->round, .point = point };
	char **told = told_at(s, job, point);
	char *text = json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS |
						JSON_REAL_PRECISION(17));
	int rc;

	if (!text)
		return err_sys(err, ENOMEM, "a result");
	if (*told) {
		rc = strcmp(*told, text) == 0 ? 0
					      : tell_change(s, job, point, err);
		free(text);
		return rc;
	}
	snprintf(row.machine, sizeof(row.machine), "%s", job->host->name);
	row.result = *told = text;
	note_failure(s, job, point, result);
	rc = store_begin(s->run->store, err);
	if (!rc)
		rc = store_add_replicate(s->run->store, &row, err);
	if (!rc)
		rc = try_block(s, job->round, point, err);
	if (!rc)
		rc = store_commit(s->run->store, err);
	if (rc)
		store_undo(s->run->store);
	return rc;
}

/*
 * What was told before.
 */

static int take_stored(struct exact_study *s, struct store_replicate *row)
{
	for (size_t h = 0; h < s->hosts; h++) {
		if (strcmp(s->host[h].name, row->machine) != 0 ||
		    row->round >= s->rounds || row->round < 0 ||
		    row->point < 0 || (size_t)row->point >= s->run->points)
			continue;
		*told_at(s, job_at(s, row->round, h), row->point) = row->result;
		row->result = NULL;
		return 1;
	}
	return 0;
}

/* A machine that told of all points of a replicate has done it. */
static void mark_done(struct exact_study *s)
{
	for (size_t j = 0; j < s->jobs; j++) {
		size_t told = 0;

		for (size_t i = 0; i < s->run->points; i++)
			told += *told_at(s, &s->job[j], (int)i) != NULL;
		if (told == s->run->points)
			s->job[j].state = EXACT_DONE;
	}
}

static int mark_stored(struct exact_study *s, struct err *err)
{
	struct store_block *blocks;
	size_t count;
	int rc = store_load_blocks(s->run->store, true, &blocks, &count, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (blocks[i].round >= 0 && blocks[i].round < s->rounds)
			s->stored[(size_t)blocks[i].round * s->run->points +
				  (size_t)blocks[i].point] = true;
	store_blocks_free(blocks, count);
	return 0;
}

int exact_load(struct exact_study *s, struct err *err)
{
	struct store_replicate *rows;
	size_t count;
	int rc = store_load_replicates(s->run->store, &rows, &count, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		take_stored(s, &rows[i]);
	store_replicates_free(rows, count);
	mark_done(s);
	return mark_stored(s, err);
}
