/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rule_2007.h - the stopping rule of the 2007 study, kept as a control.
 *
 * One configuration after another: a cell is measured 3 to 10 times, 7 s
 * each, and is done as soon as the 95 % interval of its mean is narrow enough
 * (Urschei et al. 2007, section 4: 21 s to 70 s a test case). The measuring
 * was netperf's, whose `-I 95,5 -i 10,3` this is: the interval's full width,
 * 2 t sd / sqrt(n), within 5 % of the mean, which is +-2.5 % (Rick Jones on
 * the netperf-talk list, 29 June 2006; calculate_confidence() in netperf's
 * netlib.c).
 *
 * It knows only the spread within a cell. What drifts between the cell and
 * its reference, measured minutes before, is in neither interval, so the
 * ratio's interval covers far less often than 95 %: docs/statistics.md.
 *
 * Pure. Called by the study for plans with `rule: 2007`, and by analysis.
 */
#ifndef VAZAO_STATS_RULE_2007_H
#define VAZAO_STATS_RULE_2007_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/estimate.h"

#define RULE_2007_MIN	 3
#define RULE_2007_MAX	 10
#define RULE_2007_WIDTH	 0.05 /* full width over mean */
#define RULE_2007_RUN_NS 7000000000LL

/* Is the interval of these n measurements narrow enough, n >= 3? */
bool rule_2007_reached(const double *values, size_t n);

/* Reached, or measured 10 times. */
bool rule_2007_done(const double *values, size_t n);

/*
 * The ratio of two means measured apart, with the interval that the rule's
 * own figures give: relative variances of both means added (delta method on
 * the logarithm), degrees of freedom by Welch and Satterthwaite. `n` counts
 * the path's measurements; s is the path's own.
 */
void rule_2007_estimate(const double *reference, size_t reference_n,
			const double *path, size_t path_n,
			struct stats_efficiency *efficiency);

#endif
