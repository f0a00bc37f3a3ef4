/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/cells.h"
#include "report/findings.h"
#include "report/words.h"

/* 0.0412 -> "0.041", 0.46, 3.2, 41. */
static void put_ratio(double ratio, char *buf, size_t size)
{
	snprintf(buf, size,
		 ratio < 0.0995 ? "%.3f"
		 : ratio < 9.95 ? "%.2f"
				: "%.0f",
		 ratio);
}

/* "0.46 (0.44-0.48)". */
static void put_interval(const struct contrast *c, char *buf, size_t size)
{
	char ratio[16], lo[16], hi[16];

	put_ratio(c->ratio, ratio, sizeof(ratio));
	put_ratio(c->lo, lo, sizeof(lo));
	put_ratio(c->hi, hi, sizeof(hi));
	snprintf(buf, size, "%s (%s-%s)", ratio, lo, hi);
}

static enum prose_mark mark_of(enum outcome verdict)
{
	return verdict == OUTCOME_HOLDS	     ? PROSE_GOOD
	       : verdict == OUTCOME_DOES_NOT ? PROSE_BAD
					     : PROSE_OPEN;
}

/* "so in 31 of 56: mtu 500", of the trials with that verdict, if any. */
static void say_cells(const struct matrix *m, const struct claim *claim,
		      enum outcome verdict, const char *word,
		      const struct prose *prose)
{
	bool *in = calloc(m->points * 2, sizeof(*in)), *of = in + m->points;
	char where[4 * WORDS_MAX];
	size_t count = 0;

	for (size_t i = 0; in && i < claim->trials; i++) {
		size_t point = claim_shown(claim, i)->a.point;

		of[point] = true;
		if (claim->trial[i].verdict != verdict)
			continue;
		in[point] = true;
		count++;
	}
	if (count) {
		cells_describe(m, in, of, where, sizeof(where));
		prose_detail(prose, "%s in %zu of %zu%s%s", word, count,
			     claim->trials, *where ? ": " : "", where);
	}
	free(in);
}

static void say_extremes(const struct matrix *m,
			 const struct statement_result *r,
			 const struct prose *prose)
{
	const struct contrast *least = claim_shown(&r->claim, r->claim.least);
	const struct contrast *most = claim_shown(&r->claim, r->claim.most);
	char a[64], b[64], at_a[WORDS_MAX], at_b[WORDS_MAX], mean[16];

	if (!least->valid)
		return;
	put_interval(least, a, sizeof(a));
	put_interval(most, b, sizeof(b));
	words_point(m, &m->point[least->a.point], at_a, sizeof(at_a));
	words_point(m, &m->point[most->a.point], at_b, sizeof(at_b));
	put_ratio(r->claim.mean, mean, sizeof(mean));
	if (r->claim.trials == 1)
		prose_detail(prose, "%s, %s: %s at %s", m->path[r->path].name,
			     r->statement->ratio, a, at_a);
	else
		prose_detail(prose,
			     "%s, %s: mean %s over %zu cases, from %s at %s to "
			     "%s at %s",
			     m->path[r->path].name, r->statement->ratio, mean,
			     r->claim.trials, a, at_a, b, at_b);
}

static void write_statement(const struct matrix *m,
			    const struct statement_result *r,
			    const struct prose *prose)
{
	const struct claim *claim = &r->claim;

	prose_item(prose, mark_of(claim->verdict), outcome_name(claim->verdict),
		   "%s [%s]", r->statement->text, r->statement->section);
	if (!claim->trials) {
		prose_detail(prose, "not in this study: it needs %s",
			     r->statement->needs);
		return;
	}
	say_extremes(m, r, prose);
	if (claim->in_favor == claim->trials)
		return;
	say_cells(m, claim, OUTCOME_HOLDS, "so", prose);
	say_cells(m, claim, OUTCOME_DOES_NOT, "not so", prose);
	say_cells(m, claim, OUTCOME_UNDECIDED, "not decided", prose);
}

static void write_statements(const struct matrix *m,
			     const struct explanation *e,
			     const struct prose *prose)
{
	prose_heading(prose, "What the study of 2007 says, tested here");
	for (size_t i = 0; i < e->statements; i++)
		write_statement(m, &e->statement[i], prose);
	prose_paragraph(
		prose,
		"A statement that says all holds where every case does, and "
		"fails where one is shown not to; one that says a tendency "
		"goes by more than half of the cases. Intervals are "
		"simultaneous over a statement's cases (95 %%, Bonferroni), "
		"verdicts by Holm's step-down: each errs at most 5 times in "
		"100.");
}

void explanation_write(const struct matrix *matrix,
		       const struct explanation *explanation,
		       const struct prose *prose)
{
	write_statements(matrix, explanation, prose);
}
