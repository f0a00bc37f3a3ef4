/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/study.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lab/cage.h"
#include "study/run.h"

void run_tell(struct run *run, const char *fmt, ...)
{
	const struct study_watcher *w = &run->args->watcher;
	struct err ignored = ERR_INIT;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* an event is worth keeping, yet no reason to stop */
	store_add_event(run->store, "study", text, &ignored);
	if (w->event)
		w->event(w->arg, text);
}

bool run_is_over(const struct run *run, enum study_end *end)
{
	int64_t budget_ns = run->plan->budget_ns;

	if (cage_stop_asked()) {
		*end = STUDY_INTERRUPTED;
		return true;
	}
	if (budget_ns && clock_mono_ns() - run->started_ns >= budget_ns) {
		*end = STUDY_OUT_OF_BUDGET;
		return true;
	}
	return false;
}

static int64_t estimate_left_ns(const struct run *run)
{
	size_t done = run->blocks - run->blocks_before;
	size_t left = ledger_blocks_left(run->ledger);
	int64_t spent_ns;

	if (!done || !left)
		return -1;
	spent_ns = clock_mono_ns() - run->started_ns;
	return (int64_t)left * (spent_ns / (int64_t)done);
}

void run_show_progress(struct run *run)
{
	const struct study_watcher *w = &run->args->watcher;
	struct study_progress progress = {
		.phase = run->phase,
		.cells = run->points * run->paths,
		.blocks = run->blocks,
		.round = run->round,
		.elapsed_ns = clock_mono_ns() - run->started_ns,
		.budget_ns = run->plan->budget_ns,
		.eta_ns = estimate_left_ns(run),
		.now = run->now,
		.path = run->progress,
		.paths = run->paths,
	};

	if (!w->progress)
		return;
	for (size_t p = 0; p < run->paths; p++) {
		struct ledger_path sum;

		ledger_summarize(run->ledger, p, &sum);
		run->progress[p] = (struct study_path_progress){
			.name = run->plan->path[p].name,
			.cells = run->points,
			.reached = sum.reached,
			.failed = sum.failed,
			.median_half_width = sum.median_half_width,
			.worst_half_width = sum.worst_half_width,
		};
		progress.reached += sum.reached;
		progress.failed += sum.failed;
	}
	w->progress(w->arg, &progress);
}

static int allocate(struct run *run, struct err *err)
{
	struct ledger_rule rule = {
		.precision = run->plan->precision,
		.min_blocks = (size_t)run->plan->min_blocks,
	};

	run->built = calloc(run->paths, sizeof(*run->built));
	run->strikes = calloc(run->points * run->paths, 1);
	run->m2_strikes = calloc(run->points, 1);
	run->progress = calloc(run->paths, sizeof(*run->progress));
	if (!run->built || !run->strikes || !run->m2_strikes || !run->progress)
		return err_set(err, ENOMEM, "out of memory");
	return ledger_create(&run->ledger, run->points, run->paths, &rule, err);
}

/* What may change when a study is resumed, and what may not. */
struct meta {
	const char *key;
	char value[32];
};

enum { META_RULE, META_SLICE, META_GUARD, META_CYCLES, META_LINK, META_COUNT };

static void describe_design(const struct plan *plan, struct meta *meta)
{
	const int64_t numbers[META_COUNT] = {
		[META_SLICE] = plan->slice_ns,
		[META_GUARD] = plan->guard_ns,
		[META_CYCLES] = plan->cycles,
		[META_LINK] = plan->link_bps,
	};
	static const char *const keys[META_COUNT] = {
		[META_RULE] = "rule",	   [META_SLICE] = "slice_ns",
		[META_GUARD] = "guard_ns", [META_CYCLES] = "cycles",
		[META_LINK] = "link_bps",
	};

	for (int i = 0; i < META_COUNT; i++) {
		meta[i].key = keys[i];
		snprintf(meta[i].value, sizeof(meta[i].value), "%" PRId64,
			 numbers[i]);
	}
	snprintf(meta[META_RULE].value, sizeof(meta[META_RULE].value), "%s",
		 plan->rule == PLAN_RULE_2007 ? "2007" : "blocks");
}

static int set_meta_int(struct store *store, const char *key, uint64_t value,
			struct err *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return store_set_meta(store, key, text, err);
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
		rc = set_meta_int(run->store, "min_blocks",
				  (uint64_t)plan->min_blocks, err);
	if (!rc)
		rc = store_set_meta(run->store, "plan", plan->text, err);
	return rc;
}

static int store_meta(struct run *run, struct err *err)
{
	const struct plan *plan = run->plan;
	struct meta meta[META_COUNT];
	int rc = store_set_meta(run->store, "title", plan->title, err);

	describe_design(plan, meta);
	for (int i = 0; !rc && i < META_COUNT; i++)
		rc = store_set_meta(run->store, meta[i].key, meta[i].value,
				    err);
	if (!rc)
		rc = store_set_meta(run->store, "source", plan->source, err);
	if (!rc)
		rc = set_meta_int(run->store, "seed", run->args->seed, err);
	if (!rc)
		rc = set_meta_int(run->store, "started_at_ns",
				  (uint64_t)clock_real_ns(), err);
	return rc ? rc : store_target(run, err);
}

static int check_meta(struct run *run, struct err *err)
{
	struct meta meta[META_COUNT];
	int rc = 0;

	describe_design(run->plan, meta);
	for (int i = 0; !rc && i < META_COUNT; i++) {
		char *stored = NULL;

		rc = store_get_meta(run->store, meta[i].key, &stored, err);
		if (!rc && (!stored || strcmp(stored, meta[i].value)))
			rc = err_set(err, EINVAL,
				     "study.db was made with %s %s, not %s; a "
				     "study keeps one",
				     meta[i].key, stored ? stored : "unknown",
				     meta[i].value);
		free(stored);
	}
	return rc;
}

static int check_paths(struct run *run, struct err *err)
{
	struct store_path *stored;
	size_t count;
	int rc = store_load_paths(run->store, &stored, &count, err);

	if (rc)
		return rc;
	for (size_t p = 0; !rc && p < run->paths; p++)
		if (count != run->paths ||
		    strcmp(stored[p].name, run->plan->path[p].name) != 0)
			rc = err_set(err, EINVAL,
				     "study.db has other paths than the plan");
	store_paths_free(stored, count);
	return rc;
}

static int store_design(struct run *run, struct err *err)
{
	int rc = 0;

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
	/* last: a study.db with a seed is one that can be resumed */
	return rc ? rc : store_meta(run, err);
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
	run->blocks++;
	if (block->round >= run->round)
		run->round = block->round + 1;
	return block->discarded ? 0
				: ledger_add(run->ledger, (size_t)block->point,
					     mbps, err);
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
	return rc;
}

/*
 * A resumed study keeps its blocks; its failures are tried anew, since what
 * failed may be mended by now.
 */
static int resume(struct run *run, struct err *err)
{
	struct point *stored;
	size_t count;
	int rc = store_load_points(run->store, &stored, &count, err);

	if (rc)
		return rc;
	if (count != run->points)
		rc = err_set(err, EINVAL,
			     "study.db has %zu points, its plan %zu: it is "
			     "another plan's study",
			     count, run->points);
	for (size_t i = 0; !rc && i < count; i++)
		if (!point_equal(&stored[i], &run->point[i]))
			rc = err_set(err, EINVAL,
				     "study.db: point %zu is not the plan's",
				     i);
	free(stored);
	if (!rc)
		rc = check_paths(run, err);
	if (!rc)
		rc = check_meta(run, err);
	if (!rc)
		rc = store_target(run, err);
	if (!rc)
		rc = store_clear_failures(run->store, err);
	if (!rc)
		rc = load_blocks(run, err);
	if (!rc)
		run_tell(run, "resumed with %zu blocks", run->blocks);
	return rc;
}

static int open_store(struct run *run, struct err *err)
{
	const struct study_args *args = run->args;
	int rc = store_open(&run->store, args->dir,
			    args->resume ? STORE_WRITE : STORE_CREATE, err);

	if (!rc)
		rc = args->resume ? resume(run, err) : store_design(run, err);
	return rc;
}

static int give_up_path(struct run *run, size_t path, const char *cause,
			struct err *err)
{
	int rc = 0;

	run->built[path] = false;
	run_tell(run, "%s cannot be built: %s", run->plan->path[path].name,
		 cause);
	for (size_t i = 0; !rc && i < run->points; i++)
		rc = measure_fail_cell(run, i, path, cause, err);
	return rc;
}

static int build_lab(struct run *run, struct err *err)
{
	struct lab_path_spec spec[BLOCK_MAX_PATHS];
	struct lab_path_failure failures[BLOCK_MAX_PATHS];
	struct lab_args args = {
		.path = spec,
		.paths = run->paths,
		.link_bps = run->plan->link_bps,
		.agent_path = run->args->agent_path,
		.self_path = run->args->self_path,
	};
	size_t failed = 0;
	int rc;

	for (size_t p = 0; p < run->paths; p++) {
		spec[p] = (struct lab_path_spec){
			.name = run->plan->path[p].name,
			.kind = run->plan->path[p].kind,
			.options = run->plan->path[p].options,
		};
		run->built[p] = true;
	}
	rc = lab_create(&run->lab, &args, failures, &failed, err);
	for (size_t i = 0; !rc && i < failed; i++)
		rc = give_up_path(run, failures[i].path, failures[i].err.text,
				  err);
	return rc;
}

static int start_agents(struct run *run, struct err *err)
{
	int rc = team_create(&run->team, run->lab, run->paths, err);

	if (!rc)
		rc = team_start(run->team, -1, err);
	for (size_t p = 0; !rc && p < run->paths; p++) {
		struct err why = ERR_INIT;

		if (!run->built[p] || !team_start(run->team, (int)p, &why))
			continue;
		if (p == 0)
			return err_set(err, why.code, "%s", why.text);
		rc = give_up_path(run, p, why.text, err);
	}
	return rc ? rc : team_equalize(run->team, run->store, err);
}

static int measure(struct run *run, enum study_end *end, struct err *err)
{
	run->phase = STUDY_MEASURING;
	run_show_progress(run);
	if (run->plan->rule == PLAN_RULE_2007)
		return run_rule_2007(run, end, err);
	return run_rounds(run, end, err);
}

static int finish(struct run *run, enum study_end end, struct err *err)
{
	static const char *const names[] = {
		[STUDY_COMPLETE] = "complete",
		[STUDY_OUT_OF_BUDGET] = "out of budget",
		[STUDY_INTERRUPTED] = "interrupted",
	};
	int rc = set_meta_int(run->store, "finished_at_ns",
			      (uint64_t)clock_real_ns(), err);

	if (!rc)
		rc = store_set_meta(run->store, "end", names[end], err);
	run_tell(run, "%s after %zu blocks", names[end], run->blocks);
	return rc;
}

static int carry_out(struct run *run, enum study_end *end, struct err *err)
{
	int rc = plan_expand(run->plan, &run->point, &run->points, err);

	if (!rc)
		rc = allocate(run, err);
	if (!rc)
		rc = open_store(run, err);
	if (!rc) {
		run_show_progress(run);
		rc = build_lab(run, err);
	}
	if (!rc) {
		run->phase = STUDY_SETTLING;
		run_show_progress(run);
		rc = start_agents(run, err);
	}
	if (!rc)
		rc = measure(run, end, err);
	return rc ? rc : finish(run, *end, err);
}

int study_run(const struct study_args *args, enum study_end *end,
	      struct err *err)
{
	struct run run = {
		.args = args,
		.plan = args->plan,
		.paths = args->plan->paths,
		.started_ns = clock_mono_ns(),
		.phase = STUDY_BUILDING,
	};
	int rc;

	if (run.paths > BLOCK_MAX_PATHS)
		return err_set(err, E2BIG, "%zu paths are more than %d",
			       run.paths, BLOCK_MAX_PATHS);
	*end = STUDY_COMPLETE;
	rc = carry_out(&run, end, err);
	run.phase = STUDY_CLOSING;
	team_free(run.team);
	if (run.lab)
		lab_destroy(run.lab);
	if (run.store)
		store_close(run.store);
	ledger_free(run.ledger);
	free(run.point);
	free(run.built);
	free(run.strikes);
	free(run.m2_strikes);
	free(run.progress);
	return rc;
}
