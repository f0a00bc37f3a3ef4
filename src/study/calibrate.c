/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rule `slices`: how short may slices be, and what has to pass before them
 * uncounted? At every point of the plan, the sentinels, the blocks of a study
 * against long windows, round by round in random order, by paths'
 * efficiencies (stats/calibration.h). For each socket size apart, since what a
 * path does before it has settled lasts the longer the more a socket holds:
 * up a ladder of timings, whose first is that of a study, until one is shown
 * on every path. One that a path refutes gives way to the next; one that is
 * open goes on while there is time.
 */
#include <errno.h>
#include <stdlib.h>

#include "stats/calibration.h"
#include "stats/order.h"
#include "study/run.h"
#include "study/timing.h"

#define LONG_GUARD_NS (100 * NS_PER_MS)
#define LONG_NS	      (250 * NS_PER_MS)
#define LONG_CYCLES   2			/* ABC CBA: half a second a path */
#define BRIEF_NS      (160 * NS_PER_MS) /* measured a path in brief blocks */
#define ROUNDS_MIN    4

static const struct timing ladder[] = {
	{ .guard_ns = 2 * NS_PER_MS, .slice_ns = 10 * NS_PER_MS, .cycles = 4 },
	{ .guard_ns = 20 * NS_PER_MS, .slice_ns = 20 * NS_PER_MS, .cycles = 3 },
	{ .guard_ns = 50 * NS_PER_MS, .slice_ns = 50 * NS_PER_MS, .cycles = 2 },
	{ .guard_ns = 100 * NS_PER_MS,
	  .slice_ns = 150 * NS_PER_MS,
	  .cycles = 1 },
};
#define STEPS (sizeof(ladder) / sizeof(ladder[0]))

static const struct timing lasting = { .guard_ns = LONG_GUARD_NS,
				       .slice_ns = LONG_NS,
				       .cycles = LONG_CYCLES };

/* The points of one socket size. */
struct class
{
	int64_t socket_size;
	size_t step; /* on the ladder */
	int rounds;  /* at this step */
	bool done;
	enum calibration_verdict verdict;
};

/* Rounds of each cell at its class's step: x, y, u, v as in
 * stats/calibration.h. */
struct rounds {
	double *rate[4]; /* [cells][room] */
	size_t *n;	 /* [cells] */
	size_t cells, room;
};

enum { X, Y, U, V };

struct calibration {
	struct run *run;
	struct rounds rounds;
	struct class class[TIMINGS_MAX];
	size_t classes;
	json_t *findings;
};

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
static int one_block(struct run *run, int point, const struct timing *timing,
		     double *rate, struct err *err)
{
	size_t before[BLOCK_MAX_PATHS], n;
	const struct measure_args args = {
		.point = point,
		.path = -1,
		.seed = stats_seed(run->args->seed, run->blocks),
		.cycles = timing->cycles,
		.timing = { .warmup_ns = run->plan->warmup_ns,
			    .guard_ns = timing->guard_ns,
			    .slice_ns = timing->slice_ns },
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

/* Brief blocks, as many as measure BRIEF_NS a path; their mean. */
static int brief_blocks(struct run *run, int point, const struct timing *timing,
			double *mean, struct err *err)
{
	int64_t one_ns = timing->slice_ns * (int64_t)timing->cycles;
	int blocks = one_ns < BRIEF_NS ? (int)(BRIEF_NS / one_ns) : 1, rc = 0;

	for (size_t p = 0; p < run->paths; p++)
		mean[p] = 0;
	for (int i = 0; i < blocks && !rc; i++) {
		double rate[BLOCK_MAX_PATHS];

		rc = one_block(run, point, timing, rate, err);
		for (size_t p = 0; p < run->paths; p++)
			mean[p] = rate[p] < 0 || mean[p] < 0
					  ? -1
					  : mean[p] + rate[p] / blocks;
	}
	return rc;
}

static void enter(struct calibration *c, int point, const double *brief,
		  const double *long_run)
{
	struct rounds *r = &c->rounds;

	for (size_t p = 1; p < c->run->paths; p++) {
		size_t cell = (size_t)point * c->run->paths + p;
		size_t at = cell * r->room + r->n[cell];

		if (brief[0] < 0 || brief[p] < 0 || long_run[0] < 0 ||
		    long_run[p] < 0 || r->n[cell] == r->room)
			continue;
		r->rate[X][at] = brief[0];
		r->rate[Y][at] = brief[p];
		r->rate[U][at] = long_run[0];
		r->rate[V][at] = long_run[p];
		r->n[cell]++;
	}
}

/* Both kinds of block of a point, the one that is first by chance. */
static int one_pair(struct calibration *c, int point,
		    const struct timing *timing, struct err *err)
{
	struct run *run = c->run;
	bool long_first = stats_seed(run->args->seed ^ 0x51, run->blocks) & 1;
	double brief[BLOCK_MAX_PATHS], long_run[BLOCK_MAX_PATHS];
	int rc = 0;

	for (int i = 0; i < 2 && !rc; i++)
		rc = (i == 0) == long_first
			     ? one_block(run, point, &lasting, long_run, err)
			     : brief_blocks(run, point, timing, brief, err);
	if (!rc)
		enter(c, point, brief, long_run);
	return rc;
}

/* The kernel's own sizing (0) goes as far as it likes: the last class. */
static int64_t socket_size(const struct run *run, size_t point)
{
	int64_t size = run->point[point].value[AXIS_SOCKET_SIZE];

	return size ? size : TIMING_ANY_SIZE;
}

static struct class *class_of(struct calibration *c, size_t point)
{
	int64_t size = socket_size(c->run, point);
	size_t i = 0;

	while (i < c->classes && c->class[i].socket_size != size)
		i++;
	return &c->class[i];
}

static int compare_classes(const void *a, const void *b)
{
	int64_t x = ((const struct class *)a)->socket_size;
	int64_t y = ((const struct class *)b)->socket_size;

	return (x > y) - (x < y);
}

static int find_classes(struct calibration *c, struct err *err)
{
	for (size_t i = 0; i < c->run->points; i++) {
		struct class *class = class_of(c, i);

		if (class < &c->class[c->classes])
			continue;
		if (c->classes == TIMINGS_MAX)
			return err_set(err, EINVAL,
				       "socket_size: a calibration takes up to "
				       "%d of them",
				       TIMINGS_MAX);
		class->socket_size = socket_size(c->run, i);
		c->classes++;
	}
	qsort(c->class, c->classes, sizeof(c->class[0]), compare_classes);
	return 0;
}

static int judge_path(struct calibration *c, const struct class *class,
		      size_t path, struct calibration_finding *finding,
		      struct err *err)
{
	const struct run *run = c->run;
	const struct rounds *r = &c->rounds;
	struct calibration_pairs *pairs = calloc(run->points, sizeof(*pairs));

	if (!pairs)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < run->points; i++) {
		size_t cell = i * run->paths + path, at = cell * r->room;

		if (class_of(c, i) != class)
			continue;
		pairs[i] = (struct calibration_pairs){
			.n = r->n[cell],
			.x = r->rate[X] + at,
			.y = r->rate[Y] + at,
			.u = r->rate[U] + at,
			.v = r->rate[V] + at,
		};
	}
	calibration_judge(pairs, run->points, run->plan->precision / 2,
			  finding);
	free(pairs);
	return 0;
}

static json_t *finding_to_json(const struct run *run, size_t path,
			       const struct class *class,
			       const struct calibration_finding *f)
{
	const struct timing *timing = &ladder[class->step];
	char where[160];

	point_format(&run->point[f->worst], where, sizeof(where));
	return json_pack("{ss ss sI sI sI sI ss si si sf sf sf ss sf sf sf}",
			 "path", run->plan->path[path].name, "kind",
			 run->plan->path[path].kind, "socket_size",
			 (json_int_t) class->socket_size, "guard_ns",
			 (json_int_t)timing->guard_ns, "slice_ns",
			 (json_int_t)timing->slice_ns, "cycles",
			 (json_int_t)timing->cycles, "verdict",
			 calibration_verdict_name(f->verdict), "sentinels",
			 (int)f->sentinels, "rounds", (int)f->rounds, "shift",
			 f->shift, "lo", f->lo, "hi", f->hi, "worst", where,
			 "worst_shift", f->worst_shift, "worst_lo", f->worst_lo,
			 "worst_hi", f->worst_hi);
}

/* On all paths: shown on all, refuted on one, or open. findings may be NULL. */
static int judge_class(struct calibration *c, struct class *class,
		       json_t *findings, struct err *err)
{
	class->verdict = CALIBRATION_SHOWN;
	for (size_t p = 1; p < c->run->paths; p++) {
		struct calibration_finding f;
		int rc;

		if (!c->run->built[p])
			continue;
		rc = judge_path(c, class, p, &f, err);
		if (rc)
			return rc;
		if (findings)
			json_array_append_new(
				findings,
				finding_to_json(c->run, p, class, &f));
		if (f.verdict == CALIBRATION_REFUTED ||
		    (f.verdict == CALIBRATION_OPEN &&
		     class->verdict == CALIBRATION_SHOWN))
			class->verdict = f.verdict;
	}
	return 0;
}

static void tell_class(const struct calibration *c, const struct class *class)
{
	const struct timing *timing = &ladder[class->step];
	char text[TIMING_TEXT_MAX];

	timing_format(&(struct timing){ .socket_size = class->socket_size,
					.guard_ns = timing->guard_ns,
					.slice_ns = timing->slice_ns,
					.cycles = timing->cycles },
		      text, sizeof(text));
	run_tell(c->run, "%s: %s", text,
		 calibration_verdict_name(class->verdict));
}

/* Its rounds so far were of another timing. */
static void climb(struct calibration *c, struct class *class)
{
	for (size_t i = 0; i < c->run->points; i++)
		for (size_t p = 0; class_of(c, i) == class && p < c->run->paths;
		     p++)
			c->rounds.n[i * c->run->paths + p] = 0;
	class->step++;
	class->rounds = 0;
}

/* Shown: done. Refuted: a step up, if there is one. */
static int conclude_class(struct calibration *c, struct class *class,
			  struct err *err)
{
	int rc = judge_class(c, class, NULL, err);

	if (rc || class->verdict == CALIBRATION_OPEN)
		return rc;
	tell_class(c, class);
	rc = judge_class(c, class, c->findings, err);
	if (class->verdict == CALIBRATION_REFUTED && class->step + 1 < STEPS)
		climb(c, class);
	else
		class->done = true;
	return rc;
}

static int one_round(struct calibration *c, enum study_end *end,
		     struct err *err)
{
	struct run *run = c->run;
	int *order = calloc(run->points, sizeof(*order));
	int rc = 0;

	if (!order)
		return err_set(err, ENOMEM, "out of memory");
	stats_order(stats_seed(run->args->seed, (uint64_t)run->round), order,
		    run->points);
	for (size_t i = 0; i < run->points && !rc; i++) {
		struct class *class = class_of(c, (size_t)order[i]);

		if (class->done)
			continue;
		if (run_is_over(run, end))
			break;
		rc = one_pair(c, order[i], &ladder[class->step], err);
	}
	run->round++;
	free(order);
	return rc;
}

static bool any_open(const struct calibration *c)
{
	for (size_t i = 0; i < c->classes; i++)
		if (!c->class[i].done)
			return true;
	return false;
}

static int all_rounds(struct calibration *c, enum study_end *end,
		      struct err *err)
{
	int rc = 0;

	while (!rc && any_open(c) && !run_is_over(c->run, end)) {
		rc = one_round(c, end, err);
		for (size_t i = 0; i < c->classes && !rc; i++)
			if (!c->class[i].done &&
			    ++c->class[i].rounds >= ROUNDS_MIN)
				rc = conclude_class(c, &c->class[i], err);
	}
	/* what there was no time for */
	for (size_t i = 0; i < c->classes && !rc; i++)
		if (!c->class[i].done) {
			rc = judge_class(c, &c->class[i], c -> findings, err);
			tell_class(c, &c->class[i]);
		}
	return rc;
}

/* {"band", "findings": [...], "timings": as timing.h has them} */
static int store_findings(const struct calibration *c, struct err *err)
{
	struct timings timings = { .rows = c->classes };
	json_t *json;
	char *text;
	int rc;

	for (size_t i = 0; i < c->classes; i++) {
		timings.row[i] = ladder[c->class[i].step];
		timings.row[i].socket_size = c->class[i].socket_size;
	}
	json = json_pack("{sf sO so}", "band", c->run->plan->precision / 2,
			 "findings", c->findings, "timings",
			 timings_to_json(&timings));
	text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));
	rc = text ? store_set_meta(c->run->store, "slices", text, err)
		  : err_set(err, ENOMEM, "out of memory");
	free(text);
	json_decref(json);
	return rc;
}

int run_calibration(struct run *run, enum study_end *end, struct err *err)
{
	struct calibration c = { .run = run, .findings = json_array() };
	int rc = find_classes(&c, err);

	*end = STUDY_COMPLETE;
	if (!rc)
		rc = rounds_open(&c.rounds, run, err);
	if (!rc)
		rc = all_rounds(&c, end, err);
	if (!rc)
		rc = store_findings(&c, err);
	rounds_free(&c.rounds);
	json_decref(c.findings);
	return rc;
}
