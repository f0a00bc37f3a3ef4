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
	size_t left = run->plan->time == PLAN_TIME_EXACT
			      ? run->points * (size_t)run->plan->replicates -
					run->blocks
			      : ledger_blocks_left(run->ledger);
	int64_t spent_ns;

	if (!done || !left)
		return -1;
	spent_ns = clock_mono_ns() - run->measuring_ns;
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

static bool wants_ipv6(const struct plan *plan)
{
	const struct plan_values *family = &plan->axis[AXIS_FAMILY];
	bool wants = false;

	for (size_t i = 0; i < family->count; i++)
		wants |= family->value[i] == FAMILY_IPV6;
	return wants;
}

/* "native: eBPF; domU: netback and eBPF", for the report; "": no VLANs. */
static int store_tags(const struct run *run, struct err *err)
{
	char text[BLOCK_MAX_PATHS * 64] = "";
	size_t used = 0;

	for (size_t p = 0; p < run->paths && used < sizeof(text); p++) {
		const char *tags = lab_path_tags(run->lab, p);

		if (*tags)
			used += (size_t)snprintf(text + used,
						 sizeof(text) - used,
						 "%s%s: %s", used ? "; " : "",
						 run->plan->path[p].name, tags);
	}
	return *text ? store_set_meta(run->store, "tags", text, err) : 0;
}

static int build_lab(struct run *run, struct err *err)
{
	struct lab_path_spec spec[BLOCK_MAX_PATHS];
	struct lab_path_failure failures[BLOCK_MAX_PATHS];
	struct lab_args args = {
		.path = spec,
		.paths = run->paths,
		.split_cpus = run->plan->placement == PLAN_PLACEMENT_SPLIT,
		.link_bps = run->plan->link_bps,
		.agent_path = run->args->agent_path,
		.self_path = run->args->self_path,
		.ipv6 = wants_ipv6(run->plan),
		.host_netns_fd = run->args->host_netns_fd,
		.nic = run->plan->nic,
		.nics = run->plan->nics,
		.nic_keeper_fd = run->args->nic_keeper_fd,
		.pairs = plan_members(run->plan),
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
	if (!rc)
		rc = store_set_meta(run->store, "receive_cpus",
				    lab_steering(run->lab), err);
	if (!rc)
		rc = store_tags(run, err);
	if (!rc && *lab_nics(run->lab))
		rc = store_set_meta(run->store, "nics", lab_nics(run->lab),
				    err);
	/* what failed in an earlier run may be mended by now */
	if (!rc)
		rc = store_clear_failures(run->store, err);
	for (size_t i = 0; !rc && i < failed; i++)
		rc = replace_lose_path(run, failures[i].path,
				       failures[i].err.text, err);
	return rc;
}

/* A path whose node will not be like the others goes, the rest stays. */
static int equalize(struct run *run, struct err *err)
{
	struct err why = ERR_INIT;
	int failed = -1;
	int rc = team_equalize(run->team, run->store, &failed, &why);

	while (rc && failed > 0) {
		team_drop(run->team, (size_t)failed);
		rc = replace_lose_path(run, (size_t)failed, why.text, err);
		if (rc)
			return rc;
		rc = team_equalize(run->team, run->store, &failed, &why);
	}
	if (rc)
		*err = why;
	return rc;
}

/* A guest's boot takes seconds to half a minute: whose it is, is shown. */
static void show_start(struct run *run, size_t path)
{
	const struct lab_node *node = lab_path_m1(run->lab, path)->node;

	snprintf(run->now, sizeof(run->now), "%s (%s)",
		 run->plan->path[path].name, lab_node_kind(node));
	run_show_progress(run);
}

/* Guests boot side by side: counted from the study's beginning. */
static void tell_boot(struct run *run, size_t path)
{
	const struct lab_node *node = lab_path_m1(run->lab, path)->node;
	double took_s = (double)(clock_mono_ns() - run->started_ns) / NS_PER_S;

	if (lab_node_accelerator(node))
		run_tell(run, "%s answers %.1f s after the beginning",
			 run->plan->path[path].name, took_s);
}

static int start_agents(struct run *run, struct err *err)
{
	int rc = team_create(&run->team, run->lab, run->plan, err);

	if (!rc)
		rc = team_start(run->team, -1, 0, err);
	for (size_t p = 0; !rc && p < run->paths && !cage_stop_asked(); p++) {
		if (!run->built[p])
			continue;
		show_start(run, p);
		rc = replace_start(run, p, -1, err);
		if (!rc && run->built[p])
			tell_boot(run, p);
	}
	run->now[0] = '\0';
	return rc || cage_stop_asked() ? rc : equalize(run, err);
}

static int measure(struct run *run, enum study_end *end, struct err *err)
{
	int rc;

	run->phase = STUDY_MEASURING;
	run->measuring_ns = clock_mono_ns();
	run_show_progress(run);
	if (run->plan->rule == PLAN_RULE_2007)
		return run_rule_2007(run, end, err);
	if (run->plan->rule == PLAN_RULE_SLICES)
		return run_calibration(run, end, err);
	if (run->plan->rule == PLAN_RULE_LOSS)
		return run_search(run, end, err);
	rc = run_rounds(run, end, err);
	if (!rc && run->args->profile && *end != STUDY_INTERRUPTED)
		rc = run_profile(run, end, err);
	return rc;
}

static int finish(struct run *run, enum study_end end, struct err *err)
{
	static const char *const names[] = {
		[STUDY_COMPLETE] = "complete",
		[STUDY_OUT_OF_BUDGET] = "out of budget",
		[STUDY_INTERRUPTED] = "interrupted",
	};
	int rc = design_set_now(run->store, "finished_at", err);

	if (!rc)
		rc = store_set_meta(run->store, "end", names[end], err);
	run_tell(run, "%s after %zu blocks", names[end], run->blocks);
	return rc;
}

/* By the wall clock: a lab, agents in it, blocks. */
static int measure_lab(struct run *run, enum study_end *end, struct err *err)
{
	int rc;

	run_show_progress(run);
	rc = build_lab(run, err);
	if (!rc) {
		run->phase = STUDY_SETTLING;
		run_show_progress(run);
		rc = start_agents(run, err);
	}
	return rc ? rc : measure(run, end, err);
}

static int carry_out(struct run *run, enum study_end *end, struct err *err)
{
	int rc = plan_expand(run->plan, &run->point, &run->points, err);

	if (!rc)
		rc = allocate(run, err);
	if (!rc)
		rc = design_open(run, err);
	if (!rc)
		rc = run->plan->time == PLAN_TIME_EXACT
			     ? run_exact(run, end, err)
			     : measure_lab(run, end, err);
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
	if (run.paths * (size_t)plan_members(run.plan) > BLOCK_MAX_MEMBERS)
		return err_set(
			err, E2BIG,
			"pairs: %d on %zu paths are more than %d together",
			plan_members(run.plan), run.paths, BLOCK_MAX_MEMBERS);
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
