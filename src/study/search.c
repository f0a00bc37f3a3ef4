/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rule `loss`: the highest rate of datagrams without loss, searched by
 * trials on all paths of a point at once, their slices interleaved, each path
 * offered a rate of its own (stats/loss_search.h). Between the trials a block
 * now and then offers all that the senders can: what is received at overload
 * is the point's throughput, stored and estimated as that of any block.
 *
 * Whether a trial is lossy, or void, stats/loss_trial.h judges.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "stats/loss_search.h"
#include "stats/loss_trial.h"
#include "stats/order.h"
#include "store/trial.h"
#include "study/run.h"

#define OVERLOAD_EVERY 3 /* rounds, the first among them */
#define TRIALS_A_ROUND 2

#define FIRST_MBPS 100.0 /* where no block at overload told better */

struct found {
	struct loss_trial trial[LOSS_SEARCH_MAX];
	size_t trials;
	bool done;
};

struct search {
	struct run *run;
	struct found *found; /* [points * paths] */
	int point;	     /* of the trial under way */
	int64_t at_ns;
	int64_t asked_bps[BLOCK_MAX_PATHS]; /* 0: no part in it */
};

static struct found *found_of(const struct search *s, int point, size_t path)
{
	return &s->found[(size_t)point * s->run->paths + path];
}

static bool is_done(const struct search *s, const struct found *f)
{
	struct loss_search fit;

	if (f->trials == LOSS_SEARCH_MAX)
		return true;
	loss_search_fit(f->trial, f->trials, &fit);
	return loss_search_is_done(&fit, s->run->plan->precision);
}

static void enter(struct search *s, const struct store_trial *t)
{
	struct found *f = found_of(s, t->point, (size_t)t->path);

	if (f->trials < LOSS_SEARCH_MAX)
		f->trial[f->trials++] = (struct loss_trial){
			.offered = t->offered_mbps,
			.lossy = t->lossy,
			.is_void = (enum loss_void)t->is_void,
		};
	f->done = is_done(s, f);
	if (f->done)
		ledger_mark_reached(s->run->ledger, (size_t)t->point,
				    (size_t)t->path);
}

/* Of all lanes and pairs, in what counts. */
static double offered_mbps(const struct search *s,
			   const struct agent_block_path *result,
			   const struct loss_verdict *v)
{
	const struct run *run = s->run;
	double lanes = (double)result->tracks / (double)result->slices;
	double bytes = (double)run->point[s->point].value[AXIS_MESSAGE_SIZE];

	return (double)v->offered * bytes * 8e3 * lanes /
	       ((double)v->pieces * (double)loss_piece_ns(run->plan->slice_ns));
}

static int take_trial(void *arg, size_t path,
		      const struct agent_block_path *result, struct err *err)
{
	struct search *s = arg;
	const struct plan *plan = s->run->plan;
	struct loss_verdict v;
	struct store_trial t = {
		.point = s->point,
		.path = (int)path,
		.at_ns = s->at_ns,
		.asked_mbps = (double)s->asked_bps[path] / 1e6,
		.received_mbps = result->throughput_mbps,
	};
	int rc = loss_trial_judge(result->track, result->tracks,
				  loss_piece_ns(plan->slice_ns),
				  plan->loss_bound, &v);

	if (rc)
		return err_set(err, ENOMEM, "out of memory");
	if (!v.offered || !result->slices)
		return 0; /* nothing was offered, nothing is known */
	t.offered_mbps = offered_mbps(s, result, &v);
	t.datagrams = v.offered - v.lost;
	t.lost = v.lost;
	t.growth = v.growth;
	t.lossy = v.lossy;
	t.kept = (double)v.kept / (double)(result->tracks * LOSS_PIECES);
	t.is_void = (int)v.is_void;
	enter(s, &t);
	return store_add_trial(s->run->store, &t, err);
}

static struct measure_args common_args(const struct run *run, int point,
				       uint64_t seed)
{
	const struct plan *plan = run->plan;

	return (struct measure_args){
		.point = point,
		.path = -1,
		.seed = stats_seed(run->args->seed, seed),
		.cycles = (size_t)plan->cycles,
		.timing = { .warmup_ns = plan->warmup_ns,
			    .guard_ns = plan->guard_ns,
			    .slice_ns = plan->slice_ns },
	};
}

/* What was last received at overload is where the search begins. */
static int64_t next_bps(const struct search *s, int point, size_t path)
{
	const struct found *f = found_of(s, point, path);
	const double *mbps;
	double first = FIRST_MBPS, next;
	size_t n;

	mbps = ledger_rates(s->run->ledger, (size_t)point, path, &n);
	if (n && mbps[n - 1] > 0)
		first = mbps[n - 1];
	next = loss_search_next(f->trial, f->trials, first) * 1e6;
	return (int64_t)fmin(fmax(next, 1e4),
			     (double)axis_table[AXIS_PACING_RATE].max);
}

static int one_trial(struct search *s, int point, struct err *err)
{
	struct run *run = s->run;
	struct measure_args args;
	int64_t *pacing = s->asked_bps;
	size_t trials = 0;
	bool any = false;
	int rc;

	for (size_t p = 0; p < run->paths; p++) {
		const struct found *f = found_of(s, point, p);

		pacing[p] = f->done ? 0 : next_bps(s, point, p);
		any |= pacing[p] > 0 && run->built[p];
		trials += f->trials;
	}
	if (!any)
		return 0;
	args = common_args(run, point, (uint64_t)point << 32 | trials);
	args.pacing_bps = pacing;
	args.take = take_trial;
	args.arg = s;
	s->point = point;
	s->at_ns = clock_real_ns();
	rc = measure_block(run, &args, err);
	run_show_progress(run);
	return rc;
}

static int one_overload(struct search *s, int point, struct err *err)
{
	struct run *run = s->run;
	const struct measure_args args = common_args(run, point, run->blocks);

	return measure_block(run, &args, err);
}

static bool is_open(const struct search *s, int point)
{
	const struct run *run = s->run;

	for (size_t p = 0; p < run->paths; p++)
		if (run->built[p] && !found_of(s, point, p)->done &&
		    !ledger_failed(run->ledger, (size_t)point, p))
			return true;
	return false;
}

static int visit(struct search *s, int point, enum study_end *end,
		 struct err *err)
{
	int rc = 0;

	if (s->run->round % OVERLOAD_EVERY == 0)
		rc = one_overload(s, point, err);
	for (int i = 0; i < TRIALS_A_ROUND && !rc; i++) {
		if (run_is_over(s->run, end))
			return 0;
		rc = one_trial(s, point, err);
	}
	return rc;
}

/* Every open point once, in random order; *open: is one left? */
static int one_round(struct search *s, int *order, bool *open,
		     enum study_end *end, struct err *err)
{
	struct run *run = s->run;
	int rc = 0;

	*open = false;
	stats_order(stats_seed(run->args->seed, (uint64_t)run->round), order,
		    run->points);
	for (size_t i = 0; i < run->points && !rc; i++) {
		if (!is_open(s, order[i]))
			continue;
		*open = true;
		if (run_is_over(run, end))
			return 0;
		rc = visit(s, order[i], end, err);
	}
	run->round++;
	return rc;
}

/* Of an earlier run that is resumed. */
static int load_trials(struct search *s, struct err *err)
{
	struct store_trial *trials;
	size_t count;
	int rc = store_load_trials(s->run->store, &trials, &count, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (trials[i].point >= 0 && trials[i].path >= 0 &&
		    (size_t)trials[i].point < s->run->points &&
		    (size_t)trials[i].path < s->run->paths)
			enter(s, &trials[i]);
	free(trials);
	return 0;
}

int run_search(struct run *run, enum study_end *end, struct err *err)
{
	struct search s = { .run = run };
	int *order = calloc(run->points, sizeof(*order));
	bool open = true;
	int rc;

	s.found = calloc(run->points * run->paths, sizeof(*s.found));
	rc = order && s.found ? load_trials(&s, err)
			      : err_set(err, ENOMEM, "out of memory");
	while (!rc && open && !run_is_over(run, end))
		rc = one_round(&s, order, &open, end, err);
	if (!rc && !open)
		*end = STUDY_COMPLETE;
	free(s.found);
	free(order);
	return rc;
}
