/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For a terminal: the answer first, then a table a path and group of points,
 * then what a reader has to know. No line is longer than 100 columns.
 */
#include <stdio.h>
#include <string.h>

#include "report/exchange.h"
#include "report/formats.h"
#include "report/groups.h"
#include "report/line.h"
#include "report/scale.h"
#include "report/summary.h"
#include "report/words.h"

#define COLUMNS 100

struct txt {
	FILE *out;
	const struct matrix *matrix;
	bool color;
};

static void wrap(void *arg, const char *text)
{
	const struct txt *txt = arg;
	const struct line_place place = { COLUMNS, 0, 2 };

	line_wrap(txt->out, text, &place);
}

static void bold(struct txt *txt, const char *text)
{
	fputs(txt->color ? "\033[1m" : "", txt->out);
	wrap(txt, text);
	fputs(txt->color ? "\033[0m" : "", txt->out);
}

static const char *status_color(enum cell_status status)
{
	static const char *const colors[] = {
		[CELL_REFERENCE] = "",
		[CELL_REACHED] = "\033[32m",
		[CELL_NOT_REACHED] = "\033[33m",
		[CELL_CAPPED] = "\033[36m",
		[CELL_IMPORTED] = "",
		[CELL_FAILED] = "\033[31m",
	};

	return colors[status];
}

/* "93.1 %" and "91.0 - 95.2"; "-" where there is no number. */
static void put_efficiency(const struct txt *txt, const struct cell *cell)
{
	const struct stats_efficiency *e = &cell->efficiency;
	char interval[64];

	if (cell->path == 0)
		return;
	if (!e->valid) {
		fprintf(txt->out, "  %10s  %-15s", "-", "");
		return;
	}
	snprintf(interval, sizeof(interval), "%5.1f - %5.1f", 100 * e->lo,
		 100 * e->hi);
	fprintf(txt->out, "  %8.1f %%  %-15s", 100 * e->ratio, interval);
}

static void put_throughput(const struct txt *txt, const struct cell *cell)
{
	const struct stats_mean *t = &cell->throughput;
	char mean[32] = "-", lo[32], hi[32], interval[72] = "";

	if (t->valid) {
		exchange_rate(cell->point, t->mean, mean, sizeof(mean));
		exchange_rate(cell->point, t->lo, lo, sizeof(lo));
		exchange_rate(cell->point, t->hi, hi, sizeof(hi));
		if (t->n)
			snprintf(interval, sizeof(interval), "%7s - %s", lo,
				 hi);
	}
	fprintf(txt->out, "  %10s  %-18s", mean, interval);
}

/* The sizes; an exchange's are in the heading. */
static void put_sizes(const struct txt *txt, const struct point *point,
		      bool new_socket)
{
	char socket[32] = "", message[32];

	if (new_socket)
		words_size(point->value[AXIS_SOCKET_SIZE], socket,
			   sizeof(socket));
	words_size(point->value[AXIS_MESSAGE_SIZE], message, sizeof(message));
	fprintf(txt->out, "  %6s", socket);
	if (axis_applies(AXIS_MESSAGE_SIZE, point))
		fprintf(txt->out, "  %7s", message);
}

static void put_size_names(const struct txt *txt, const struct point *point)
{
	fprintf(txt->out, "  %6s", "socket");
	if (axis_applies(AXIS_MESSAGE_SIZE, point))
		fprintf(txt->out, "  %7s", "message");
}

static void put_row(const struct txt *txt, const struct cell *cell,
		    bool new_socket)
{
	put_sizes(txt, cell->point, new_socket);
	put_efficiency(txt, cell);
	put_throughput(txt, cell);
	fprintf(txt->out, "  %6zu", cell->blocks);
	if (cell->path == 0)
		fputc('\n', txt->out);
	else if (txt->color)
		fprintf(txt->out, "  %s%s\033[0m\n", status_color(cell->status),
			cell_status_name(cell->status));
	else
		fprintf(txt->out, "  %s\n", cell_status_name(cell->status));
}

static void put_heading(struct txt *txt, size_t path, const struct point *point)
{
	const struct matrix *m = txt->matrix;
	char group[WORDS_MAX], text[2 * WORDS_MAX];

	words_group(m, point, group, sizeof(group));
	if (path == 0)
		snprintf(text, sizeof(text), "%s, the reference: %s",
			 m->path[0].name, group);
	else
		snprintf(text, sizeof(text), "%s against %s: %s",
			 m->path[path].name, m->path[0].name, group);
	fputc('\n', txt->out);
	bold(txt, text);
	put_size_names(txt, point);
	if (path)
		fprintf(txt->out, "  %10s  %-15s", "efficiency",
			" 95 % interval");
	fprintf(txt->out, "  %10s  %-18s  %6s%s\n", exchange_unit(point),
		"   95 % interval", "blocks", path ? "  status" : "");
}

/* Values right, intervals left, as in the table above it. */
static void put_exchange_row(const struct txt *txt, const struct cell *cell,
			     size_t columns)
{
	char text[EXCHANGE_COLUMNS_MAX][EXCHANGE_TEXT_MAX];
	const bool intervals = exchange_is(cell->point);

	exchange_fill(cell, text);
	for (size_t i = 0; i < columns; i++)
		if (intervals)
			fprintf(txt->out, i % 2 ? "  %-16s" : "  %9s", text[i]);
		else
			fprintf(txt->out, "  %11s", text[i]);
	fputc('\n', txt->out);
}

/* Latencies, or loss: what the group's cells have beside their rate. */
static void put_exchanges(const struct txt *txt, size_t path, size_t first)
{
	const struct matrix *m = txt->matrix;
	const struct point *point = &m->point[first];
	const char *names[EXCHANGE_COLUMNS_MAX];
	size_t columns = exchange_columns(point, names);

	if (!columns)
		return;
	fputc('\n', txt->out);
	put_size_names(txt, point);
	for (size_t i = 0; i < columns; i++)
		if (exchange_is(point))
			fprintf(txt->out, i % 2 ? "  %-16s" : "  %9s",
				names[i]);
		else
			fprintf(txt->out, "  %11s", names[i]);
	fputc('\n', txt->out);
	for (size_t i = first; i < m->points; i = group_next_point(m, i)) {
		put_sizes(txt, &m->point[i], true);
		put_exchange_row(txt, matrix_cell(m, i, path), columns);
	}
}

static void put_group(struct txt *txt, size_t path, size_t first)
{
	const struct matrix *m = txt->matrix;
	int64_t socket = -1;

	put_heading(txt, path, &m->point[first]);
	for (size_t i = first; i < m->points; i = group_next_point(m, i)) {
		int64_t now = m->point[i].value[AXIS_SOCKET_SIZE];

		put_row(txt, matrix_cell(m, i, path), now != socket);
		socket = now;
	}
	put_exchanges(txt, path, first);
}

static int txt_write(const struct report_args *args, struct err *err)
{
	const struct matrix *m = args->matrix;
	struct txt txt = { .out = args->out,
			   .matrix = m,
			   .color = args->color };
	const struct summary_lines lines = { .line = wrap, .arg = &txt };

	bold(&txt, *m->title ? m->title : "untitled study");
	summary_write_head(m, &lines);
	fputc('\n', args->out);
	summary_write_answers(m, &lines);
	scale_write(m,
		    &(struct prose){ .out = args->out, .color = args->color });
	for (size_t path = 0; path < m->paths; path++)
		for (size_t i = 0; i < m->points; i = group_next(m, i))
			put_group(&txt, path, i);
	fputc('\n', args->out);
	summary_write_notes(m, &lines);
	return report_check_written(args->out, err);
}

const struct report_ops report_txt = {
	.format = "txt",
	.help = "tables of 100 columns for a terminal",
	.write = txt_write,
};
