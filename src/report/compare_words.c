/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What txt and md both say of a comparison. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/unlike.h"
#include "base/text.h"
#include "report/compare_formats.h"
#include "report/words.h"

void compare_paths(const struct comparison *c, const struct change *change,
		   char *buf, size_t size)
{
	const char *a = c->args.a->path[change->path_a].name;
	const char *b = c->args.b->path[change->path_b].name;

	if (strcmp(a, b) == 0)
		snprintf(buf, size, "%s", b);
	else
		snprintf(buf, size, "%s against %s", b, a);
}

void compare_headline(const struct compare_report *report, char *buf,
		      size_t size)
{
	const struct comparison *c = report->comparison;

	snprintf(buf, size, "%s: B against A, %s, margin %.3g %%",
		 verdict_name(c->overall),
		 c->args.by == COMPARE_THROUGHPUT ? "throughput" : "efficiency",
		 100 * c->args.margin);
}

static size_t count_of(const struct comparison *c, const struct change *mean,
		       enum verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < c->cells; i++)
		count += c->cell[i].path_b == mean->path_b && !c->cell[i].why &&
			 c->cell[i].verdict == verdict;
	return count;
}

static void say_mean(const struct compare_report *report,
		     const struct change *mean,
		     const struct summary_lines *lines)
{
	const struct comparison *c = report->comparison;
	char paths[80];

	compare_paths(c, mean, paths, sizeof(paths));
	if (mean->why) {
		summary_say(lines, "%s: nothing to judge", paths);
		return;
	}
	summary_say(
		lines,
		"%s: %s on average, %+.1f %% (%+.1f to %+.1f); of %zu cells %zu "
		"worse, %zu better, %zu same, %zu undecided",
		paths, verdict_name(mean->verdict), 100 * (mean->ratio - 1),
		100 * (mean->lo - 1), 100 * (mean->hi - 1), mean->cells,
		count_of(c, mean, VERDICT_WORSE),
		count_of(c, mean, VERDICT_BETTER),
		count_of(c, mean, VERDICT_SAME),
		count_of(c, mean, VERDICT_UNDECIDED));
}

void compare_say_means(const struct compare_report *report,
		       const struct summary_lines *lines)
{
	const struct comparison *c = report->comparison;

	summary_say(lines, "A: %s (%s)", report->name_a, c->args.a->title);
	summary_say(lines, "B: %s (%s)", report->name_b, c->args.b->title);
	for (size_t i = 0; i < c->means; i++)
		say_mean(report, &c->mean[i], lines);
}

/* Settings may differ in hundreds of places; JSON has all of them. */
static void say_differences(const struct comparison *c,
			    const struct summary_lines *lines)
{
	const size_t shown = 8;
	size_t count = json_array_size(c->differences), i;
	char text[3000] = "";
	json_t *row;

	json_array_foreach(c->differences, i, row) {
		if (i == shown)
			break;
		text_append(text, sizeof(text), "%s%s: ", i ? "; " : "",
			    json_string_value(json_object_get(row, "what")));
		unlike_append_value(text, sizeof(text),
				    json_object_get(row, "a"));
		text_append(text, sizeof(text), " / ");
		unlike_append_value(text, sizeof(text),
				    json_object_get(row, "b"));
	}
	if (count > shown)
		summary_say(lines, "Differs between A / B, %zu of %zu: %s.",
			    shown, count, text);
	else if (count)
		summary_say(lines, "Differs between A / B: %s.", text);
}

static void say_unjudged(const struct comparison *c,
			 const struct summary_lines *lines)
{
	static const char *const reasons[] = { "failed", "capped by the link",
					       "not measured", "no interval" };

	for (size_t r = 0; r < sizeof(reasons) / sizeof(*reasons); r++) {
		size_t n = 0;

		for (size_t i = 0; i < c->cells; i++)
			n += c->cell[i].why &&
			     !strcmp(c->cell[i].why, reasons[r]);
		if (n)
			summary_say(lines,
				    "%zu cell%s not judged: %s on a side.", n,
				    n == 1 ? "" : "s", reasons[r]);
	}
	if (c->only_a || c->only_b)
		summary_say(lines, "In A alone: %zu cells; in B alone: %zu.",
			    c->only_a, c->only_b);
}

/* At what half-width of A's and B's cells TOST can reach `same` at all: z
 * of 5 % one-sided, and two equal errors added. */
static void say_undecided(const struct comparison *c,
			  const struct summary_lines *lines)
{
	double needed = expm1(1.96 * log1p(c->args.margin) / 1.645 /
			      (c->args.paired ? 1 : sqrt(2)));

	if (c->count[VERDICT_UNDECIDED])
		summary_say(
			lines,
			"%zu cells are undecided: their intervals reach over the "
			"margin. A single cell can be told to be the same only "
			"where both sides are known well within %.1f %%; the means "
			"are far sharper.",
			c->count[VERDICT_UNDECIDED], 100 * needed);
}

void compare_say_notes(const struct compare_report *report,
		       const struct summary_lines *lines)
{
	const struct comparison *c = report->comparison;

	say_undecided(c, lines);
	say_unjudged(c, lines);
	say_differences(c, lines);
	summary_say(
		lines,
		"Worse and better: by more than the margin; same: within it "
		"(TOST). Of the verdicts given at most %.3g %% are expected to be "
		"false (%s over %zu cells). Intervals of 95 %% are each cell's "
		"own, and of these runs: what differed between the runs and lasted "
		"is not in them.",
		100 * c->args.q,
		c->args.fdr == FDR_BY ? "Benjamini and Yekutieli"
				      : "Benjamini and Hochberg",
		c->cells - c->unjudged);
	if (c->args.paired)
		summary_say(lines,
			    "Both paths were measured in the same blocks and "
			    "are compared block by block.");
}
