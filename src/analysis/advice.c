/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/advice.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/group.h"
#include "analysis/usage.h"
#include "stats/family.h"

#define LEVEL	    0.05 /* of the comparisons with the best, one-sided */
#define DEFAULT_MTU 1500

const char *advice_status_name(enum advice_status status)
{
	static const char *const names[] = {
		[ADVICE_REACHED] = "REACHED",
		[ADVICE_LIKELY] = "LIKELY",
		[ADVICE_NO_DATA] = "NO_DATA",
	};

	return names[status];
}

static bool is_measured(const struct matrix *m, size_t point, size_t path)
{
	const struct cell *cell = matrix_cell(m, point, path);

	return cell->status != CELL_FAILED && cell->throughput.valid &&
	       cell->throughput.mean > 0 && cell->blocks >= 2;
}

/* Smaller: less socket memory, then less of the application's. */
static bool is_smaller(const struct point *a, const struct point *b)
{
	int64_t x = a->value[AXIS_SOCKET_SIZE], y = b->value[AXIS_SOCKET_SIZE];

	if (x != y)
		return y == 0 || (x != 0 && x < y);
	return a->value[AXIS_MESSAGE_SIZE] < b->value[AXIS_MESSAGE_SIZE];
}

/* Every cell of the group against every other. */
static void fill_claim(const struct matrix *m, const struct advice_group *g,
		       double target, struct claim *claim)
{
	for (size_t i = 0; i < m->points; i++) {
		if (!group_holds(&m->point[i], &m->point[g->first]) ||
		    !is_measured(m, i, g->path))
			continue;
		claim_add_trial(claim, JOIN_ALL);
		for (size_t j = 0; j < m->points; j++) {
			struct contrast c = { .a = { i, g->path },
					      .b = { j, g->path },
					      .low = target,
					      .high = HUGE_VAL };

			if (i != j && group_holds(&m->point[i], &m->point[j]) &&
			    is_measured(m, j, g->path))
				claim_add(claim, &c);
		}
	}
}

/* Shares of the best with the bounds of the header. */
static struct advice_cell share_of(const struct claim *claim,
				   const struct trial *trial)
{
	struct advice_cell cell = { .share = HUGE_VAL,
				    .lo = HUGE_VAL,
				    .hi = 1 };
	double tail = LEVEL / (double)trial->count;

	for (size_t i = trial->first; i < trial->first + trial->count; i++) {
		const struct contrast *c = &claim->contrast[i];
		double width = c->se * stats_t_of_tail(tail, c->nu);

		cell.point = c->a.point;
		if (!c->valid) {
			cell.lo = 0;
			continue;
		}
		cell.share = fmin(cell.share, c->ratio);
		cell.lo = fmin(cell.lo, c->ratio * exp(-width));
		cell.hi = fmin(cell.hi, c->ratio * exp(width));
	}
	return cell;
}

static void consider(const struct matrix *m, struct advice_group *g,
		     const struct advice_cell *cell, double target)
{
	enum advice_status status = cell->lo >= target	    ? ADVICE_REACHED
				    : cell->share >= target ? ADVICE_LIKELY
							    : ADVICE_NO_DATA;

	g->not_worse += cell->hi >= 1;
	if (g->best.point == ADVICE_NONE || cell->share > g->best.share)
		g->best = *cell;
	if (status > g->status || status == ADVICE_NO_DATA)
		return;
	if (status < g->status ||
	    is_smaller(&m->point[cell->point], &m->point[g->choice.point])) {
		g->status = status;
		g->choice = *cell;
	}
}

/* One cell alone is its own best. */
static void choose_only(const struct claim *claim, const struct matrix *m,
			struct advice_group *g)
{
	struct advice_cell only = { .share = 1, .lo = 1, .hi = 1 };

	for (size_t i = 0; i < m->points && claim->trials; i++)
		if (group_holds(&m->point[i], &m->point[g->first]) &&
		    is_measured(m, i, g->path))
			only.point = i;
	if (!claim->trials)
		return;
	g->best = g->choice = only;
	g->not_worse = 1;
	g->status = ADVICE_REACHED;
}

/* A share is of the best other cell; of the best of all it is at most 1. */
static void cap_share(struct advice_cell *cell)
{
	cell->share = fmin(cell->share, 1);
	cell->lo = fmin(cell->lo, 1);
}

static int compare_with_best(const struct matrix *m,
			     const struct series *series, double target,
			     struct advice_group *g, struct err *err)
{
	struct claim claim = { .quantifier = QUANTIFIER_EVERY };
	int rc;

	fill_claim(m, g, target, &claim);
	g->cells = claim.trials;
	rc = claim_judge(&claim, m, series, err);
	if (rc == 0 && !claim.contrasts)
		choose_only(&claim, m, g);
	for (size_t i = 0; rc == 0 && claim.contrasts && i < claim.trials;
	     i++) {
		struct advice_cell cell = share_of(&claim, &claim.trial[i]);

		if (isfinite(cell.share))
			consider(m, g, &cell, target);
	}
	claim_free(&claim);
	cap_share(&g->best);
	cap_share(&g->choice);
	return rc;
}

/* At the sender's end, as TCP sees it with this load. */
static double rtt_of(const struct matrix *m, const struct usage *usage,
		     size_t point, size_t path)
{
	const char *name =
		m->point[point].value[AXIS_DIRECTION] == DIRECTION_SEND
			? "m1.tcp.rtt_us"
			: "m2.tcp.rtt_us";
	size_t number = usage_number(usage, name);

	if (number == (size_t)-1)
		return -1;
	return usage_counter(usage_of(usage, point, path), name, number);
}

/* Is a at least as good in everything measured, and better in something? */
static bool beats(const struct advice_group *g, const struct advice_front *a,
		  const struct advice_front *b)
{
	bool better = a->throughput_mbps > b->throughput_mbps;

	if (a->throughput_mbps < b->throughput_mbps)
		return false;
	if (g->front_has_cpu && a->cpu_us_per_kb > b->cpu_us_per_kb)
		return false;
	if (g->front_has_rtt && a->rtt_us > b->rtt_us)
		return false;
	better |= g->front_has_cpu && a->cpu_us_per_kb < b->cpu_us_per_kb;
	better |= g->front_has_rtt && a->rtt_us < b->rtt_us;
	return better;
}

static int compare_rates(const void *a, const void *b)
{
	double x = ((const struct advice_front *)a)->throughput_mbps;
	double y = ((const struct advice_front *)b)->throughput_mbps;

	return (x < y) - (x > y);
}

/* All measured cells of the group, by falling throughput. */
static void list_cells(const struct matrix *m, const struct usage *usage,
		       struct advice_group *g)
{
	g->front_has_cpu = g->front_has_rtt = g->cells > 0;
	for (size_t i = 0; i < m->points; i++) {
		const struct cell *cell = matrix_cell(m, i, g->path);
		struct advice_front *f = &g->front[g->front_count];

		if (!group_holds(&m->point[i], &m->point[g->first]) ||
		    !is_measured(m, i, g->path))
			continue;
		*f = (struct advice_front){
			.point = i,
			.throughput_mbps = cell->throughput.mean,
			.cpu_us_per_kb = cell->cpu_us_per_kb,
			.rtt_us = rtt_of(m, usage, i, g->path)
		};
		g->front_has_cpu &= f->cpu_us_per_kb >= 0;
		g->front_has_rtt &= f->rtt_us >= 0;
		g->front_count++;
	}
	qsort(g->front, g->front_count, sizeof(*g->front), compare_rates);
}

static int find_front(const struct matrix *m, const struct usage *usage,
		      struct advice_group *g)
{
	size_t kept = 0;

	g->front = calloc(m->points + 1, sizeof(*g->front));
	if (!g->front)
		return -ENOMEM;
	list_cells(m, usage, g);
	for (size_t i = 0; i < g->front_count; i++) {
		bool beaten = false;

		/* whoever beats it has no less throughput, and whoever beats
		 * that one beats it, too: those kept, and its equals */
		for (size_t j = 0; !beaten && j < kept; j++)
			beaten = beats(g, &g->front[j], &g->front[i]);
		for (size_t j = i + 1;
		     !beaten && j < g->front_count &&
		     g->front[j].throughput_mbps == g->front[i].throughput_mbps;
		     j++)
			beaten = beats(g, &g->front[j], &g->front[i]);
		if (!beaten)
			g->front[kept++] = g->front[i];
	}
	g->front_count = kept;
	return 0;
}

/* The advice for the same path with another MTU. */
static const struct advice_group *group_at_mtu(const struct matrix *m,
					       const struct advice *advice,
					       const struct advice_group *g,
					       int64_t mtu)
{
	struct point wanted = m->point[g->first];

	wanted.value[AXIS_MTU] = mtu;
	for (size_t i = 0; i < advice->groups; i++) {
		const struct advice_group *other = &advice->group[i];

		if (other->path == g->path && other != g &&
		    group_holds(&wanted, &m->point[other->first]))
			return other;
	}
	return NULL;
}

static int compare_pair(const struct matrix *m, const struct series *series,
			struct contrast *contrast, struct err *err)
{
	struct claim claim = { .quantifier = QUANTIFIER_EVERY };
	int rc;

	contrast->high = HUGE_VAL;
	claim_add_trial(&claim, JOIN_ALL);
	claim_add(&claim, contrast);
	rc = claim_judge(&claim, m, series, err);
	if (rc == 0)
		*contrast = claim.contrast[0];
	claim_free(&claim);
	return rc;
}

static int compare_with_default(const struct matrix *m,
				const struct series *series,
				const struct advice *advice,
				struct advice_group *g, struct err *err)
{
	const struct advice_group *usual =
		group_at_mtu(m, advice, g, DEFAULT_MTU);
	int rc = 0;

	g->default_point = ADVICE_NONE;
	if (g->status == ADVICE_NO_DATA)
		return 0;
	g->default_point =
		group_sibling(m, g->choice.point, AXIS_SOCKET_SIZE, 0);
	if (g->default_point != ADVICE_NONE) {
		g->default_loss.a = (struct side){ g->default_point, g->path };
		g->default_loss.b = (struct side){ g->choice.point, g->path };
		rc = compare_pair(m, series, &g->default_loss, err);
	}
	if (rc == 0 && usual && usual->status != ADVICE_NO_DATA) {
		g->mtu_gain.a = (struct side){ g->choice.point, g->path };
		g->mtu_gain.b = (struct side){ usual->choice.point, g->path };
		rc = compare_pair(m, series, &g->mtu_gain, err);
	}
	return rc;
}

static int lay_out(struct advice *advice, const struct matrix *m)
{
	size_t groups = 0;

	for (size_t i = 0; i < m->points; i++)
		groups += group_opens(m, i);
	advice->group = calloc(groups * m->paths + 1, sizeof(*advice->group));
	if (!advice->group)
		return -ENOMEM;
	for (size_t path = 0; path < m->paths; path++)
		for (size_t i = 0; i < m->points; i++)
			/* an imported number has no blocks to compare by */
			if (group_opens(m, i) &&
			    matrix_cell(m, i, path)->status != CELL_IMPORTED)
				advice->group[advice->groups++] =
					(struct advice_group){
						.path = path,
						.first = i,
						.status = ADVICE_NO_DATA,
						.best.point = ADVICE_NONE,
						.choice.point = ADVICE_NONE,
						.default_point = ADVICE_NONE,
					};
	return 0;
}

static int fill(struct advice *advice, const struct matrix *m,
		const struct series *series, const struct usage *usage,
		struct err *err)
{
	int rc = lay_out(advice, m);

	if (rc)
		return err_sys(err, -rc, "%zu points", m->points);
	for (size_t i = 0; rc == 0 && i < advice->groups; i++) {
		rc = compare_with_best(m, series, advice->target,
				       &advice->group[i], err);
		if (rc == 0 && find_front(m, usage, &advice->group[i]))
			rc = err_sys(err, ENOMEM, "%zu points", m->points);
	}
	for (size_t i = 0; rc == 0 && i < advice->groups; i++)
		rc = compare_with_default(m, series, advice, &advice->group[i],
					  err);
	return rc;
}

int advice_find(struct advice **advice, const struct matrix *matrix,
		struct store *store, double target, struct err *err)
{
	struct advice *a = calloc(1, sizeof(*a));
	struct series series = { 0 };
	struct usage usage = { 0 };
	int rc;

	*advice = NULL;
	if (!a)
		return err_sys(err, ENOMEM, "advice");
	a->target = target;
	rc = series_load(&series, matrix, store, err);
	rc = rc ? rc : usage_load(&usage, matrix, store, err);
	rc = rc ? rc : fill(a, matrix, &series, &usage, err);
	usage_free(&usage);
	series_free(&series);
	if (rc)
		advice_free(a);
	else
		*advice = a;
	return rc;
}

void advice_free(struct advice *advice)
{
	for (size_t i = 0; advice && i < advice->groups; i++)
		free(advice->group[i].front);
	if (advice)
		free(advice->group);
	free(advice);
}

size_t advice_unproven(const struct advice *advice)
{
	size_t count = 0;

	for (size_t i = 0; i < advice->groups; i++)
		count += advice->group[i].status != ADVICE_REACHED;
	return count;
}
