/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * As txt, in the tables of GitHub's Markdown.
 */
#include <stdio.h>

#include "report/exchange.h"
#include "report/formats.h"
#include "report/groups.h"
#include "report/line.h"
#include "report/scale.h"
#include "report/summary.h"
#include "report/words.h"

static void put_paragraph(void *arg, const char *text)
{
	line_escape(arg, text);
	fputs("\n\n", arg);
}

static void put_bullet(void *arg, const char *text)
{
	fputs("- ", arg);
	line_escape(arg, text);
	fputc('\n', arg);
}

static void put_efficiency(FILE *out, const struct cell *cell)
{
	const struct stats_efficiency *e = &cell->efficiency;

	if (e->valid)
		fprintf(out, " %.1f %% | %.1f - %.1f |", 100 * e->ratio,
			100 * e->lo, 100 * e->hi);
	else
		fputs(" - | |", out);
}

static void put_throughput(FILE *out, const struct cell *cell)
{
	const struct stats_mean *t = &cell->throughput;
	char mean[32], lo[32], hi[32];

	if (!t->valid) {
		fputs(" - | |", out);
		return;
	}
	exchange_rate(cell->point, t->mean, mean, sizeof(mean));
	exchange_rate(cell->point, t->lo, lo, sizeof(lo));
	exchange_rate(cell->point, t->hi, hi, sizeof(hi));
	if (t->n)
		fprintf(out, " %s | %s - %s |", mean, lo, hi);
	else
		fprintf(out, " %s | |", mean);
}

static void put_sizes(FILE *out, const struct point *point)
{
	char text[32];

	words_size(point->value[AXIS_SOCKET_SIZE], text, sizeof(text));
	fprintf(out, "| %s |", text);
	if (!axis_applies(AXIS_MESSAGE_SIZE, point))
		return;
	words_size(point->value[AXIS_MESSAGE_SIZE], text, sizeof(text));
	fprintf(out, " %s |", text);
}

/* An exchange's sizes are in the heading. */
static const char *size_names(const struct point *point, bool rule)
{
	bool both = axis_applies(AXIS_MESSAGE_SIZE, point);

	if (rule)
		return both ? "|---:|---:|" : "|---:|";
	return both ? "| socket | message |" : "| socket |";
}

static void put_row(FILE *out, const struct cell *cell)
{
	put_sizes(out, cell->point);
	if (cell->path)
		put_efficiency(out, cell);
	put_throughput(out, cell);
	fprintf(out, " %zu |", cell->blocks);
	if (cell->path) {
		fputc(' ', out);
		line_escape(out, cell_status_name(cell->status));
		fputs(" |", out);
	}
	fputc('\n', out);
}

static void put_heading(FILE *out, const struct matrix *m, size_t path,
			const struct point *point)
{
	char group[WORDS_MAX];

	words_group(m, point, group, sizeof(group));
	fputs("\n## ", out);
	line_escape(out, m->path[path].name);
	fputs(path ? " against " : ", the reference", out);
	if (path)
		line_escape(out, m->path[0].name);
	fputs(": ", out);
	line_escape(out, group);
	fprintf(out,
		"\n\n%s%s %s | 95 %% interval | "
		"blocks |%s\n%s%s---:|:---:|---:|%s\n",
		size_names(point, false),
		path ? " efficiency | 95 % interval |" : "",
		exchange_unit(point), path ? " status |" : "",
		size_names(point, true), path ? "---:|:---:|" : "",
		path ? "---|" : "");
}

/* Latencies, or loss: what the group's cells have beside their rate. */
static void put_exchanges(FILE *out, const struct matrix *m, size_t path,
			  size_t first)
{
	const struct point *point = &m->point[first];
	const char *names[EXCHANGE_COLUMNS_MAX];
	char text[EXCHANGE_COLUMNS_MAX][EXCHANGE_TEXT_MAX];
	size_t columns = exchange_columns(point, names);

	if (!columns)
		return;
	fprintf(out, "\n%s", size_names(point, false));
	for (size_t i = 0; i < columns; i++)
		fprintf(out, " %s |", names[i]);
	fprintf(out, "\n%s", size_names(point, true));
	for (size_t i = 0; i < columns; i++)
		fputs("---:|", out);
	fputc('\n', out);
	for (size_t i = first; i < m->points; i = group_next_point(m, i)) {
		put_sizes(out, &m->point[i]);
		exchange_fill(matrix_cell(m, i, path), text);
		for (size_t k = 0; k < columns; k++)
			fprintf(out, " %s |", text[k]);
		fputc('\n', out);
	}
}

static int md_write(const struct report_args *args, struct err *err)
{
	const struct matrix *m = args->matrix;
	FILE *out = args->out;
	const struct summary_lines paragraphs = { put_paragraph, out };
	const struct summary_lines bullets = { put_bullet, out };

	fputs("# ", out);
	line_escape(out, *m->title ? m->title : "untitled study");
	fputs("\n\n", out);
	summary_write_head(m, &paragraphs);
	summary_write_answers(m, &bullets);
	scale_write(m, &(struct prose){ .out = out, .markdown = true });
	for (size_t path = 0; path < m->paths; path++)
		for (size_t i = 0; i < m->points; i = group_next(m, i)) {
			put_heading(out, m, path, &m->point[i]);
			for (size_t j = i; j < m->points;
			     j = group_next_point(m, j))
				put_row(out, matrix_cell(m, j, path));
			put_exchanges(out, m, path, i);
		}
	fputs("\n## How to read this\n\n", out);
	summary_write_notes(m, &bullets);
	return report_check_written(out, err);
}

const struct report_ops report_md = {
	.format = "md",
	.help = "tables of GitHub's Markdown",
	.write = md_write,
};
