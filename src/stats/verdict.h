/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verdict.h - same, better, worse or undecided, for many ratios at once, with
 * the share of false verdicts held.
 *
 * Pure. Called by the analysis for comparisons. A test is the logarithm of a
 * ratio B/A with its standard error and degrees of freedom.
 *
 * With the margin m and delta = ln(1 + m), three statements part the line:
 * worse (ln R < -delta), same (-delta <= ln R <= delta), better (> delta).
 * Each has its null hypothesis, that it is not so, and a one-sided t test;
 * `same` is the two one-sided tests of equivalence (TOST: D. J. Schuirmann,
 * J. Pharmacokin. Biopharm. 15, 1987). Together they are the three-sided test
 * of J. J. Goeman, A. Solari, T. Stijnen (Statistics in Medicine 29, 2010).
 *
 * The p-values of all cells and all three statements are one family, and the
 * false discovery rate is held over it by the step-up procedure of Y.
 * Benjamini and Y. Hochberg (J. R. Stat. Soc. B 57, 1995): of the verdicts
 * given, at most the share q is expected to be false. Of the three null
 * hypotheses of a cell exactly two are true, whatever the truth is, so that
 * the procedure, run at level 1.5 q, holds q: their share of 2/3 is known
 * here, where an adaptive procedure would have to guess it.
 *
 * BH is proved where the statistics depend on each other positively: cells of
 * one matrix do, by their common reference and pooled spread. A cell's own
 * three do not, but two of them are never rejected together while the level
 * is below 1/2; verdict_test.c counts the false ones over dependent cells.
 * FDR_BY (Y. Benjamini, D. Yekutieli, Ann. Statist. 29, 2001) holds under any
 * dependence, at about 1/7 of the level for 336 cells.
 */
#ifndef VAZAO_STATS_VERDICT_H
#define VAZAO_STATS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

enum verdict {
	VERDICT_UNDECIDED,
	VERDICT_SAME,
	VERDICT_BETTER,
	VERDICT_WORSE,
	VERDICTS
};

enum fdr { FDR_BH, FDR_BY };

struct verdict_test {
	double log_ratio, se; /* of ln R; se 0: known exactly */
	double nu;	      /* degrees of freedom */
	bool valid;	      /* false: VERDICT_UNDECIDED, in no family */
	/* filled in */
	double p_same, p_better, p_worse;
	enum verdict verdict;
};

/* Judges all tests as one family. 0 < margin, 0 < q < 1/3; -ENOMEM leaves
 * them undecided. */
int verdict_judge(struct verdict_test *tests, size_t count, double margin,
		  double q, enum fdr method);

/*
 * The difference b - a of two independent estimates on the log scale:
 * variances added, degrees of freedom by F. E. Satterthwaite (Biometrics
 * Bulletin 2, 1946). a NULL: b alone.
 */
struct verdict_estimate {
	double log, se, nu;
};
void verdict_difference(const struct verdict_estimate *a,
			const struct verdict_estimate *b,
			struct verdict_test *test);

#endif
