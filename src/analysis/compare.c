/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/unlike.h"

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_UNDECIDED] = "undecided",
		[VERDICT_SAME] = "same",
		[VERDICT_BETTER] = "better",
		[VERDICT_WORSE] = "worse",
	};

	return names[verdict];
}

static int find_path(const struct matrix *m, const char *name)
{
	for (size_t i = 0; i < m->paths; i++)
		if (strcmp(m->path[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int find_point(const struct matrix *m, const struct point *point)
{
	for (size_t i = 0; i < m->points; i++)
		if (point_equal(&m->point[i], point))
			return (int)i;
	return -1;
}

/* The path of A that B's is compared with; -1: none. */
static int partner(const struct compare_args *args, size_t path_b)
{
	const struct matrix *b = args->b;

	if (args->path_b >= 0)
		return args->path_b == (int)path_b ? args->path_a : -1;
	if (args->by == COMPARE_EFFICIENCY && (int)path_b == b->reference)
		return -1;
	return find_path(args->a, b->path[path_b].name);
}

static void pair_path(struct comparison *c, size_t path_b, int path_a)
{
	const struct matrix *a = c->args.a, *b = c->args.b;

	for (size_t i = 0; i < b->points; i++) {
		int point = find_point(a, &b->point[i]);

		if (point < 0)
			continue;
		c->cell[c->cells++] = (struct change){
			.a = matrix_cell(a, (size_t)point, (size_t)path_a),
			.b = matrix_cell(b, i, path_b),
			.path_a = path_a,
			.path_b = (int)path_b,
		};
	}
}

/* Cells that were, or were to be, measured on one side alone. */
static void count_alone(struct comparison *c)
{
	const struct matrix *a = c->args.a, *b = c->args.b;
	size_t paths_a = c->args.path_a < 0 ? a->paths : 1;
	size_t paths_b = c->args.path_b < 0 ? b->paths : 1;

	if (c->args.by == COMPARE_EFFICIENCY && c->args.path_a < 0) {
		paths_a--;
		paths_b--;
	}
	c->only_a = paths_a * a->points - c->cells;
	c->only_b = paths_b * b->points - c->cells;
}

static int pair_cells(struct comparison *c, struct err *err)
{
	const struct matrix *b = c->args.b;

	c->cell = calloc(b->paths * b->points + 1, sizeof(*c->cell));
	c->mean = calloc(b->paths + 1, sizeof(*c->mean));
	if (!c->cell || !c->mean)
		return err_sys(err, ENOMEM, "comparison");
	for (size_t path = 0; path < b->paths; path++) {
		int path_a = partner(&c->args, path);
		size_t before = c->cells;

		if (path_a < 0)
			continue;
		pair_path(c, path, path_a);
		if (c->cells > before)
			c->mean[c->means++] =
				(struct change){ .path_a = path_a,
						 .path_b = (int)path };
	}
	count_alone(c);
	if (c->cells)
		return 0;
	return err_set(err, EINVAL,
		       "A and B have no cell in common: no path of the same "
		       "name at a point with the same settings");
}

/* The mean's relative standard error is that of its logarithm. */
static struct verdict_estimate throughput_of(const struct cell *cell)
{
	const struct stats_mean *t = &cell->throughput;
	double nu = (double)t->n - 1, half = t->hi - t->mean;

	return (struct verdict_estimate){
		.log = log(t->mean),
		.se = half / stats_t_quantile(nu) / t->mean,
		.nu = nu,
	};
}

static struct verdict_estimate efficiency_of(const struct cell *cell)
{
	const struct stats_efficiency *e = &cell->efficiency;

	return (struct verdict_estimate){
		.log = log(e->ratio),
		.se = e->s_star / sqrt((double)e->n),
		.nu = e->nu,
	};
}

static const char *unfit(const struct compare_args *args,
			 const struct cell *cell)
{
	bool by_efficiency = args->by == COMPARE_EFFICIENCY;

	if (cell->status == CELL_FAILED)
		return "failed";
	if (cell->status == CELL_CAPPED && by_efficiency)
		return "capped by the link";
	if (by_efficiency ? !cell->efficiency.valid
			  : !(cell->throughput.valid && cell->throughput.n > 1))
		return "not measured";
	return NULL;
}

/* Two words of one place, in A, in B or in both. */
static const char *why_not(const struct compare_args *args,
			   const struct change *change)
{
	const char *a = args->paired ? NULL : unfit(args, change->a);
	const char *b = unfit(args, change->b);

	return a ? a : b;
}

static void test_cell(const struct compare_args *args, struct change *change,
		      struct verdict_test *test)
{
	struct verdict_estimate a, b;

	*test = (struct verdict_test){ 0 };
	change->why = why_not(args, change);
	if (change->why)
		return;
	if (args->by == COMPARE_EFFICIENCY) {
		b = efficiency_of(change->b);
		a = args->paired ? b : efficiency_of(change->a);
	} else {
		b = throughput_of(change->b);
		a = throughput_of(change->a);
	}
	verdict_difference(args->paired ? NULL : &a, &b, test);
	if (!test->valid)
		change->why = "no interval";
}

static void take_verdict(struct change *change, const struct verdict_test *test)
{
	double half;

	if (!test->valid)
		return;
	half = stats_t_quantile(test->nu) * test->se;
	change->ratio = exp(test->log_ratio);
	change->lo = exp(test->log_ratio - half);
	change->hi = exp(test->log_ratio + half);
	change->p = fmin(test->p_same, fmin(test->p_better, test->p_worse));
	change->verdict = test->verdict;
}

/* The mean of ln ratio over a path's cells, which no block shares. */
static void test_mean(const struct comparison *c, struct change *mean,
		      const struct verdict_test *cell,
		      struct verdict_test *test)
{
	double log_sum = 0, variance = 0, below = 0, n;

	*test = (struct verdict_test){ 0 };
	for (size_t i = 0; i < c->cells; i++) {
		double v = cell[i].se * cell[i].se;

		if (c->cell[i].path_b != mean->path_b || !cell[i].valid)
			continue;
		mean->cells++;
		log_sum += cell[i].log_ratio;
		variance += v;
		below += v * v / cell[i].nu;
	}
	mean->why = mean->cells ? NULL : "not measured";
	if (!mean->cells)
		return;
	n = (double)mean->cells;
	test->log_ratio = log_sum / n;
	test->se = sqrt(variance) / n;
	test->nu = below > 0 ? variance * variance / below : n;
	test->valid = true;
}

static int judge(struct comparison *c, struct err *err)
{
	struct verdict_test *cell = calloc(c->cells + 1, sizeof(*cell));
	struct verdict_test *mean = calloc(c->means + 1, sizeof(*mean));
	const struct compare_args *args = &c->args;
	int rc = cell && mean ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < c->cells; i++)
		test_cell(args, &c->cell[i], &cell[i]);
	for (size_t i = 0; rc == 0 && i < c->means; i++)
		test_mean(c, &c->mean[i], cell, &mean[i]);
	if (rc == 0)
		rc = verdict_judge(cell, c->cells, args->margin, args->q,
				   args->fdr);
	if (rc == 0)
		rc = verdict_judge(mean, c->means, args->margin, args->q,
				   args->fdr);
	for (size_t i = 0; rc == 0 && i < c->cells; i++)
		take_verdict(&c->cell[i], &cell[i]);
	for (size_t i = 0; rc == 0 && i < c->means; i++)
		take_verdict(&c->mean[i], &mean[i]);
	free(cell);
	free(mean);
	return rc ? err_sys(err, -rc, "comparison") : 0;
}

/* Worse where anything is; else as the means are, but better where a cell
 * is; undecided where a mean is. */
static void conclude(struct comparison *c)
{
	size_t mean[VERDICTS] = { 0 };

	for (size_t i = 0; i < c->cells; i++) {
		c->count[c->cell[i].verdict] += !c->cell[i].why;
		c->unjudged += c->cell[i].why != NULL;
	}
	for (size_t i = 0; i < c->means; i++)
		mean[c->mean[i].verdict]++;
	if (c->count[VERDICT_WORSE] || mean[VERDICT_WORSE])
		c->overall = VERDICT_WORSE;
	else if (mean[VERDICT_UNDECIDED])
		c->overall = VERDICT_UNDECIDED;
	else if (c->count[VERDICT_BETTER] || mean[VERDICT_BETTER])
		c->overall = VERDICT_BETTER;
	else
		c->overall = VERDICT_SAME;
}

static int refuse_unlike(const struct comparison *c, struct err *err)
{
	char text[600];

	if (matrix_is_exact(c->args.a) != matrix_is_exact(c->args.b))
		return err_set(err, EINVAL,
			       "%s counts instructions (time: exact), %s "
			       "seconds: their figures are never compared",
			       matrix_is_exact(c->args.a) ? "A" : "B",
			       matrix_is_exact(c->args.a) ? "B" : "A");
	unlike_format(c->differences, text, sizeof(text));
	if (!*text || c->args.force)
		return 0;
	return err_set(err, EINVAL, "A and B are not comparable: %s", text);
}

int compare(struct comparison **comparison, const struct compare_args *args,
	    struct err *err)
{
	struct comparison *c = calloc(1, sizeof(*c));
	int rc;

	*comparison = NULL;
	if (!c)
		return err_sys(err, ENOMEM, "comparison");
	c->args = *args;
	c->differences = unlike_find(args);
	rc = refuse_unlike(c, err);
	rc = rc ? rc : pair_cells(c, err);
	rc = rc ? rc : judge(c, err);
	if (rc) {
		compare_free(c);
		return rc;
	}
	conclude(c);
	*comparison = c;
	return 0;
}

void compare_free(struct comparison *comparison)
{
	if (!comparison)
		return;
	free(comparison->cell);
	free(comparison->mean);
	json_decref(comparison->differences);
	free(comparison);
}
