/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * contrast.h - the ratio of two cells with its test, and claims made of such
 * ratios: what the study's statements and the advice rest on.
 * Of this room and its tests alone; pure: samples in, numbers out.
 *
 * A contrast is a / b of two cells and claims low <= a / b <= high. Blocks are
 * paired: two paths of one point by their block; two points by the round that
 * both were visited in, so that what drifts over the study is in both. The
 * ratio and its standard error are the estimator's (stats/estimate.h), with
 * the variance pooled over all contrasts of the claim. A study by the rule of
 * 2007 has no rounds: there the two means are compared as they are.
 *
 * A trial is one case of a claim: contrasts of which ALL must hold ("no slower
 * than any other cell"), or ANY ("slower than one of the large ones"):
 *   ALL  p for = max of the p's (an intersection-union test: R. L. Berger,
 *        Technometrics 1982), p against = k times the least (Bonferroni)
 *   ANY  the other way round.
 *
 * A claim is about its trials: EVERY of them, or MOST, which is more than
 * half. Over the trials p is adjusted by Holm's step-down, 2.5 % each side.
 *   EVERY  holds: each trial's own p for <= 2.5 % (intersection-union);
 *          does not: any trial against, adjusted.
 *   MOST   holds: more than half of the trials for, adjusted;
 *          does not: at least half against, adjusted.
 * So a verdict that holds or does not errs at most 5 times in 100.
 */
#ifndef VAZAO_ANALYSIS_CONTRAST_H
#define VAZAO_ANALYSIS_CONTRAST_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/matrix.h"
#include "analysis/series.h"

#define CLAIM_TAIL 0.025 /* each side of a test at 5 % */

enum quantity { QUANTITY_THROUGHPUT, QUANTITY_EFFICIENCY };
enum outcome { OUTCOME_HOLDS, OUTCOME_DOES_NOT, OUTCOME_UNDECIDED };
enum quantifier { QUANTIFIER_EVERY, QUANTIFIER_MOST };
enum join { JOIN_ALL, JOIN_ANY };

const char *outcome_name(enum outcome verdict); /* "does not hold" */

struct side {
	size_t point, path;
};

struct contrast {
	struct side a, b;
	enum quantity quantity;
	double low, high; /* claim; 0 and HUGE_VAL: open */
	bool given;	  /* n, ratio, se, nu are the caller's, not of rates */
	/* what was found */
	bool valid;	      /* at least two pairs, none of them all zero */
	size_t n;	      /* pairs */
	double ratio, se, nu; /* se: of log(ratio) */
	double lo, hi;	      /* simultaneous over the claim's contrasts */
	double p_for, p_against;
};

struct trial {
	enum join join;
	size_t first, count; /* of the claim's contrasts */
	size_t shown;	     /* the contrast that decides */
	double p_for, p_against;
	enum outcome verdict;
};

struct claim {
	enum quantifier quantifier;
	struct contrast *contrast;
	size_t contrasts;
	struct trial *trial;
	size_t trials;
	size_t in_favor, against; /* trials */
	enum outcome verdict;
	double mean;	    /* geometric, of the shown contrasts; 0: none */
	size_t least, most; /* trials: lowest hi, highest lo */
	char note[256];	    /* what else there is to say; "" */
	bool settled;	    /* the caller gave the verdict */
	bool out_of_memory; /* an addition failed; claim_judge() says so */
};

/* Opens a trial; contrasts are added to the last one opened. */
void claim_add_trial(struct claim *claim, enum join join);
void claim_add(struct claim *claim, const struct contrast *contrast);

/* Estimates and judges. Trials without a valid contrast are undecided. */
int claim_judge(struct claim *claim, const struct matrix *matrix,
		const struct series *series, struct err *err);
void claim_free(struct claim *claim);

/* The contrast that decides a trial, which must have one. */
const struct contrast *claim_shown(const struct claim *claim, size_t trial);

#endif
