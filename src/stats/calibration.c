/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats/calibration.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "stats/estimate.h"

/* One sentinel's shift on the logarithm. */
struct shift {
	double log, se;
	size_t n;
};

static double sum_of(const double *values, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return sum;
}

/* False where there is nothing to say: too few, or rates of nothing. */
static bool shift_of(const struct calibration_pairs *p, struct shift *shift)
{
	double n = (double)p->n, sum_ee = 0;
	double sx = sum_of(p->x, p->n), sy = sum_of(p->y, p->n);
	double su = sum_of(p->u, p->n), sv = sum_of(p->v, p->n);

	if (p->n < 2 || !(sx > 0 && sy > 0 && su > 0 && sv > 0))
		return false;
	for (size_t j = 0; j < p->n; j++) {
		double e = n * (p->y[j] / sy - p->x[j] / sx) -
			   n * (p->v[j] / sv - p->u[j] / su);

		sum_ee += e * e;
	}
	shift->n = p->n;
	shift->log = log(sy / sx) - log(sv / su);
	shift->se = sqrt(sum_ee / (n - 1) / n);
	return isfinite(shift->log) && isfinite(shift->se);
}

struct judging {
	double band, level; /* level: of each sentinel's own interval */
};

/* The sentinel that speaks most against the short slices so far. */
struct worst {
	bool outside;
	double far; /* in its own error */
};

/* Sums over the sentinels that count. */
struct sums {
	double log, log2, variance;
};

static bool is_outside(double lo, double hi, double band)
{
	return lo > band || hi < -band;
}

/* One outside the band before any that is not: it is what refutes, even where
 * another is known better and so farther off in its own error. */
static bool is_worse(const struct worst *a, const struct worst *b)
{
	return a->outside != b->outside ? a->outside : a->far > b->far;
}

static void note_worst(struct calibration_finding *f, size_t index,
		       const struct shift *s, const struct judging *judging,
		       struct worst *worst)
{
	double nu = (double)(s->n - 1);
	double half = gsl_cdf_tdist_Pinv(1 - judging->level / 2, nu) * s->se;
	double lo = expm1(s->log - half), hi = expm1(s->log + half);
	struct worst this = {
		.outside = is_outside(lo, hi, judging->band),
		.far = s->se > 0 ? fabs(s->log) / s->se
				 : (s->log != 0 ? HUGE_VAL : 0),
	};

	if (!is_worse(&this, worst))
		return;
	*worst = this;
	f->worst = index;
	f->worst_shift = expm1(s->log);
	f->worst_lo = lo;
	f->worst_hi = hi;
}

static void conclude(struct calibration_finding *f, const struct sums *sums,
		     double band)
{
	double m = (double)f->sentinels, mean = sums->log / m;
	double spread = m > 1 ? (sums->log2 - m * mean * mean) / (m - 1) : 0;
	double own = sums->variance / m / m;
	double nu = (double)(f->rounds - f->sentinels), half;
	double se = sqrt(own);

	if (spread / m > own) {
		se = sqrt(spread / m);
		nu = m - 1;
	}
	half = stats_t_quantile(nu) * se;
	f->shift = expm1(mean);
	f->lo = expm1(mean - half);
	f->hi = expm1(mean + half);
	if (is_outside(f->lo, f->hi, band) ||
	    is_outside(f->worst_lo, f->worst_hi, band))
		f->verdict = CALIBRATION_REFUTED;
	else if (f->lo > -band && f->hi < band)
		f->verdict = CALIBRATION_SHOWN;
}

void calibration_judge(const struct calibration_pairs *pairs, size_t count,
		       double band, struct calibration_finding *finding)
{
	struct calibration_finding *f = finding;
	/* 5 % over all sentinels, as there are many */
	const struct judging judging = { .band = band,
					 .level = 0.05 / (double)count };
	struct worst worst = { .far = -1 };
	struct sums sums = { 0 };

	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < count; i++) {
		struct shift s;

		if (!shift_of(&pairs[i], &s))
			continue;
		f->sentinels++;
		f->rounds += s.n;
		sums.log += s.log;
		sums.log2 += s.log * s.log;
		sums.variance += s.se * s.se;
		note_worst(f, i, &s, &judging, &worst);
	}
	if (f->sentinels)
		conclude(f, &sums, band);
}

const char *calibration_verdict_name(enum calibration_verdict verdict)
{
	static const char *const names[] = {
		[CALIBRATION_OPEN] = "open",
		[CALIBRATION_SHOWN] = "shown",
		[CALIBRATION_REFUTED] = "refuted",
	};

	return names[verdict];
}
