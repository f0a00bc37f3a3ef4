/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a study is made of, into study.db when it begins; checked against
 * study.db, and its blocks taken over, when it is resumed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "study/run.h"

/* What may change when a study is resumed, and what may not. */
struct meta {
	const char *key;
	char value[256]; /* "": not stored */
};

enum {
	META_RULE,
	META_PLACEMENT,
	META_SLICE,
	META_GUARD,
	META_CYCLES,
	META_WARMUP,
	META_LINK,
	META_LOSS,
	META_TIME,
	META_WORDS,
	META_COUNT
};

static void describe_design(const struct plan *plan, struct meta *meta)
{
	const int64_t numbers[META_COUNT] = {
		[META_SLICE] = plan->slice_ns, [META_GUARD] = plan->guard_ns,
		[META_CYCLES] = plan->cycles,  [META_WARMUP] = plan->warmup_ns,
		[META_LINK] = plan->link_bps,
	};
	static const char *const keys[META_COUNT] = {
		[META_RULE] = "rule",		[META_SLICE] = "slice_ns",
		[META_GUARD] = "guard_ns",	[META_CYCLES] = "cycles",
		[META_LINK] = "link_bps",	[META_WARMUP] = "warmup_ns",
		[META_PLACEMENT] = "placement", [META_LOSS] = "loss_bound",
		[META_TIME] = "time",		[META_WORDS] = "guest_words",
	};

	for (int i = 0; i < META_COUNT; i++) {
		meta[i].key = keys[i];
		snprintf(meta[i].value, sizeof(meta[i].value), "%" PRId64,
			 numbers[i]);
	}
	snprintf(meta[META_LOSS].value, sizeof(meta[META_LOSS].value), "%.9g",
		 plan->rule == PLAN_RULE_LOSS ? plan->loss_bound : 0);
	snprintf(meta[META_RULE].value, sizeof(meta[META_RULE].value), "%s",
		 plan_rule_name(plan->rule));
	snprintf(meta[META_PLACEMENT].value, sizeof(meta[META_PLACEMENT].value),
		 "%s",
		 plan->placement == PLAN_PLACEMENT_FREE ? "free" : "split");
	snprintf(meta[META_TIME].value, sizeof(meta[META_TIME].value), "%s",
		 plan->time == PLAN_TIME_EXACT ? "exact" : "");
	snprintf(meta[META_WORDS].value, sizeof(meta[META_WORDS].value), "%s",
		 plan->guest_words);
}

static int set_number(struct store *store, const char *key, uint64_t value,
		      struct err *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return store_set_meta(store, key, text, err);
}

int design_set_now(struct store *store, const char *key, struct err *err)
{
	char now[32];

	clock_format_real(clock_real_ns(), now);
	return store_set_meta(store, key, now, err);
}

/* "Linux 6.1.0-9-amd64 x86_64, 2 CPUs": what the figures hold for. */
static int store_host(struct run *run, struct err *err)
{
	struct utsname u;
	char host[256];
	int rc = store_set_meta(run->store, "version", run->args->version, err);

	if (rc)
		return rc;
	uname(&u);
	snprintf(host, sizeof(host), "%.60s: %.60s %.60s %.30s, %ld CPUs",
		 u.nodename, u.sysname, u.release, u.machine,
		 sysconf(_SC_NPROCESSORS_ONLN));
	return store_set_meta(run->store, "host", host, err);
}

/* Precision and budget may be other ones when a study is resumed. */
static int store_target(struct run *run, struct err *err)
{
	const struct plan *plan = run->plan;
	char precision[32];
	int rc;

	snprintf(precision, sizeof(precision), "%.9g", plan->precision);
	rc = store_set_meta(run->store, "precision", precision, err);
	if (!rc)
		rc = set_number(run->store, "min_blocks",
				(uint64_t)plan->min_blocks, err);
	if (!rc)
		rc = store_set_meta(run->store, "plan", plan->text, err);
	return rc;
}

/* What else the machine does, before this study adds to it. */
static int store_load(struct run *run, struct err *err)
{
	double load[1];
	char text[32];

	if (getloadavg(load, 1) != 1)
		return 0;
	snprintf(text, sizeof(text), "%.2f", load[0]);
	return store_set_meta(run->store, "load_before", text, err);
}

static int store_meta(struct run *run, struct err *err)
{
	const struct plan *plan = run->plan;
	struct meta meta[META_COUNT];
	int rc = store_set_meta(run->store, "title", plan->title, err);

	describe_design(plan, meta);
	for (int i = 0; !rc && i < META_COUNT; i++)
		if (*meta[i].value)
			rc = store_set_meta(run->store, meta[i].key,
					    meta[i].value, err);
	if (!rc)
		rc = store_set_meta(run->store, "source", plan->source, err);
	if (!rc)
		rc = set_number(run->store, "seed", run->args->seed, err);
	if (!rc)
		rc = store_host(run, err);
	if (!rc)
		rc = store_load(run, err);
	if (!rc && run->args->calibration)
		rc = store_set_meta(run->store, "calibration",
				    run->args->calibration, err);
	if (!rc && run->args->timings)
		rc = store_set_meta(run->store, "timings", run->args->timings,
				    err);
	if (!rc)
		rc = design_set_now(run->store, "started_at", err);
	return rc ? rc : store_target(run, err);
}

/* As it was begun with. */
static int load_timings(struct run *run, struct err *err)
{
	char *text = NULL;
	int rc = store_get_meta(run->store, "timings", &text, err);

	if (!rc && text)
		rc = timings_parse(text, &run->timings, err);
	free(text);
	return rc;
}

/* What is not stored, in words. */
static const char *say_meta(int which, const char *value)
{
	if (value && *value)
		return value;
	return which == META_TIME ? "wall" : "none";
}

static int check_meta(struct run *run, struct err *err)
{
	struct meta meta[META_COUNT];
	int rc = 0;

	describe_design(run->plan, meta);
	for (int i = 0; !rc && i < META_COUNT; i++) {
		char *stored = NULL;

		rc = store_get_meta(run->store, meta[i].key, &stored, err);
		if (!rc && i == META_LOSS && !stored)
			continue; /* older than the rule */
		if (!rc && strcmp(stored ? stored : "", meta[i].value) != 0)
			rc = err_set(err, EINVAL,
				     "study.db was made with %s %s, not %s; a "
				     "study keeps one",
				     meta[i].key, say_meta(i, stored),
				     say_meta(i, meta[i].value));
		free(stored);
	}
	return rc;
}

static bool same_path(const struct store_path *stored,
		      const struct plan_path *path)
{
	return strcmp(stored->name, path->name) == 0 &&
	       strcmp(stored->kind, path->kind) == 0 &&
	       json_equal(stored->options, path->options);
}

static int check_paths(struct run *run, struct err *err)
{
	struct store_path *stored;
	size_t count;
	int rc = store_load_paths(run->store, &stored, &count, err);

	if (rc)
		return rc;
	if (count != run->paths)
		rc = err_set(err, EINVAL,
			     "study.db has %zu paths, the plan has %zu now; a "
			     "study keeps its paths",
			     count, run->paths);
	for (size_t p = 0; !rc && p < count; p++)
		if (!same_path(&stored[p], &run->plan->path[p]))
			rc = err_set(err, EINVAL,
				     "study.db was made with another path %s; "
				     "a study keeps its paths",
				     stored[p].name);
	store_paths_free(stored, count);
	return rc;
}

static int store_design(struct run *run, struct err *err)
{
	int rc = store_begin(run->store, err);

	for (size_t p = 0; !rc && p < run->paths; p++) {
		struct store_path path = { .id = (int)p,
					   .options =
						   run->plan->path[p].options };

		snprintf(path.name, sizeof(path.name), "%s",
			 run->plan->path[p].name);
		snprintf(path.kind, sizeof(path.kind), "%s",
			 run->plan->path[p].kind);
		rc = store_add_path(run->store, &path, err);
	}
	for (size_t i = 0; !rc && i < run->points; i++)
		rc = store_add_point(run->store, (int)i, &run->point[i], err);
	if (!rc)
		rc = store_meta(run, err);
	if (!rc)
		rc = store_commit(run->store, err);
	if (rc)
		store_undo(run->store);
	return rc;
}

/* A stored block's rows as ledger_add() takes them. */
static int enter_stored(struct run *run, const struct store_block *block,
			struct err *err)
{
	double mbps[BLOCK_MAX_PATHS];

	if (block->point < 0 || (size_t)block->point >= run->points)
		return err_set(err, EPROTO,
			       "study.db: block %" PRId64
			       " is of no point of this plan",
			       block->id);
	for (size_t p = 0; p < run->paths; p++)
		mbps[p] = -1;
	for (size_t i = 0; i < block->measurements; i++) {
		int path = block->measurement[i].path;

		if (path >= 0 && (size_t)path < run->paths)
			mbps[path] = block->measurement[i].throughput_mbps;
	}
	if (block->round >= run->round)
		run->round = block->round + 1;
	if (block->discarded)
		return 0;
	run->blocks++;
	return ledger_add(run->ledger, (size_t)block->point, mbps, err);
}

static int load_blocks(struct run *run, struct err *err)
{
	struct store_block *blocks;
	size_t count;
	int rc = store_load_blocks(run->store, true, &blocks, &count, err);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < count; i++)
		rc = enter_stored(run, &blocks[i], err);
	store_blocks_free(blocks, count);
	run->blocks_before = run->blocks;
	ledger_judge(run->ledger); /* for who is told of it */
	return rc;
}

/* A resumed study keeps its blocks. */
static int resume(struct run *run, struct err *err)
{
	struct point *stored;
	size_t count;
	int rc = store_load_points(run->store, &stored, &count, err);

	if (rc)
		return rc;
	if (count != run->points)
		rc = err_set(err, EINVAL,
			     "study.db has %zu points, the plan has %zu now; a "
			     "study keeps its axes: begin another with a DIR "
			     "of its own",
			     count, run->points);
	for (size_t i = 0; !rc && i < count; i++)
		if (!point_equal(&stored[i], &run->point[i]))
			rc = err_set(
				err, EINVAL,
				"study.db: point %zu is not the plan's; a "
				"study keeps its axes: begin another with a "
				"DIR of its own",
				i);
	free(stored);
	if (!rc)
		rc = check_paths(run, err);
	if (!rc)
		rc = check_meta(run, err);
	if (!rc)
		rc = store_target(run, err);
	/* of the run before: this one is neither finished nor ended */
	if (!rc)
		rc = store_set_meta(run->store, "end", "", err);
	if (!rc)
		rc = store_set_meta(run->store, "finished_at", "", err);
	if (!rc)
		rc = load_blocks(run, err);
	if (!rc)
		run_tell(run, "resumed with %zu blocks", run->blocks);
	return rc;
}

int design_open(struct run *run, struct err *err)
{
	const struct study_args *args = run->args;
	int rc = store_open(&run->store, args->dir,
			    args->resume ? STORE_WRITE : STORE_CREATE, err);

	if (!rc)
		rc = args->resume ? resume(run, err) : store_design(run, err);
	return rc ? rc : load_timings(run, err);
}
