/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rule `slices`: how short may slices be? At every point of the plan, the
 * sentinels, blocks of short slices against windows of 250 ms, round
 * by round in random order, by paths' efficiencies (stats/calibration.h). The
 * shortest length that is shown on every path is the answer; a length that
 * one path refutes, or that stays open for its share of the budget, gives way
 * to the next.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "lab/cage.h"
#include "stats/calibration.h"
#include "stats/order.h"
#include "study/run.h"

#define LONG_NS	    (250 * NS_PER_MS)
#define LONG_CYCLES 2		      /* ABC CBA: a second a path */
#define SHORT_NS    (160 * NS_PER_MS) /* measured a path in a short block */
#define ROUNDS_MIN  4

static const int64_t lengths[] = { 10 * NS_PER_MS, 20 * NS_PER_MS,
				   50 * NS_PER_MS };
#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

/* Rounds of one length: x, y, u, v as in stats/calibration.h. */
struct rounds {
	double *rate[4]; /* [cells][room] */
	size_t *n;	 /* [cells] */
	size_t cells, room;
};

enum { X, Y, U, V };

static int rounds_open(struct rounds *r, const struct run *run, struct err *err)
{
	*r = (struct rounds){ .cells = run->points * run->paths, .room = 4096 };
	r->n = calloc(r->cells, sizeof(*r->n));
	for (int i = 0; i < 4; i++)
		r->rate[i] = calloc(r->cells * r->room, sizeof(double));
	if (r->n && r->rate[X] && r->rate[Y] && r->rate[U] && r->rate[V])
		return 0;
	return err_set(err, ENOMEM, "out of memory");
}

static void rounds_free(struct rounds *r)
{
	for (int i = 0; i < 4; i++)
		free(r->rate[i]);
	free(r->n);
}

/* A block, and what it gave: rate[path], negative where a path was not in. */
static int one_block(struct run *run, int point, int64_t slice_ns,
		     size_t cycles, double *rate, struct err *err)
{
	size_t before[BLOCK_MAX_PATHS], n;
	const struct measure_args args = {
		.point = point,
		.path = -1,
		.seed = stats_seed(run->args->seed, run->blocks),
		.cycles = cycles,
		.timing = { .warmup_ns = run->plan->warmup_ns,
			    .guard_ns = run->plan->guard_ns,
			    .slice_ns = slice_ns },
	};
	int rc;

	for (size_t p = 0; p < run->paths; p++)
		ledger_rates(run->ledger, (size_t)point, p, &before[p]);
	rc = measure_block(run, &args, err);
	for (size_t p = 0; p < run->paths; p++) {
		const double *rates =
			ledger_rates(run->ledger, (size_t)point, p, &n);

		rate[p] = n > before[p] ? rates[n - 1] : -1;
	}
	run_show_progress(run);
	return rc;
}

static void enter(struct rounds *r, const struct run *run, int point,
		  const double *brief, const double *lasting)
{
	for (size_t p = 1; p < run->paths; p++) {
		size_t cell = (size_t)point * run->paths + p;
		size_t at = cell * r->room + r->n[cell];

		if (brief[0] < 0 || brief[p] < 0 || lasting[0] < 0 ||
		    lasting[p] < 0 || r->n[cell] == r->room)
			continue;
		r->rate[X][at] = brief[0];
		r->rate[Y][at] = brief[p];
		r->rate[U][at] = lasting[0];
		r->rate[V][at] = lasting[p];
		r->n[cell]++;
	}
}

/* Both blocks of a point, the one that is first by chance. */
static int one_pair(struct run *run, struct rounds *r, int point,
		    int64_t slice_ns, struct err *err)
{
	bool long_first = stats_seed(run->args->seed ^ 0x51, run->blocks) & 1;
	double brief[BLOCK_MAX_PATHS], lasting[BLOCK_MAX_PATHS];
	int rc = 0;

	for (int i = 0; i < 2 && !rc; i++)
		rc = (i == 0) == long_first
			     ? one_block(run, point, LONG_NS, LONG_CYCLES,
					 lasting, err)
			     : one_block(run, point, slice_ns,
					 (size_t)(SHORT_NS / slice_ns), brief,
					 err);
	if (!rc)
		enter(r, run, point, brief, lasting);
	return rc;
}

static int judge_path(const struct run *run, const struct rounds *r,
		      size_t path, struct calibration_finding *finding,
		      struct err *err)
{
	struct calibration_pairs *pairs = calloc(run->points, sizeof(*pairs));

	if (!pairs)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < run->points; i++) {
		size_t cell = i * run->paths + path, at = cell * r->room;

		pairs[i] = (struct calibration_pairs){
			.n = r->n[cell],
			.x = r->rate[X] + at,
			.y = r->rate[Y] + at,
			.u = r->rate[U] + at,
			.v = r->rate[V] + at,
		};
	}
	calibration_judge(pairs, run->points, finding);
	free(pairs);
	return 0;
}

static json_t *finding_to_json(const struct run *run, size_t path,
			       int64_t slice_ns,
			       const struct calibration_finding *f)
{
	char where[160];

	point_format(&run->point[f->worst], where, sizeof(where));
	return json_pack("{ss ss sI ss si si sf sf sf ss sf sf sf}", "path",
			 run->plan->path[path].name, "kind",
			 run->plan->path[path].kind, "slice_ns",
			 (json_int_t)slice_ns, "verdict",
			 calibration_verdict_name(f->verdict), "sentinels",
			 (int)f->sentinels, "rounds", (int)f->rounds, "shift",
			 f->shift, "lo", f->lo, "hi", f->hi, "worst", where,
			 "worst_shift", f->worst_shift, "worst_lo", f->worst_lo,
			 "worst_hi", f->worst_hi);
}

/* Of one length on all paths: shown on all, refuted on one, or open. */
static int judge_length(const struct run *run, const struct rounds *r,
			int64_t slice_ns, json_t *findings,
			enum calibration_verdict *all, struct err *err)
{
	*all = CALIBRATION_SHOWN;
	for (size_t p = 1; p < run->paths; p++) {
		struct calibration_finding f;
		int rc;

		if (!run->built[p])
			continue;
		rc = judge_path(run, r, p, &f, err);
		if (rc)
			return rc;
		if (findings)
			json_array_append_new(
				findings,
				finding_to_json(run, p, slice_ns, &f));
		if (f.verdict == CALIBRATION_REFUTED ||
		    (f.verdict == CALIBRATION_OPEN &&
		     *all == CALIBRATION_SHOWN))
			*all = f.verdict;
	}
	return 0;
}

static int one_round(struct run *run, struct rounds *r, int64_t slice_ns,
		     enum study_end *end, struct err *err)
{
	int *order = calloc(run->points, sizeof(*order));
	int rc = 0;

	if (!order)
		return err_set(err, ENOMEM, "out of memory");
	stats_order(stats_seed(run->args->seed, (uint64_t)run->round), order,
		    run->points);
	for (size_t i = 0; i < run->points && !rc; i++) {
		if (run_is_over(run, end))
			break;
		rc = one_pair(run, r, order[i], slice_ns, err);
	}
	run->round++;
	free(order);
	return rc;
}

/* Until the length is shown or refuted, or its share of time is spent. */
static int try_length(struct run *run, int64_t slice_ns, int64_t until_ns,
		      json_t *findings, enum calibration_verdict *verdict,
		      enum study_end *end, struct err *err)
{
	struct rounds r;
	size_t done = 0;
	int rc = rounds_open(&r, run, err);

	*verdict = CALIBRATION_OPEN;
	while (!rc && *verdict == CALIBRATION_OPEN && !run_is_over(run, end) &&
	       clock_mono_ns() < until_ns) {
		rc = one_round(run, &r, slice_ns, end, err);
		if (!rc && ++done >= ROUNDS_MIN)
			rc = judge_length(run, &r, slice_ns, NULL, verdict,
					  err);
	}
	if (!rc)
		rc = judge_length(run, &r, slice_ns, findings, verdict, err);
	run_tell(run, "slices of %lld ms: %s", (long long)slice_ns / NS_PER_MS,
		 calibration_verdict_name(*verdict));
	rounds_free(&r);
	return rc;
}

/* {"slice_ns": the answer or 0 for none, "findings": [...]} */
static int store_findings(struct run *run, int64_t slice_ns, json_t *findings,
			  struct err *err)
{
	json_t *json = json_pack("{sI sO}", "slice_ns", (json_int_t)slice_ns,
				 "findings", findings);
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));
	int rc = text ? store_set_meta(run->store, "slices", text, err)
		      : err_set(err, ENOMEM, "out of memory");

	free(text);
	json_decref(json);
	return rc;
}

int run_calibration(struct run *run, enum study_end *end, struct err *err)
{
	int64_t budget_ns = run->plan->budget_ns ? run->plan->budget_ns
						 : 20 * 60 * NS_PER_S;
	int64_t share_ns = budget_ns / (int64_t)LENGTHS, found_ns = 0;
	json_t *findings = json_array();
	int rc = 0;

	*end = STUDY_COMPLETE;
	for (size_t i = 0; i < LENGTHS && !rc && !found_ns; i++) {
		enum calibration_verdict verdict;

		if (run_is_over(run, end))
			break;
		rc = try_length(run, lengths[i],
				run->started_ns + (int64_t)(i + 1) * share_ns,
				findings, &verdict, end, err);
		if (verdict == CALIBRATION_SHOWN)
			found_ns = lengths[i];
	}
	if (!rc)
		rc = store_findings(run, found_ns, findings, err);
	json_decref(findings);
	return rc;
}
