/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * family.h - many tests at once: adjusted p-values. Pure.
 *
 * Called by the analysis, for claims over many cells. An adjusted p-value is
 * compared with the level itself; p-values outside 0 .. 1, and NaN, count
 * as 1.
 */
#ifndef VAZAO_STATS_FAMILY_H
#define VAZAO_STATS_FAMILY_H

#include <stddef.h>

/*
 * Holm's step-down (S. Holm, Scandinavian Journal of Statistics 1979), which
 * holds the chance of any false rejection for every dependence of the tests:
 *   adjusted p_(i) = max over k <= i of min(1, (n - k + 1) p_(k))
 * -ENOMEM leaves `adjusted` as it was. p and adjusted may be the same.
 */
int stats_holm(const double *p, size_t n, double *adjusted);

/*
 * Benjamini and Hochberg's step-up (J. R. Stat. Soc. B 1995), which holds the
 * false discovery rate where the tests are independent or positively
 * dependent: adjusted p_(i) = min over k >= i of min(1, n p_(k) / k).
 */
int stats_false_discovery(const double *p, size_t n, double *adjusted);

/* P(T > t) of Student's distribution; t may be infinite; 0.5 for NaN. */
double stats_t_tail(double t, double nu);

/* t with P(T > t) = tail: the factor of an interval at any level. */
double stats_t_of_tail(double tail, double nu);

#endif
