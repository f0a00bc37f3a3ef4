/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/contrast.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/family.h"
#include "stats/rule_2007.h"

#define POOL_MAX 256 /* contrasts that the pooled variance is taken from */

const char *outcome_name(enum outcome verdict)
{
	static const char *const names[] = {
		[OUTCOME_HOLDS] = "holds",
		[OUTCOME_DOES_NOT] = "does not hold",
		[OUTCOME_UNDECIDED] = "undecided",
	};

	return names[verdict];
}

/* Grows by doubling; NULL without memory. */
static void *grown(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return reallocarray(array, count ? 2 * count : 1, size);
}

void claim_add_trial(struct claim *claim, enum join join)
{
	struct trial *trial =
		grown(claim->trial, claim->trials, sizeof(*trial));

	if (!trial) {
		claim->out_of_memory = true;
		return;
	}
	claim->trial = trial;
	trial[claim->trials++] =
		(struct trial){ .join = join, .first = claim->contrasts };
}

void claim_add(struct claim *claim, const struct contrast *contrast)
{
	struct contrast *grow =
		grown(claim->contrast, claim->contrasts, sizeof(*grow));

	if (!grow || !claim->trials) {
		claim->out_of_memory = true;
		return;
	}
	claim->contrast = grow;
	grow[claim->contrasts++] = *contrast;
	claim->trial[claim->trials - 1].count++;
}

void claim_free(struct claim *claim)
{
	free(claim->contrast);
	free(claim->trial);
	memset(claim, 0, sizeof(*claim));
}

const struct contrast *claim_shown(const struct claim *claim, size_t trial)
{
	return &claim->contrast[claim->trial[trial].shown];
}

static double value_of(const struct series_block *block, enum quantity quantity)
{
	if (quantity == QUANTITY_THROUGHPUT)
		return block->rate;
	return block->reference > 0 ? block->rate / block->reference : -1;
}

/*
 * x of b and y of a, by round; a round that only one of them was visited in
 * is left out. Two paths of one point meet in their blocks, which carry the
 * same round.
 */
static size_t pair(const struct contrast *c, const struct series *series,
		   double *x, double *y)
{
	const struct series_cell *a = series_of(series, c->a.point, c->a.path);
	const struct series_cell *b = series_of(series, c->b.point, c->b.path);
	size_t n = 0;

	for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
		double one = value_of(&a->block[i], c->quantity);
		double other = value_of(&b->block[j], c->quantity);

		if (a->block[i].round < b->block[j].round) {
			i++;
		} else if (a->block[i].round > b->block[j].round) {
			j++;
		} else {
			i++;
			j++;
			if (one < 0 || other < 0)
				continue;
			y[n] = one;
			x[n++] = other;
		}
	}
	return n;
}

static size_t most_blocks(const struct claim *claim,
			  const struct series *series)
{
	size_t most = 0, n;

	for (size_t i = 0; i < claim->contrasts; i++) {
		const struct side *a = &claim->contrast[i].a;

		n = series_of(series, a->point, a->path)->n;
		most = n > most ? n : most;
	}
	return most;
}

/* The pool over the claim's contrasts, or an even choice of them. */
static int pool_contrasts(const struct claim *claim,
			  const struct series *series, struct stats_pool *pool)
{
	size_t n = most_blocks(claim, series);
	size_t step = claim->contrasts / POOL_MAX + 1;
	size_t count = (claim->contrasts + step - 1) / step;
	struct stats_blocks *blocks = calloc(count + 1, sizeof(*blocks));
	double *memory = calloc(count * n * 2 + 1, sizeof(*memory));
	int rc = blocks && memory ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		double *x = memory + i * n * 2, *y = x + n;

		blocks[i] = (struct stats_blocks){
			.n = pair(&claim->contrast[i * step], series, x, y),
			.x = x,
			.y = y
		};
	}
	if (rc == 0)
		rc = stats_pool_points(blocks, count, pool);
	free(blocks);
	free(memory);
	return rc;
}

/* Two means of a study that has no rounds. */
static void estimate_apart(const struct contrast *c,
			   const struct series *series, double *x, double *y,
			   struct stats_efficiency *e)
{
	const struct series_cell *a = series_of(series, c->a.point, c->a.path);
	const struct series_cell *b = series_of(series, c->b.point, c->b.path);

	memset(e, 0, sizeof(*e));
	if (c->quantity == QUANTITY_EFFICIENCY)
		return; /* no block has both paths */
	for (size_t i = 0; i < a->n; i++)
		y[i] = a->block[i].rate;
	for (size_t i = 0; i < b->n; i++)
		x[i] = b->block[i].rate;
	rule_2007_estimate(x, b->n, y, a->n, e);
}

/* An efficiency is the report's own number. */
static bool is_efficiency(const struct contrast *c)
{
	return c->quantity == QUANTITY_THROUGHPUT && c->a.point == c->b.point &&
	       c->b.path == 0 && c->a.path != 0;
}

struct estimator {
	const struct matrix *matrix;
	const struct series *series;
	struct stats_pool pool;
	double *x, *y;
};

static bool has_failed(const struct matrix *m, const struct side *side)
{
	return matrix_cell(m, side->point, side->path)->status == CELL_FAILED;
}

static void estimate(const struct estimator *with, struct contrast *c)
{
	struct stats_efficiency e = { 0 };

	if (c->given) {
		c->valid = c->n >= 2 && c->ratio > 0 && isfinite(c->se);
		return;
	}
	if (has_failed(with->matrix, &c->a) || has_failed(with->matrix, &c->b))
		return;
	if (is_efficiency(c)) {
		e = matrix_cell(with->matrix, c->a.point, c->a.path)
			    ->efficiency;
	} else if (with->matrix->rule_2007) {
		estimate_apart(c, with->series, with->x, with->y, &e);
	} else {
		struct stats_blocks blocks = { .x = with->x, .y = with->y };

		blocks.n = pair(c, with->series, with->x, with->y);
		stats_estimate(&blocks, &with->pool, &e);
	}
	c->valid = e.valid && e.ratio > 0;
	if (!c->valid)
		return;
	c->n = e.n;
	c->ratio = e.ratio;
	c->nu = e.nu;
	c->se = log(e.hi / e.ratio) / stats_t_quantile(e.nu);
}

/* P(T > distance / se), with 0 / 0 as no evidence. */
static double tail(double distance, const struct contrast *c)
{
	if (c->se > 0)
		return stats_t_tail(distance / c->se, c->nu);
	return distance > 0 ? 0 : distance < 0 ? 1 : 0.5;
}

static void test(struct contrast *c, size_t family)
{
	double at = log(c->ratio), width;
	double above_low = 0, below_high = 0, below_low = 1, above_high = 1;

	c->p_for = c->p_against = 1;
	if (!c->valid)
		return;
	if (c->low > 0) {
		above_low = tail(at - log(c->low), c);
		below_low = tail(log(c->low) - at, c);
	}
	if (isfinite(c->high)) {
		below_high = tail(log(c->high) - at, c);
		above_high = tail(at - log(c->high), c);
	}
	c->p_for = fmax(above_low, below_high);
	c->p_against = fmin(below_low, above_high);
	if (c->low > 0 && isfinite(c->high))
		c->p_against = fmin(1, 2 * c->p_against);
	width = c->se * stats_t_of_tail(CLAIM_TAIL / (double)family, c->nu);
	c->lo = c->ratio * exp(-width);
	c->hi = c->ratio * exp(width);
}

/*
 * The contrast that decides: of ALL the weakest, of ANY the strongest. One
 * that could not be measured leaves ALL without proof, but not without
 * refutation.
 */
static void judge_trial(const struct claim *claim, struct trial *t)
{
	double worst = -1, best = 2, least = 2, most = -1;
	size_t weakest = t->first, strongest = t->first;

	for (size_t i = t->first; i < t->first + t->count; i++) {
		const struct contrast *c = &claim->contrast[i];

		if (c->p_for > worst && c->valid)
			weakest = i;
		if (c->p_for < best && c->valid)
			strongest = i;
		worst = fmax(worst, c->p_for);
		best = fmin(best, c->p_for);
		least = fmin(least, c->p_against);
		most = fmax(most, c->p_against);
	}
	t->shown = t->join == JOIN_ALL ? weakest : strongest;
	t->p_for = t->p_against = 1;
	if (!t->count)
		return;
	t->p_for =
		t->join == JOIN_ALL ? worst : fmin(1, best * (double)t->count);
	t->p_against =
		t->join == JOIN_ALL ? fmin(1, least * (double)t->count) : most;
}

static int judge_trials(struct claim *claim)
{
	size_t n = claim->trials;
	double *p = calloc(2 * n + 1, sizeof(*p)), *against = p + n;
	int rc = p ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		judge_trial(claim, &claim->trial[i]);
		p[i] = claim->trial[i].p_for;
		against[i] = claim->trial[i].p_against;
	}
	rc = rc ? rc : stats_holm(p, n, p);
	rc = rc ? rc : stats_holm(against, n, against);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct trial *t = &claim->trial[i];

		t->verdict = p[i] <= CLAIM_TAIL		? OUTCOME_HOLDS
			     : against[i] <= CLAIM_TAIL ? OUTCOME_DOES_NOT
							: OUTCOME_UNDECIDED;
		claim->in_favor += t->verdict == OUTCOME_HOLDS;
		claim->against += t->verdict == OUTCOME_DOES_NOT;
	}
	free(p);
	return rc;
}

/* Each at 2.5 % by itself: then all of them hold, at 2.5 %. */
static bool every_holds(struct claim *claim)
{
	for (size_t i = 0; i < claim->trials; i++)
		if (!(claim->trial[i].p_for <= CLAIM_TAIL))
			return false;
	for (size_t i = 0; i < claim->trials; i++)
		claim->trial[i].verdict = OUTCOME_HOLDS;
	claim->in_favor = claim->trials;
	return claim->trials > 0;
}

static enum outcome judge(struct claim *claim)
{
	bool every = claim->quantifier == QUANTIFIER_EVERY;

	if (claim->settled)
		return claim->verdict;
	if (!claim->trials)
		return OUTCOME_UNDECIDED;
	if (every ? every_holds(claim) : 2 * claim->in_favor > claim->trials)
		return OUTCOME_HOLDS;
	if (every ? claim->against > 0 : 2 * claim->against >= claim->trials)
		return OUTCOME_DOES_NOT;
	return OUTCOME_UNDECIDED;
}

/* The extremes are those that are shown: a noisy cell is none. */
static void summarize(struct claim *claim)
{
	double log_sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < claim->trials; i++) {
		const struct contrast *c = claim_shown(claim, i);

		if (!claim->trial[i].count || !c->valid)
			continue;
		if (!n || c->hi < claim_shown(claim, claim->least)->hi)
			claim->least = i;
		if (!n || c->lo > claim_shown(claim, claim->most)->lo)
			claim->most = i;
		log_sum += log(c->ratio);
		n++;
	}
	claim->mean = n ? exp(log_sum / (double)n) : 0;
}

int claim_judge(struct claim *claim, const struct matrix *matrix,
		const struct series *series, struct err *err)
{
	struct estimator with = { .matrix = matrix, .series = series };
	size_t n = most_blocks(claim, series);
	int rc = claim->out_of_memory ? -ENOMEM : 0;

	for (size_t i = 0; i < claim->contrasts; i++) {
		const struct side *b = &claim->contrast[i].b;
		size_t m = series_of(series, b->point, b->path)->n;

		n = m > n ? m : n;
	}
	with.x = calloc(2 * n + 1, sizeof(*with.x));
	with.y = with.x + n;
	if (rc == 0 && with.x && !matrix->rule_2007 && claim->contrasts &&
	    !claim->contrast[0].given)
		rc = pool_contrasts(claim, series, &with.pool);
	for (size_t i = 0; rc == 0 && with.x && i < claim->contrasts; i++) {
		estimate(&with, &claim->contrast[i]);
		test(&claim->contrast[i], claim->contrasts);
	}
	if (rc == 0)
		rc = with.x ? judge_trials(claim) : -ENOMEM;
	free(with.x);
	if (rc)
		return err_sys(err, -rc, "%zu contrasts", claim->contrasts);
	claim->verdict = judge(claim);
	summarize(claim);
	return 0;
}
