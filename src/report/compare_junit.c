/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A comparison as JUnit XML, which CI servers show: a test a cell; worse is a
 * failure, undecided and not judged are skipped. The means of the paths stand
 * first, as tests of a class "mean".
 */
#include <string.h>

#include "report/compare_formats.h"
#include "report/formats.h"
#include "report/words.h"

/* XML 1.0 has no control characters but tab and line feeds. */
static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>\"'", *text))
			fprintf(out, "&#%d;", *text);
		else
			fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
	}
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	put_escaped(out, value);
	fputc('"', out);
}

static void put_verdict(FILE *out, const struct change *change)
{
	char text[160];

	if (change->why)
		snprintf(text, sizeof(text), "not judged: %s", change->why);
	else
		snprintf(text, sizeof(text),
			 "%s: %+.2f %% (95 %%: %+.2f to %+.2f)",
			 verdict_name(change->verdict),
			 100 * (change->ratio - 1), 100 * (change->lo - 1),
			 100 * (change->hi - 1));
	if (change->why || change->verdict == VERDICT_UNDECIDED)
		fputs("<skipped", out);
	else if (change->verdict == VERDICT_WORSE)
		fputs("<failure", out);
	else
		fputs("<system-out>", out);
	if (!change->why && (change->verdict == VERDICT_SAME ||
			     change->verdict == VERDICT_BETTER)) {
		put_escaped(out, text);
		fputs("</system-out>", out);
		return;
	}
	put_attribute(out, "message", text);
	fputs("/>", out);
}

static void put_case(const struct compare_report *report,
		     const struct change *change)
{
	const struct comparison *c = report->comparison;
	char paths[80], point[WORDS_MAX] = "mean over its cells";

	compare_paths(c, change, paths, sizeof(paths));
	if (change->b)
		words_point(c->args.b, change->b->point, point, sizeof(point));
	fputs("  <testcase", report->out);
	put_attribute(report->out, "classname", change->b ? paths : "mean");
	put_attribute(report->out, "name", change->b ? point : paths);
	fputc('>', report->out);
	put_verdict(report->out, change);
	fputs("</testcase>\n", report->out);
}

static int write_junit(const struct compare_report *report, struct err *err)
{
	const struct comparison *c = report->comparison;
	size_t failures = c->count[VERDICT_WORSE];
	size_t skipped = c->count[VERDICT_UNDECIDED] + c->unjudged;

	for (size_t i = 0; i < c->means; i++) {
		failures += c->mean[i].verdict == VERDICT_WORSE;
		skipped += c->mean[i].verdict == VERDICT_UNDECIDED;
	}
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite",
	      report->out);
	put_attribute(report->out, "name", "vazao compare");
	fprintf(report->out,
		" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n",
		c->cells + c->means, failures, skipped);
	for (size_t i = 0; i < c->means; i++)
		put_case(report, &c->mean[i]);
	for (size_t i = 0; i < c->cells; i++)
		put_case(report, &c->cell[i]);
	fputs("</testsuite>\n", report->out);
	return report_check_written(report->out, err);
}

const struct compare_ops compare_junit = { "junit", "JUnit XML, for CI servers",
					   write_junit };
