/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What fails: given a new agent, marked FAILED, or lost for good. */
#include <errno.h>
#include <stdio.h>

#include "lab/outside.h"
#include "study/run.h"

#define STRIKES 2 /* first failure: a new agent; second in a row: FAILED */

int replace_fail_cell(struct run *run, size_t point, size_t path,
		      const char *cause, struct err *err)
{
	struct store_failure failure = { .point = (int)point,
					 .path = (int)path };
	int rc = 0;

	for (size_t p = path; !rc && p < run->paths; p++) {
		if (ledger_failed(run->ledger, point, p))
			continue;
		if (p != path && path != 0)
			break;
		failure.path = (int)p;
		snprintf(failure.cause, sizeof(failure.cause), "%s%.480s",
			 p == path ? "" : "the reference failed: ", cause);
		rc = store_add_failure(run->store, &failure, err);
	}
	ledger_fail(run->ledger, point, path);
	return rc;
}

/* Cells that are reached stay; the others will never be. */
int replace_lose_path(struct run *run, size_t path, const char *cause,
		      struct err *err)
{
	int rc = 0;

	if (path == 0)
		return err_set(err, ENOTCONN, "the reference is lost: %s",
			       cause);
	run->built[path] = false;
	ledger_retire(run->ledger, path);
	run_tell(run, "%s is lost: %s", run->plan->path[path].name, cause);
	for (size_t i = 0; !rc && i < run->points; i++)
		if (!ledger_reached(run->ledger, i, path))
			rc = replace_fail_cell(run, i, path, cause, err);
	return rc;
}

/* A guest may be slow to boot once, on a busy machine. */
/* pair -1: all. */
static int start_pairs(struct run *run, size_t path, int pair, struct err *err)
{
	return pair < 0 ? team_start_path(run->team, path, err)
			: team_start(run->team, (int)path, pair, err);
}

static int start_twice(struct run *run, size_t path, int pair, struct err *err)
{
	if (!start_pairs(run, path, pair, err))
		return 0;
	if (err->code == EINTR) /* told to stop as it came up */
		return -EINTR;
	run_tell(run, "%s: %s; trying again", run->plan->path[path].name,
		 err->text);
	return start_pairs(run, path, pair, err);
}

/* A machine that was booted anew has lost the agents of all its nodes, who
 * are not to blame. */
static int start_stale(struct run *run, struct err *err)
{
	int rc = 0;

	for (size_t p = 0; !rc && p < run->paths; p++) {
		struct err start = ERR_INIT;

		if (run->built[p] && team_m1(run->team, p, 0) &&
		    lab_node_is_stale(lab_path_m1(run->lab, p)->node) &&
		    start_twice(run, p, -1, &start) && start.code != EINTR)
			rc = replace_lose_path(run, p, start.text, err);
	}
	return rc;
}

int replace_start(struct run *run, size_t path, int pair, struct err *err)
{
	struct err start = ERR_INIT;
	int rc = start_twice(run, path, pair, &start);

	if (rc == -EINTR) /* nobody's fault: run_is_over() will see it */
		return 0;
	if (rc)
		rc = replace_lose_path(run, path, start.text, err);
	return rc ? rc : start_stale(run, err);
}

int replace_m1(struct run *run, size_t point, size_t path, int pair,
	       const struct err *cause, struct err *err)
{
	unsigned char *strikes = &run->strikes[point * run->paths + path];
	const char *name = run->plan->path[path].name;
	int rc = 0;

	/* what a machine that is there already may not be given, no new agent
	 * gives it */
	if (cause->code == EPERM && lab_is_outside(run->lab)) {
		run_tell(run, "cell FAILED on %s: %s", name, cause->text);
		return replace_fail_cell(run, point, path, cause->text, err);
	}
	if (++*strikes >= STRIKES) {
		run_tell(run, "cell FAILED on %s: %s", name, cause->text);
		rc = replace_fail_cell(run, point, path, cause->text, err);
	} else {
		run_tell(run, "%s: %s; trying again with a new agent", name,
			 cause->text);
	}
	return rc ? rc : replace_start(run, path, pair, err);
}

/* A block that went well makes the failures before it none: it is two in a
 * row that fail a cell. */
void replace_forgive(struct run *run, size_t point, size_t path)
{
	run->strikes[point * run->paths + path] = 0;
	run->m2_strikes[point] = 0;
}

/* M2 takes part in every cell: without it the study ends, resumable. */
int replace_m2(struct run *run, size_t point, const struct err *cause,
	       struct err *err)
{
	int rc = 0;

	if (++run->m2_strikes[point] >= STRIKES) {
		run_tell(run, "point FAILED: %s", cause->text);
		rc = replace_fail_cell(run, point, 0, cause->text, err);
	} else {
		run_tell(run, "M2: %s; trying again with a new agent",
			 cause->text);
	}
	if (!rc && team_start(run->team, -1, 0, err))
		rc = err_wrap(err, "M2 is lost");
	return rc;
}
