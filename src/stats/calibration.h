/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calibration.h - may slices be so short? Efficiency from short slices
 * against that from long windows, as a test of equivalence.
 *
 * At a sentinel point, round j gives a block of short slices (x_j, y_j) and
 * one of long windows (u_j, v_j), all rates of reference and path:
 *
 *   shift  = log(sum y / sum x) - log(sum v / sum u)
 *   e_j    = (y_j - R x_j) / mean(y) - (v_j - Q u_j) / mean(v)
 *   se^2   = var(e_j) / n          R, Q the two ratios
 * over m sentinels: the mean shift, its error the larger of the sentinels'
 * own, pooled, and of their spread; t with the pooled or m - 1 degrees of
 * freedom. Equivalent where the 95 % interval lies inside +-band
 * (D. J. Schuirmann, 1987: two one-sided tests, here at 2.5 % each) and no
 * sentinel's own interval, at 5 % over all of them, lies outside.
 *
 * Pure. Called by the study's calibration.
 */
#ifndef VAZAO_STATS_CALIBRATION_H
#define VAZAO_STATS_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

/* Rounds of one sentinel on one path: arrays of n, borrowed. */
struct calibration_pairs {
	size_t n;
	const double *x, *y; /* short slices: reference, path */
	const double *u, *v; /* long windows */
};

enum calibration_verdict {
	CALIBRATION_OPEN,   /* too few rounds to tell */
	CALIBRATION_SHOWN,  /* the same, within the band */
	CALIBRATION_REFUTED /* not the same: outside the band */
};

struct calibration_finding {
	enum calibration_verdict verdict;
	size_t sentinels, rounds; /* that count; rounds summed over them */
	double shift, lo, hi;	  /* relative: 0.01 is 1 % too high */
	/* the sentinel that is farthest off in its own error; of those whose
	 * interval is outside the band, where there are such */
	size_t worst;
	double worst_shift, worst_lo, worst_hi;
};

/* pairs[i].n may be 0: a sentinel needs two rounds to count. The 5 % of the
 * sentinels' own intervals are shared by all `count` of them, also those that
 * do not count (of another socket size, which is judged apart). `band` is
 * relative: 0.0125, half of a precision of 2.5 %. */
void calibration_judge(const struct calibration_pairs *pairs, size_t count,
		       double band, struct calibration_finding *finding);

const char *calibration_verdict_name(enum calibration_verdict verdict);

#endif
