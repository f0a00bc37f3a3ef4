/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/verdict.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "stats/sort.h"

#define STATEMENTS 3
#define TRUE_SHARE (2.0 / 3) /* of the null hypotheses of a family */

/* P(T > difference / se). */
static double upper_tail(const struct verdict_test *t, double difference)
{
	if (t->se > 0 && t->nu > 0)
		return gsl_cdf_tdist_Q(difference / t->se, t->nu);
	return difference > 0 ? 0 : 1;
}

static void find_p(struct verdict_test *t, double delta)
{
	double above_lower = upper_tail(t, t->log_ratio + delta);
	double below_upper = upper_tail(t, delta - t->log_ratio);

	t->p_same = fmax(above_lower, below_upper);
	t->p_better = upper_tail(t, t->log_ratio - delta);
	t->p_worse = upper_tail(t, -t->log_ratio - delta);
}

/* 1 + 1/2 + ... + 1/n */
static double harmonic(size_t n)
{
	double sum = 0;

	for (size_t i = 1; i <= n; i++)
		sum += 1 / (double)i;
	return sum;
}

/* The largest p-value that is still rejected; < 0: none. Sorts p. */
static double step_up(double *p, size_t n, double q, enum fdr method)
{
	double level = method == FDR_BY ? q / harmonic(n) : q / TRUE_SHARE;

	stats_sort(p, n);
	for (size_t i = n; i > 0; i--)
		if (p[i - 1] <= level * (double)i / (double)n)
			return p[i - 1];
	return -1;
}

static enum verdict decide(const struct verdict_test *t, double limit)
{
	double p = fmin(t->p_same, fmin(t->p_better, t->p_worse));

	if (!t->valid || p > limit)
		return VERDICT_UNDECIDED;
	if (p == t->p_same)
		return VERDICT_SAME;
	return p == t->p_better ? VERDICT_BETTER : VERDICT_WORSE;
}

int verdict_judge(struct verdict_test *tests, size_t count, double margin,
		  double q, enum fdr method)
{
	double *p = calloc(STATEMENTS * count + 1, sizeof(*p));
	double limit = -1;
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		tests[i].verdict = VERDICT_UNDECIDED;
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct verdict_test *t = &tests[i];

		t->p_same = t->p_better = t->p_worse = 1;
		if (!t->valid)
			continue;
		find_p(t, log1p(margin));
		p[n++] = t->p_same;
		p[n++] = t->p_better;
		p[n++] = t->p_worse;
	}
	if (n)
		limit = step_up(p, n, q, method);
	for (size_t i = 0; i < count; i++)
		tests[i].verdict = decide(&tests[i], limit);
	free(p);
	return 0;
}

void verdict_difference(const struct verdict_estimate *a,
			const struct verdict_estimate *b,
			struct verdict_test *test)
{
	double va = a ? a->se * a->se : 0, vb = b->se * b->se;
	double below = vb * vb / b->nu + (a ? va * va / a->nu : 0);

	*test = (struct verdict_test){
		.log_ratio = b->log - (a ? a->log : 0),
		.se = sqrt(va + vb),
		.nu = below > 0 ? (va + vb) * (va + vb) / below : b->nu,
	};
	test->valid = isfinite(test->log_ratio) && isfinite(test->se) &&
		      isfinite(test->nu);
}
