/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison as a table of 100 columns, and as Markdown. */
#include <stdio.h>
#include <string.h>

#include "report/compare_formats.h"
#include "report/line.h"
#include "report/formats.h"
#include "report/words.h"

#define COLUMNS 100

struct table {
	const struct compare_report *report;
	bool markdown;
	int name_width, point_width;
};

static bool is_shown(const struct compare_report *report,
		     const struct change *change)
{
	return report->all || change->verdict == VERDICT_WORSE ||
	       change->verdict == VERDICT_BETTER;
}

static void put_value(const struct compare_report *report,
		      const struct cell *cell, char *buf, size_t size)
{
	if (report->comparison->args.by == COMPARE_THROUGHPUT ||
	    report->comparison->args.paired)
		words_mbps(cell->throughput.mean, buf, size);
	else
		snprintf(buf, size, "%.1f %%", 100 * cell->efficiency.ratio);
}

struct row {
	char paths[80], point[WORDS_MAX], a[32], b[32];
	char ratio[32], interval[64];
	const char *verdict;
};

static void fill_row(const struct compare_report *report,
		     const struct change *change, struct row *row)
{
	const struct comparison *c = report->comparison;

	memset(row, 0, sizeof(*row));
	compare_paths(c, change, row->paths, sizeof(row->paths));
	words_point(c->args.b, change->b->point, row->point,
		    sizeof(row->point));
	row->verdict =
		change->why ? change->why : verdict_name(change->verdict);
	if (change->why)
		return;
	put_value(report, change->a, row->a, sizeof(row->a));
	put_value(report, change->b, row->b, sizeof(row->b));
	snprintf(row->ratio, sizeof(row->ratio), "%+.1f %%",
		 100 * (change->ratio - 1));
	snprintf(row->interval, sizeof(row->interval), "%+.1f to %+.1f",
		 100 * (change->lo - 1), 100 * (change->hi - 1));
}

static const char *color_of(const struct change *change)
{
	if (change->verdict == VERDICT_WORSE)
		return "\033[31m";
	return change->verdict == VERDICT_BETTER ? "\033[32m" : "";
}

static void put_row(const struct table *table, const struct change *change)
{
	FILE *out = table->report->out;
	struct row row;

	fill_row(table->report, change, &row);
	if (table->markdown) {
		fprintf(out, "| %s | %s | %s | %s | %s | %s | %s |\n",
			row.paths, row.point, row.a, row.b, row.ratio,
			row.interval, row.verdict);
		return;
	}
	fprintf(out, "  %-*s  %-*s  %8s  %8s  %8s  %-16s  %s%s%s\n",
		table->name_width, row.paths, table->point_width, row.point,
		row.a, row.b, row.ratio, row.interval,
		table->report->color ? color_of(change) : "", row.verdict,
		table->report->color ? "\033[0m" : "");
}

static void put_head(const struct table *table)
{
	FILE *out = table->report->out;

	if (table->markdown)
		fputs("\n| path | cell | A | B | change | 95 % interval | "
		      "verdict |\n|---|---|---:|---:|---:|:---:|---|\n",
		      out);
	else
		fprintf(out, "\n  %-*s  %-*s  %8s  %8s  %8s  %-16s  %s\n",
			table->name_width, "path", table->point_width, "cell",
			"A", "B", "change", "95 % interval", "verdict");
}

/* Column widths, and how many rows there are. */
static size_t measure(struct table *table)
{
	const struct comparison *c = table->report->comparison;
	size_t shown = 0;
	struct row row;

	table->name_width = table->point_width = 4;
	for (size_t i = 0; i < c->cells; i++) {
		if (!is_shown(table->report, &c->cell[i]))
			continue;
		fill_row(table->report, &c->cell[i], &row);
		shown++;
		if ((int)strlen(row.paths) > table->name_width)
			table->name_width = (int)strlen(row.paths);
		if ((int)strlen(row.point) > table->point_width)
			table->point_width = (int)strlen(row.point);
	}
	return shown;
}

static void put_table(struct table *table)
{
	const struct comparison *c = table->report->comparison;

	if (measure(table) == 0) {
		fputs("\nNo cell changed by more than the margin.\n",
		      table->report->out);
		return;
	}
	put_head(table);
	for (size_t i = 0; i < c->cells; i++)
		if (is_shown(table->report, &c->cell[i]))
			put_row(table, &c->cell[i]);
}

static void put_line(void *arg, const char *text)
{
	const struct line_place place = { COLUMNS, 2, 4 };

	fputs("  ", arg);
	line_wrap(arg, text, &place);
}

static void put_bullet(void *arg, const char *text)
{
	fputs("- ", arg);
	line_escape(arg, text);
	fputc('\n', arg);
}

static int write_table(const struct compare_report *report, bool markdown,
		       struct err *err)
{
	struct table table = { .report = report, .markdown = markdown };
	const struct summary_lines lines = { markdown ? put_bullet : put_line,
					     report->out };
	char headline[160];

	compare_headline(report, headline, sizeof(headline));
	fprintf(report->out, "%s%s%s\n%s",
		markdown	? "# "
		: report->color ? "\033[1m"
				: "",
		headline, report->color ? "\033[0m" : "", markdown ? "\n" : "");
	compare_say_means(report, &lines);
	put_table(&table);
	fputc('\n', report->out);
	compare_say_notes(report, &lines);
	return report_check_written(report->out, err);
}

static int write_txt(const struct compare_report *report, struct err *err)
{
	return write_table(report, false, err);
}

static int write_md(const struct compare_report *report, struct err *err)
{
	return write_table(report, true, err);
}

const struct compare_ops compare_txt = { "txt", "a table for a terminal",
					 write_txt };
const struct compare_ops compare_md = { "md", "the same in Markdown",
					write_md };
