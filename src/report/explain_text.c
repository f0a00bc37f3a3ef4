/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/cells.h"
#include "report/findings.h"
#include "report/scale.h"
#include "report/scaling_text.h"
#include "report/loss_text.h"
#include "report/words.h"

#define ASSOCIATIONS_SHOWN 6 /* a path */
#define CASES_SHOWN	   4 /* of a mechanism, each by itself */

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

static bool is_tested(const struct statement_result *r)
{
	return r->claim.trials || r->claim.settled;
}

static void write_statement(const struct matrix *m,
			    const struct statement_result *r,
			    const struct prose *prose)
{
	const struct claim *claim = &r->claim;

	prose_item(prose, mark_of(claim->verdict), outcome_name(claim->verdict),
		   "%s [%s]", r->statement->text, r->statement->section);
	if (*claim->note)
		prose_detail(prose, "%s", claim->note);
	if (!claim->trials)
		return;
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
		if (is_tested(&e->statement[i]))
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

/* "domU, mtu 500" */
static void put_group(const struct matrix *m, const struct account *a,
		      char *buf, size_t size)
{
	const struct point *point = &m->point[a->first];

	snprintf(buf, size, "%s", m->path[a->path].name);
	for (enum axis axis = 0; axis < AXIS_COUNT; axis++) {
		char value[WORDS_MAX];

		if (axis == AXIS_SOCKET_SIZE || axis == AXIS_MESSAGE_SIZE ||
		    !words_axis_varies(m, axis))
			continue;
		axis_say(axis, point->value[axis], value, sizeof(value));
		text_append(buf, size, ", %s%s%s", axis_table[axis].label,
			    *axis_table[axis].label ? " " : "", value);
	}
}

/* Of the columns below; the total has its interval beside it. */
static const enum place columns[] = { PLACE_APPLICATION, PLACE_STACK,
				      PLACE_FRONTEND,	 PLACE_BACKEND,
				      PLACE_MACHINE,	 PLACE_ROOTLESS,
				      PLACE_PEER,	 PLACE_REST };
#define COLUMNS (sizeof(columns) / sizeof(*columns))

/* A column is there where any path has it. */
static bool has_column(const struct explanation *e, enum place place)
{
	for (size_t i = 0; i < e->accounts; i++)
		if (e->account[i].place[place].valid)
			return true;
	return false;
}

static void write_columns(const struct explanation *e,
			  const struct prose *prose)
{
	static const char *const heads[] = { "app",  "stack",	"front",
					     "back", "machine", "program",
					     "peer", "other" };
	char row[256];

	snprintf(row, sizeof(row), "%-18s", "path");
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t used = strlen(row);

		if (has_column(e, columns[i]))
			snprintf(row + used, sizeof(row) - used, " %7s",
				 heads[i]);
	}
	prose_line(prose, "%s %7s %15s", row, "total", "in softirqs");
}

static void write_row(const struct matrix *m, const struct explanation *e,
		      const struct account *a, const struct prose *prose)
{
	const struct account_sum *total = &a->place[PLACE_TOTAL];
	char row[256], softirq[24] = "", value[24];
	size_t used;

	snprintf(row, sizeof(row), "%-18.31s", m->path[a->path].name);
	for (size_t i = 0; i < COLUMNS; i++) {
		const struct account_sum *sum = &a->place[columns[i]];

		snprintf(value, sizeof(value), sum->valid ? "%.2f" : "-",
			 sum->value);
		used = strlen(row);
		if (has_column(e, columns[i]))
			snprintf(row + used, sizeof(row) - used, " %7s", value);
	}
	if (a->place[PLACE_SOFTIRQ].valid)
		snprintf(softirq, sizeof(softirq), "%.2f",
			 a->place[PLACE_SOFTIRQ].value);
	if (total->valid)
		prose_line(prose, "%s %7.2f +-%.2f %7s", row, total->value,
			   total->hi - total->value, softirq);
	else
		prose_line(prose, "%s", row);
}

static int compare_extra(const void *a, const void *b)
{
	const struct account_sum *x = *(const struct account_sum *const *)a;
	const struct account_sum *y = *(const struct account_sum *const *)b;

	return (x->value < y->value) - (x->value > y->value);
}

/* "backend +7.3, frontend +4.6, ..." by size; what is no more than its error
 * is left out. */
static void put_shares(const struct account *a, char *buf, size_t size)
{
	const struct account_sum *order[COLUMNS];

	for (size_t i = 0; i < COLUMNS; i++)
		order[i] = &a->extra[columns[i]];
	qsort(order, COLUMNS, sizeof(*order), compare_extra);
	buf[0] = '\0';
	for (size_t i = 0; i < COLUMNS; i++) {
		if (!order[i]->valid ||
		    (order[i]->lo <= 0 && order[i]->hi >= 0))
			continue;
		text_append(buf, size, "%s%s %+.2f", *buf ? ", " : "",
			    place_table[order[i] - a->extra].id,
			    order[i]->value);
	}
}

/* One a kind: what its variants change is the mechanisms' part. */
static bool is_first_of_kind(const struct matrix *m, size_t path)
{
	for (size_t i = 0; i < path; i++)
		if (strcmp(m->path[i].kind, m->path[path].kind) == 0)
			return false;
	return true;
}

static void say_account(const struct matrix *m, const struct account *a,
			const struct prose *prose)
{
	const struct account_sum *extra = &a->extra[PLACE_TOTAL];
	char group[2 * WORDS_MAX], share[32], shares[256], beyond[64] = "";

	if (!a->path || !extra->valid || !is_first_of_kind(m, a->path))
		return;
	put_group(m, a, group, sizeof(group));
	words_share(a->efficiency, share, sizeof(share));
	put_shares(a, shares, sizeof(shares));
	if (a->over_dom0.valid)
		snprintf(beyond, sizeof(beyond),
			 "; beyond dom0's bridge %+.2f "
			 "(%+.2f to %+.2f)",
			 a->over_dom0.value, a->over_dom0.lo, a->over_dom0.hi);
	prose_bullet(prose,
		     "%s keeps %s and takes %+.2f us/KB (%+.2f to %+.2f) over "
		     "%s: %s%s",
		     group, share, extra->value, extra->lo, extra->hi,
		     m->path[0].name, shares, beyond);
}

static void write_group(const struct matrix *m, const struct explanation *e,
			size_t first, const struct prose *prose)
{
	char group[WORDS_MAX];

	words_group(m, &m->point[first], group, sizeof(group));
	prose_paragraph(prose, "%s", group);
	prose_begin_lines(prose);
	write_columns(e, prose);
	for (size_t i = 0; i < e->accounts; i++)
		if (e->account[i].first == first)
			write_row(m, e, &e->account[i], prose);
	prose_end_lines(prose);
	for (size_t i = 0; i < e->accounts; i++)
		if (e->account[i].first == first)
			say_account(m, &e->account[i], prose);
}

static void write_accounts(const struct matrix *m, const struct explanation *e,
			   const struct prose *prose)
{
	if (!e->accounts)
		return;
	prose_heading(prose, "Where the CPU time goes: us a KB of payload, by "
			     "who was charged");
	for (size_t i = 0; i < e->accounts; i++)
		if (!i || e->account[i].first != e->account[i - 1].first)
			write_group(m, e, e->account[i].first, prose);
	prose_paragraph(
		prose,
		"app: M1's application in user mode; stack: it in the kernel "
		"(system calls, copy, TCP); front, back: netfront, netback; "
		"machine: UML or QEMU but for these two; peer: M2's "
		"application; other: softirqs on nobody's back (bridge, "
		"receiving), and what else ran. They add up to the total, "
		"with its 95 %% interval; softirqs lie within, wherever they "
		"were charged.");
}

/* 0.0123, 12.3, 12345. */
static void put_number(double value, char *buf, size_t size)
{
	snprintf(buf, size, fabs(value) < 999.5 ? "%.3g" : "%.0f", value);
}

static void write_association(const struct matrix *m,
			      const struct association *a,
			      const struct prose *prose)
{
	char low[32], high[32], least[32], most[32], alike[48] = "";

	words_share(a->low_efficiency, low, sizeof(low));
	words_share(a->high_efficiency, high, sizeof(high));
	put_number(a->low_value, least, sizeof(least));
	put_number(a->high_value, most, sizeof(most));
	if (a->alike)
		snprintf(alike, sizeof(alike), "; %zu more tell the same",
			 a->alike);
	prose_item(prose, PROSE_PLAIN, m->path[a->path].name,
		   "%s: efficiency %s with least of it (%s %s), %s with most "
		   "(%s); rank correlation %.2f (%.2f to %.2f)%s",
		   a->counter, low, least, a->unit, high, most, a->rank.rho,
		   a->rank.lo, a->rank.hi, alike);
}

/* The strongest few of each path; JSON has the others. */
static void write_associations(const struct matrix *m,
			       const struct explanation *e,
			       const struct prose *prose)
{
	size_t shown = 0;

	if (!e->usage.blocks || m->points < STATS_RANK_MIN)
		return;
	prose_heading(prose, "What goes with the loss over the matrix "
			     "(association, not cause)");
	for (size_t i = 0; i < e->associations; i++) {
		const struct association *a = &e->association[i];

		shown = i && a->path == a[-1].path ? shown + 1 : 0;
		if (shown < ASSOCIATIONS_SHOWN)
			write_association(m, a, prose);
	}
	if (!e->associations)
		prose_paragraph(prose, "No counter goes with it beyond "
				       "chance.");
	prose_paragraph(
		prose,
		"Rank correlation of a counter with the efficiency over a "
		"path's cells (95 %% bootstrap interval); thirds of the cells "
		"beside it. The false discovery rate is held at 5 %%.");
}

static void write_mechanism(const struct matrix *m, const struct explanation *e,
			    const struct mechanism *turn,
			    const struct prose *prose)
{
	bool axis = turn->path == turn->base;
	char mean[16];

	put_ratio(turn->mean, mean, sizeof(mean));
	prose_item(prose,
		   turn->faster && !turn->slower   ? PROSE_GOOD
		   : turn->slower && !turn->faster ? PROSE_BAD
						   : PROSE_OPEN,
		   turn->faster && turn->slower ? "mixed"
		   : turn->faster		? "faster"
		   : turn->slower		? "slower"
						: "no difference",
		   "%s: %s %s instead of %s: %s times the throughput of %s; "
		   "faster in %zu, slower in %zu of %zu cells",
		   m->path[turn->path].name, turn->option, turn->to, turn->from,
		   mean, axis ? "before" : m->path[turn->base].name,
		   turn->faster, turn->slower, turn->trials);
	for (size_t i = turn->first;
	     turn->trials <= CASES_SHOWN && i < turn->first + turn->trials;
	     i++) {
		const struct contrast *c = claim_shown(&e->mechanisms.claim, i);
		char interval[64], where[WORDS_MAX];

		if (!c->valid)
			continue;
		put_interval(c, interval, sizeof(interval));
		words_point(m, &m->point[c->a.point], where, sizeof(where));
		prose_detail(prose, "%s at %s", interval, where);
	}
}

static void write_mechanisms(const struct matrix *m,
			     const struct explanation *e,
			     const struct prose *prose)
{
	if (!e->mechanisms.turns)
		return;
	prose_heading(prose, "What a mechanism costs (cause: it alone was "
			     "turned)");
	for (size_t i = 0; i < e->mechanisms.turns; i++)
		write_mechanism(m, e, &e->mechanisms.turn[i], prose);
	prose_paragraph(prose, "Intervals and verdicts are simultaneous over "
			       "all of these (95 %%).");
}

/* Statements that the study has no cells for, and what else it lacks. */
static void write_missing(const struct explanation *e,
			  const struct prose *prose)
{
	const char *text;

	prose_heading(prose, "What this study does not tell");
	for (size_t i = 0; (text = explanation_missing(e, i)); i++)
		prose_bullet(prose, "%s", text);
	for (size_t i = 0; i < e->statements; i++)
		if (!is_tested(&e->statement[i]))
			prose_bullet(prose, "Undecided: %s [%s] It needs %s.",
				     e->statement[i].statement->text,
				     e->statement[i].statement->section,
				     e->statement[i].statement->needs);
}

void explanation_write(const struct matrix *matrix,
		       const struct explanation *explanation,
		       const struct prose *prose)
{
	write_accounts(matrix, explanation, prose);
	scale_write_findings(matrix, prose);
	scalings_write(matrix, &explanation->scalings, prose);
	loss_write(matrix, &explanation->loss, prose);
	write_mechanisms(matrix, explanation, prose);
	write_associations(matrix, explanation, prose);
	write_statements(matrix, explanation, prose);
	write_missing(explanation, prose);
}
