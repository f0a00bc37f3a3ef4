/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/ledger.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "stats/sort.h"

/* The blocks of one path at one point: pairs with the reference. */
struct series {
	double *rate; /* [rate_room], rates used: with the reference or not */
	size_t rates, rate_room;
	double *x, *y; /* [room], n used */
	size_t n, room;
	double half_width; /* by the last judgement; 0: none yet */
	bool reached, failed;
};

struct ledger {
	struct ledger_rule rule;
	size_t points, paths;
	struct series *series;	      /* [point * paths + path] */
	bool *retired;		      /* [paths] */
	bool *active;		      /* [points] */
	size_t *left;		      /* [points] blocks still needed */
	struct stats_blocks *scratch; /* [points] */
	double *sorted;		      /* [points] */
	struct stats_pool *pool;      /* [paths] of the last judgement */
};

static struct series *at(const struct ledger *ledger, size_t point, size_t path)
{
	return &ledger->series[point * ledger->paths + path];
}

int ledger_create(struct ledger **ledger, size_t points, size_t paths,
		  const struct ledger_rule *rule, struct err *err)
{
	struct ledger *l = calloc(1, sizeof(*l));

	*ledger = l;
	if (!l)
		return err_set(err, ENOMEM, "out of memory");
	l->rule = *rule;
	l->points = points;
	l->paths = paths;
	l->series = calloc(points * paths, sizeof(*l->series));
	l->retired = calloc(paths, sizeof(*l->retired));
	l->active = calloc(points, sizeof(*l->active));
	l->left = calloc(points, sizeof(*l->left));
	l->scratch = calloc(points, sizeof(*l->scratch));
	l->sorted = calloc(points, sizeof(*l->sorted));
	l->pool = calloc(paths, sizeof(*l->pool));
	if (!l->series || !l->retired || !l->active || !l->left ||
	    !l->scratch || !l->sorted || !l->pool) {
		ledger_free(l);
		*ledger = NULL;
		return err_set(err, ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < points; i++)
		l->active[i] = true;
	return 0;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	for (size_t i = 0; ledger->series && i < ledger->points * ledger->paths;
	     i++) {
		free(ledger->series[i].rate);
		free(ledger->series[i].x);
		free(ledger->series[i].y);
	}
	free(ledger->series);
	free(ledger->retired);
	free(ledger->active);
	free(ledger->left);
	free(ledger->scratch);
	free(ledger->sorted);
	free(ledger->pool);
	free(ledger);
}

static int series_add(struct series *s, double x, double y)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		double *bigger_x = realloc(s->x, room * sizeof(*bigger_x));
		double *bigger_y;

		if (!bigger_x)
			return -ENOMEM;
		s->x = bigger_x;
		bigger_y = realloc(s->y, room * sizeof(*bigger_y));
		if (!bigger_y)
			return -ENOMEM;
		s->y = bigger_y;
		s->room = room;
	}
	s->x[s->n] = x;
	s->y[s->n] = y;
	s->n++;
	return 0;
}

static int series_add_rate(struct series *s, double rate)
{
	if (s->rates == s->rate_room) {
		size_t room = s->rate_room ? 2 * s->rate_room : 16;
		double *bigger = realloc(s->rate, room * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		s->rate = bigger;
		s->rate_room = room;
	}
	s->rate[s->rates++] = rate;
	return 0;
}

const double *ledger_rates(const struct ledger *ledger, size_t point,
			   size_t path, size_t *n)
{
	const struct series *s = at(ledger, point, path);

	*n = s->rates;
	return s->rate;
}

int ledger_add(struct ledger *ledger, size_t point, const double *mbps,
	       struct err *err)
{
	for (size_t p = 0; p < ledger->paths; p++) {
		struct series *s = at(ledger, point, p);

		if (mbps[p] < 0)
			continue;
		if (series_add_rate(s, mbps[p]) ||
		    (mbps[0] >= 0 && series_add(s, mbps[0], mbps[p])))
			return err_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

void ledger_fail(struct ledger *ledger, size_t point, size_t path)
{
	at(ledger, point, path)->failed = true;
	for (size_t p = 0; path == 0 && p < ledger->paths; p++)
		at(ledger, point, p)->failed = true;
}

bool ledger_reached(const struct ledger *ledger, size_t point, size_t path)
{
	return at(ledger, point, path)->reached;
}

void ledger_retire(struct ledger *ledger, size_t path)
{
	ledger->retired[path] = true;
}

void ledger_mark_reached(struct ledger *ledger, size_t point, size_t path)
{
	at(ledger, point, path)->reached = true;
}

bool ledger_failed(const struct ledger *ledger, size_t point, size_t path)
{
	return at(ledger, point, path)->failed;
}

static size_t more(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* A reference cell has no ratio of its own: it is reached with the blocks
 * that every cell needs. */
static void judge_reference(struct ledger *ledger, size_t point)
{
	struct series *s = at(ledger, point, 0);

	s->reached = !s->failed && s->n >= ledger->rule.min_blocks;
	if (!s->failed && !s->reached)
		ledger->left[point] = more(ledger->left[point],
					   ledger->rule.min_blocks - s->n);
}

static void judge_cell(struct ledger *ledger, size_t point, size_t path,
		       const struct stats_pool *pool)
{
	struct series *s = at(ledger, point, path);
	struct stats_efficiency e;
	size_t left;

	s->reached = false;
	if (s->failed)
		return;
	stats_estimate(&ledger->scratch[point], pool, &e);
	s->half_width = e.valid ? e.half_width : 0;
	s->reached = s->n >= ledger->rule.min_blocks &&
		     stats_reached(&e, ledger->rule.precision);
	if (s->reached || ledger->retired[path])
		return;
	left = stats_blocks_left(&e, ledger->rule.precision);
	if (s->n < ledger->rule.min_blocks)
		left = more(left, ledger->rule.min_blocks - s->n);
	ledger->left[point] = more(ledger->left[point], more(left, 1));
}

/* Without memory for a pool every point stands on its own variance. */
static void judge_path(struct ledger *ledger, size_t path)
{
	struct stats_pool *pool = &ledger->pool[path];

	for (size_t i = 0; i < ledger->points; i++) {
		struct series *s = at(ledger, i, path);

		ledger->scratch[i] = (struct stats_blocks){
			.n = s->failed ? 0 : s->n,
			.x = s->x,
			.y = s->y,
		};
	}
	stats_pool_points(ledger->scratch, ledger->points, pool);
	for (size_t i = 0; i < ledger->points; i++)
		judge_cell(ledger, i, path, pool);
}

void ledger_judge(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->points; i++) {
		ledger->left[i] = 0;
		judge_reference(ledger, i);
	}
	for (size_t p = 1; p < ledger->paths; p++)
		judge_path(ledger, p);
	for (size_t i = 0; i < ledger->points; i++)
		ledger->active[i] = ledger->left[i] > 0;
}

bool ledger_wants(const struct ledger *ledger, size_t point, size_t path)
{
	const struct series *s = at(ledger, point, path);

	return !s->failed && !s->reached && !ledger->retired[path];
}

void ledger_estimate(const struct ledger *ledger, size_t point, size_t path,
		     struct stats_efficiency *efficiency)
{
	const struct series *s = at(ledger, point, path);
	const struct stats_blocks blocks = { .n = s->n, .x = s->x, .y = s->y };

	stats_estimate(&blocks, &ledger->pool[path], efficiency);
}

bool ledger_active(const struct ledger *ledger, size_t point)
{
	return ledger->active[point];
}

size_t ledger_blocks_left(const struct ledger *ledger)
{
	size_t left = 0;

	for (size_t i = 0; i < ledger->points; i++)
		left += ledger->left[i];
	return left;
}

void ledger_summarize(const struct ledger *ledger, size_t path,
		      struct ledger_path *summary)
{
	size_t known = 0;

	*summary = (struct ledger_path){ 0 };
	for (size_t i = 0; i < ledger->points; i++) {
		const struct series *s = at(ledger, i, path);

		summary->reached += s->reached;
		summary->failed += s->failed;
		if (s->half_width > 0 && !s->failed)
			ledger->sorted[known++] = s->half_width;
	}
	if (!known)
		return;
	stats_sort(ledger->sorted, known);
	summary->median_half_width = ledger->sorted[known / 2];
	summary->worst_half_width = ledger->sorted[known - 1];
}
