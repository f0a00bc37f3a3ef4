/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/validate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/matrix.h"
#include "base/clock.h"
#include "base/json.h"
#include "stats/order.h"
#include "store/store.h"
#include "study/replay.h"

/* docs/validation.md */
#define AA_BOUND      0.93 /* the lower bound of A/A's coverage is above */
#define NOMINAL	      0.95
#define TAIL_MIN      0.01 /* so few inside are likelier than this */
#define REPLAY_MIN    0.93
#define CONTROL_BELOW 0.03 /* the control falls short of the replay by */

/* 1, or what the path's cable leaves of the link's rate. */
static double truth_of(const struct store_path *path)
{
	int64_t percent = 100;

	json_get_int(path->options, "percent", &percent, NULL);
	return (double)percent / 100;
}

static int add_interval(struct validation_part *part, const struct cell *cell,
			double truth)
{
	const struct stats_efficiency *e = &cell->efficiency;
	struct coverage_matrix *m = &part->matrix[part->studies];

	if (part->intervals == part->room) {
		size_t room = part->room ? 2 * part->room : 256;
		struct validation_interval *grown = reallocarray(
			part->interval, room, sizeof(*part->interval));

		if (!grown)
			return -ENOMEM;
		part->interval = grown;
		part->room = room;
	}
	part->interval[part->intervals++] = (struct validation_interval){
		.ratio = e->ratio, .lo = e->lo, .hi = e->hi, .truth = truth
	};
	m->intervals++;
	m->covered += e->lo <= truth && truth <= e->hi;
	part->reached += cell->status == CELL_REACHED;
	return 0;
}

static int add_matrix(struct validation_part *part, const struct matrix *matrix,
		      const struct store_path *paths)
{
	for (size_t p = 1; p < matrix->paths; p++)
		for (size_t i = 0; i < matrix->points; i++) {
			const struct cell *cell = matrix_cell(matrix, i, p);

			if (!cell->efficiency.valid ||
			    cell->status == CELL_FAILED)
				continue;
			if (add_interval(part, cell, truth_of(&paths[p])))
				return -ENOMEM;
		}
	part->blocks += matrix->blocks;
	part->points += matrix->points;
	if (matrix->finished_at_ns)
		part->seconds += (double)(matrix->finished_at_ns -
					  matrix->started_at_ns) /
				 (double)NS_PER_S;
	for (size_t p = 1; p < matrix->paths; p++) {
		const struct stats_pool *pool = &matrix->path[p].pool;

		part->s += pool->s0 * pool->s0 / (double)(matrix->paths - 1);
		part->lag1 += pool->lag1 / (double)(matrix->paths - 1);
	}
	part->studies++;
	return 0;
}

static int add_study(struct validation *v, struct validation_part *part,
		     const char *dir, struct err *err)
{
	struct store_path *paths = NULL;
	struct matrix *matrix = NULL;
	struct store *store;
	size_t count = 0;
	int rc = store_open(&store, dir, STORE_READ, err);

	if (rc)
		return rc;
	rc = store_load_paths(store, &paths, &count, err);
	if (!rc)
		rc = matrix_load(&matrix, store, err);
	if (!rc && add_matrix(part, matrix, paths))
		rc = err_sys(err, ENOMEM, "%s", dir);
	if (!rc) {
		snprintf(v->host, sizeof(v->host), "%s", matrix->host);
		snprintf(v->version, sizeof(v->version), "%s", matrix->version);
		clock_format_real(matrix->started_at_ns, v->date);
	}
	matrix_free(matrix);
	store_paths_free(paths, count);
	store_close(store);
	return rc ? err_wrap(err, "%s", dir) : 0;
}

static void finish_part(struct validation_part *part)
{
	double n = (double)part->intervals, sum = 0, sum2 = 0;

	if (!part->studies)
		return;
	part->s = sqrt(part->s / (double)part->studies);
	part->lag1 /= (double)part->studies;
	for (size_t i = 0; i < part->intervals; i++) {
		double d =
			log(part->interval[i].ratio / part->interval[i].truth);

		sum += d;
		sum2 += d * d;
	}
	if (part->intervals < 2)
		return;
	part->bias = sum / n;
	part->bias_se =
		sqrt(fmax(sum2 / n - part->bias * part->bias, 0) / (n - 1));
}

/* dir/NAME-01 ... as far as there is a study. */
static int read_part(struct validation *v, struct validation_part *part,
		     const struct validate_judge_args *args, const char *name,
		     size_t count, struct err *err)
{
	char dir[4096];
	int rc = 0;

	part->matrix = calloc(count + 1, sizeof(*part->matrix));
	if (!part->matrix)
		return err_sys(err, ENOMEM, "%s", name);
	for (size_t i = 0; i < count && !rc; i++) {
		snprintf(dir, sizeof(dir), "%s/%s-%02zu/study.db", args->dir,
			 name, i + 1);
		if (access(dir, F_OK) < 0)
			continue;
		*strrchr(dir, '/') = '\0';
		rc = add_study(v, part, dir, err);
	}
	finish_part(part);
	if (!rc && coverage_pool(part->matrix, part->studies, args->seed,
				 &part->coverage))
		rc = err_sys(err, ENOMEM, "%s", name);
	return rc;
}

/* Of all replays: what one path, or several, or the control covered. */
struct tallies {
	struct coverage_matrix *twin, *others, *control;
};

static void add_replay(const struct trace *trace, const struct replay *replay,
		       size_t twin, size_t k, struct tallies *t)
{
	for (size_t p = 1; p < trace->paths; p++) {
		struct coverage_matrix *m =
			p == twin ? &t->twin[k] : &t->others[k];

		m->intervals += replay->path[p].intervals;
		m->covered += replay->path[p].covered;
	}
}

static void add_control(const struct trace *trace, const struct replay *replay,
			size_t k, struct tallies *t)
{
	for (size_t p = 1; p < trace->paths; p++) {
		t->control[k].intervals += replay->path[p].intervals;
		t->control[k].covered += replay->path[p].covered;
	}
}

static int play_all(const struct trace *trace, size_t twin,
		    const struct validate_judge_args *args, struct tallies *t,
		    struct validation_replay *r, struct err *err)
{
	const struct ledger_rule rule = { .precision = args->precision,
					  .min_blocks = STATS_MIN_BLOCKS };
	double cells = (double)(trace->points * (trace->paths - 1));
	int rc = 0;

	for (size_t k = 0; k < args->replays && !rc; k++) {
		size_t start =
			(size_t)(stats_seed(args->seed, k) % trace->blocks);
		struct replay replay;

		rc = replay_blocks(trace, start, &rule, &replay, err);
		if (rc)
			break;
		add_replay(trace, &replay, twin, k, t);
		r->blocks_used += (double)replay.blocks;
		r->reached += (double)replay.reached / cells;
		rc = replay_rule_2007(trace, start, &replay, err);
		add_control(trace, &replay, k, t);
		r->control_reached += (double)replay.reached / cells;
	}
	r->blocks_used /= (double)args->replays;
	r->reached /= (double)args->replays;
	r->control_reached /= (double)args->replays;
	return rc;
}

static int pool_all(const struct tallies *t, size_t n, uint64_t seed,
		    struct validation_replay *r, struct err *err)
{
	if (coverage_pool(t->twin, n, seed, &r->twin) ||
	    coverage_pool(t->others, n, seed, &r->others) ||
	    coverage_pool(t->control, n, seed, &r->control))
		return err_sys(err, ENOMEM, "replays");
	return 0;
}

static int replay_trace(struct trace *trace, size_t twin,
			const struct validate_judge_args *args,
			struct validation_replay *r, struct err *err)
{
	size_t n = args->replays;
	struct tallies t = { calloc(n + 1, sizeof(*t.twin)),
			     calloc(n + 1, sizeof(*t.others)),
			     calloc(n + 1, sizeof(*t.control)) };
	int rc = err_set(err, ENOMEM, "replays: out of memory");

	r->blocks = trace->blocks;
	r->points = trace->points;
	r->replays = n;
	r->precision = args->precision;
	r->seconds = (double)(trace->block[trace->blocks - 1].at_ns -
			      trace->block[0].at_ns) /
		     (double)NS_PER_S;
	/* nothing differs between the twins: the trace need not say it */
	for (size_t i = 0; twin && i < trace->points; i++)
		trace->truth[i * trace->paths + twin] = 1;
	if (t.twin && t.others && t.control)
		rc = play_all(trace, twin, args, &t, r, err);
	if (!rc)
		rc = pool_all(&t, n, args->seed, r, err);
	free(t.twin);
	free(t.others);
	free(t.control);
	return rc;
}

/* The second native path; 0 where there is none. */
static size_t find_twin(const struct store_path *paths, size_t count)
{
	for (size_t p = 1; p < count; p++)
		if (strcmp(paths[p].kind, paths[0].kind) == 0 &&
		    json_equal(paths[p].options, paths[0].options))
			return p;
	return 0;
}

static int read_trace(struct validation *v,
		      const struct validate_judge_args *args, struct err *err)
{
	struct store_path *paths = NULL;
	struct trace trace = { 0 };
	struct store *store;
	char dir[4096];
	size_t count = 0;
	int rc;

	snprintf(dir, sizeof(dir), "%s/trace/study.db", args->dir);
	if (access(dir, F_OK) < 0)
		return 0;
	*strrchr(dir, '/') = '\0';
	rc = store_open(&store, dir, STORE_READ, err);
	if (rc)
		return rc;
	rc = store_load_paths(store, &paths, &count, err);
	if (!rc)
		rc = trace_load(&trace, store, err);
	if (!rc && trace.blocks)
		rc = replay_trace(&trace, find_twin(paths, count), args,
				  &v->replay, err);
	trace_free(&trace);
	store_paths_free(paths, count);
	store_close(store);
	return rc;
}

/* In the order of a reader's doubts; only what was done is judged. */
static void judge(struct validation *v)
{
	const struct coverage *aa = &v->aa.coverage;
	const struct coverage *in = &v->injected.coverage;
	const struct validation_replay *r = &v->replay;
	const char *control = "";

	v->aa_ok = aa->valid && aa->lower > AA_BOUND;
	v->injected_ok =
		in->intervals &&
		coverage_tail(in->covered, in->intervals, NOMINAL) >= TAIL_MIN;
	v->replay_ok = r->twin.intervals && r->twin.share >= REPLAY_MIN &&
		       r->others.share >= REPLAY_MIN;
	v->control_told = r->control.intervals &&
			  r->control.share < r->twin.share - CONTROL_BELOW;
	v->ok = v->aa_ok && v->injected_ok && v->replay_ok;
	if (r->control.intervals)
		control = v->control_told
				  ? "; the rule of 2007, on the same trace, "
				    "falls short, as it should"
				  : "; the rule of 2007 was not seen to fall "
				    "short here: a calm machine, or a short "
				    "trace";
	snprintf(v->verdict, sizeof(v->verdict),
		 "%s: A/A %s (lower bound %.3f, above %.2f is asked), "
		 "injection %s, replay %s%s.",
		 v->ok ? "The intervals hold on this machine"
		       : "Not shown on this machine",
		 v->aa_ok ? "holds" : "does not hold", aa->lower, AA_BOUND,
		 v->injected_ok ? "holds" : "does not hold",
		 v->replay_ok ? "holds" : "does not hold", control);
}

int validate_judge(const struct validate_judge_args *args,
		   struct validation *validation, struct err *err)
{
	struct validation *v = validation;
	int rc;

	memset(v, 0, sizeof(*v));
	rc = read_part(v, &v->aa, args, "aa", args->matrices, err);
	if (!rc)
		rc = read_part(v, &v->injected, args, "injection",
			       args->injections, err);
	if (!rc)
		rc = read_trace(v, args, err);
	if (!rc)
		judge(v);
	return rc;
}

void validate_free(struct validation *validation)
{
	free(validation->aa.matrix);
	free(validation->aa.interval);
	free(validation->injected.matrix);
	free(validation->injected.interval);
}
