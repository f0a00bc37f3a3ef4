/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/paths_plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/groups.h"
#include "report/script.h"
#include "report/words.h"

/* What one figure has in common. */
static const enum axis common[] = { AXIS_WORKLOAD, AXIS_MTU };

#define COMMON (sizeof(common) / sizeof(common[0]))

/* gnuplot's point types: filled, hollow, and what the cable capped. */
static const int filled[] = { 7, 5, 9, 11, 13, 15 };

#define SYMBOLS (sizeof(filled) / sizeof(filled[0]))
#define CROSS	2

enum mark { MARK_REACHED, MARK_NOT_REACHED, MARK_CAPPED, MARKS };

static bool is_same_figure(const struct point *a, const struct point *b)
{
	for (size_t i = 0; i < COMMON; i++)
		if (a->value[common[i]] != b->value[common[i]])
			return false;
	return true;
}

bool paths_plot_fits(const struct matrix *matrix)
{
	return matrix->paths > 1 &&
	       !words_axis_varies(matrix, AXIS_SOCKET_SIZE) &&
	       !words_axis_varies(matrix, AXIS_MESSAGE_SIZE);
}

bool paths_plot_opens(const struct matrix *matrix, size_t point)
{
	for (size_t i = 0; i < point; i++)
		if (is_same_figure(&matrix->point[i], &matrix->point[point]))
			return false;
	return true;
}

static const struct stats_efficiency *efficiency_of(const struct cell *cell)
{
	return cell && cell->status != CELL_FAILED && cell->efficiency.valid
		       ? &cell->efficiency
		       : NULL;
}

/* In per cent. */
struct extent {
	bool any, marked[MARKS];
	double highest, top;
	size_t series;
};

static enum mark mark_of(const struct cell *cell)
{
	if (cell->status == CELL_CAPPED)
		return MARK_CAPPED;
	return cell->status == CELL_NOT_REACHED ? MARK_NOT_REACHED
						: MARK_REACHED;
}

static void measure_cell(const struct cell *cell, struct extent *extent,
			 double *estimate)
{
	const struct stats_efficiency *e = efficiency_of(cell);

	if (!e)
		return;
	extent->any = true;
	extent->marked[mark_of(cell)] = true;
	extent->highest = fmax(extent->highest, 100 * e->hi);
	*estimate = fmax(*estimate, 100 * e->ratio);
}

static void measure(const struct matrix *m, size_t first, struct extent *extent)
{
	double estimate = 0;

	memset(extent, 0, sizeof(*extent));
	for (size_t i = first; i < m->points; i++) {
		if (!is_same_figure(&m->point[i], &m->point[first]))
			continue;
		extent->series++;
		for (size_t path = 1; path < m->paths; path++)
			measure_cell(matrix_cell(m, i, path), extent,
				     &estimate);
	}
	extent->top =
		fmax(105, fmin(extent->highest, SCRIPT_BEYOND * estimate) + 2);
}

bool paths_plot_has_data(const struct matrix *matrix, size_t point)
{
	struct extent extent;

	measure(matrix, point, &extent);
	return extent.any;
}

void paths_plot_name(const struct matrix *matrix, size_t point, char *name,
		     size_t size)
{
	const int64_t *v = matrix->point[point].value;
	char workload[32] = "";

	if (words_axis_varies(matrix, AXIS_WORKLOAD)) {
		workload[0] = '-';
		axis_format(AXIS_WORKLOAD, v[AXIS_WORKLOAD], workload + 1,
			    sizeof(workload) - 1);
	}
	snprintf(name, size, "paths-mtu-%" PRId64 "%s", v[AXIS_MTU], workload);
}

void paths_plot_title(const struct matrix *matrix, size_t point, char *title,
		      size_t size)
{
	const int64_t *v = matrix->point[point].value;
	char workload[32];

	axis_format(AXIS_WORKLOAD, v[AXIS_WORKLOAD], workload,
		    sizeof(workload));
	snprintf(title, size, "%s, MTU %" PRId64, workload, v[AXIS_MTU]);
}

/* "send, offload off": what tells the points of a figure apart. */
static void name_series(const struct matrix *m, const struct point *point,
			char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (enum axis axis = 0; axis < AXIS_COUNT; axis++) {
		bool is_common = false;
		char value[32];

		for (size_t i = 0; i < COMMON; i++)
			is_common |= common[i] == axis;
		if (is_common || !words_axis_varies(m, axis) || used >= size)
			continue;
		axis_format(axis, point->value[axis], value, sizeof(value));
		used += (size_t)snprintf(
			buf + used, size - used, "%s%s%s%s", used ? ", " : "",
			axis == AXIS_DIRECTION ? "" : axis_table[axis].name,
			axis == AXIS_DIRECTION ? "" : " ", value);
	}
	if (!used)
		snprintf(buf, size, "efficiency");
}

/* Rows go downward, the points of a path one below the other. */
static double row_of(size_t path, size_t nth, size_t series)
{
	return (double)path + 0.7 * ((double)nth + 0.5) / (double)series - 0.35;
}

static void write_row(FILE *out, const struct matrix *m,
		      const struct cell *cell, size_t path, double row)
{
	const struct stats_efficiency *e = efficiency_of(cell);
	const struct stats_mean *t = cell ? &cell->throughput : NULL;

	fprintf(out, "%.4f\t", row);
	if (e)
		fprintf(out, "%.9g\t%.9g\t%.9g\t%d", 100 * e->ratio,
			100 * e->lo, 100 * e->hi, (int)mark_of(cell));
	else
		fprintf(out, "NaN\tNaN\tNaN\t%d",
			cell && cell->status == CELL_FAILED ? -1 : 0);
	if (t && t->valid)
		fprintf(out, "\t%.9g\t%.9g\t%.9g", t->mean, t->lo, t->hi);
	else
		fputs("\tNaN\tNaN\tNaN", out);
	fprintf(out, "\t%s\n", m->path[path].name);
}

static void write_data(FILE *out, const struct matrix *m, size_t first)
{
	struct extent extent;
	size_t nth = 0;

	measure(m, first, &extent);
	fputs("# row, efficiency in % and the ends of its 95 % interval, mark "
	      "(0 reached,\n# 1 not reached, 2 capped by the link, -1 failed), "
	      "throughput in 10^6 bit/s and\n# the ends of its interval, "
	      "path\n",
	      out);
	for (size_t i = first; i < m->points; i++) {
		char name[WORDS_MAX];

		if (!is_same_figure(&m->point[i], &m->point[first]))
			continue;
		name_series(m, &m->point[i], name, sizeof(name));
		fprintf(out, "%s# %s\n", nth ? "\n\n" : "", name);
		for (size_t path = 1; path < m->paths; path++)
			write_row(out, m, matrix_cell(m, i, path), path,
				  row_of(path, nth, extent.series));
		nth++;
	}
}

/* In dots of SVG. */
#define ABOVE	40
#define BELOW	56
#define KEY_ROW 20
#define ROW	17 /* of a point */

/* The key has two columns. */
static size_t count_key_rows(const struct extent *extent)
{
	return (extent->series + 1) / 2;
}

static void write_terminals(FILE *out, const struct matrix *m,
			    const struct extent *extent, const char *name)
{
	int below = BELOW + KEY_ROW * (int)count_key_rows(extent);
	int height = ABOVE + below +
		     ROW * (int)((m->paths - 1) * (extent->series + 1));

	fprintf(out,
		"# Drawn by vazao from %s.dat. To change it, edit and run\n"
		"#   gnuplot -e \"format='pdf'\" %s.gp      (or svg, png)\n"
		"reset\nset encoding utf8\n"
		"if (!exists('format')) format = 'svg'\ndata = '%s.dat'\n"
		"small = 'Helvetica,7'\nmark = 0.8\n",
		name, name, name);
	fprintf(out,
		"if (format eq 'svg') set terminal svg noenhanced size 620,%d "
		"dynamic font 'Helvetica,13' background '#ffffff'; "
		"small = 'Helvetica,11'; mark = 0.55\n"
		"if (format eq 'png') set terminal pngcairo noenhanced size "
		"1240,%d font 'Helvetica,8' fontscale 2.6 linewidth 2 "
		"pointscale 2\n"
		"if (format eq 'pdf') set terminal pdfcairo noenhanced size "
		"12cm,%.2fcm font 'Helvetica,8' pointscale 0.55\n",
		height, 2 * height, 12.0 / 620 * height);
	fprintf(out,
		"set output '%s.'.format\n"
		"set tmargin at screen %.4f\nset bmargin at screen %.4f\n"
		"set rmargin at screen 0.96\n",
		name, 1 - (double)ABOVE / height, (double)below / height);
}

static void write_note(FILE *out, const struct matrix *m,
		       const struct extent *extent)
{
	const char *separator = "";

	fputs("set label '", out);
	if (extent->marked[MARK_NOT_REACHED]) {
		fprintf(out, "hollow: not within \302\261%.3g %%",
			100 * m->precision);
		separator = "; ";
	}
	if (extent->marked[MARK_CAPPED]) {
		fprintf(out, "%scross: capped by the cable", separator);
		separator = "; ";
	}
	if (extent->highest > extent->top)
		fprintf(out, "%sarrow: interval goes on", separator);
	fputs("' at screen 0.96,0.985 right font small tc rgb '#666666'\n",
	      out);
}

static void write_axes(FILE *out, const struct matrix *m, size_t first,
		       const struct extent *extent)
{
	char title[WORDS_MAX];

	paths_plot_title(m, first, title, sizeof(title));
	fputs("set label ", out);
	script_quote(out, title);
	fputs(" at screen 0.03,0.985 left\n"
	      "set border 1 lc rgb '#444444'\nset tics nomirror\n"
	      "set grid xtics lc rgb '#dddddd' lt 1\nset bars 0.4\n"
	      "set ytics scale 0 (",
	      out);
	for (size_t path = 1; path < m->paths; path++) {
		fputs(path > 1 ? ", " : "", out);
		script_quote(out, m->path[path].name);
		fprintf(out, " %zu", path);
	}
	fprintf(out,
		")\ntop = %.6g\nset xrange [0:top]\nset yrange [%.1f:0.5]\n",
		extent->top, (double)m->paths - 0.5);
	fputs("set key at screen 0.55,0.01 center bottom horizontal maxcols 2 "
	      "Left reverse samplen 1 width 1\nset xlabel ",
	      out);
	snprintf(title, sizeof(title), "Efficiency (%% of %.64s)",
		 m->path[0].name);
	script_quote(out, title);
	fputc('\n', out);
	write_note(out, m, extent);
}

static void write_failures(FILE *out, const struct matrix *m, size_t point,
			   size_t nth, const struct extent *extent)
{
	for (size_t path = 1; path < m->paths; path++) {
		const struct cell *cell = matrix_cell(m, point, path);

		if (cell && cell->status == CELL_FAILED)
			fprintf(out,
				"set label 'failed' at 1,%.4f left font small "
				"tc rgb '%s'\n",
				row_of(path, nth, extent->series),
				script_colors[nth % SCRIPT_COLORS]);
	}
}

static void write_series(FILE *out, const struct matrix *m, size_t point,
			 size_t nth, const struct extent *extent)
{
	const char *color = script_colors[nth % SCRIPT_COLORS];
	int symbol = filled[nth % SYMBOLS];
	const int symbols[MARKS] = { symbol, symbol - 1, CROSS };
	char name[WORDS_MAX];

	for (int mark = 0; mark < MARKS; mark++)
		if (extent->marked[mark])
			fprintf(out,
				", \\\n data index %zu using ($5==%d?$2:NaN):"
				"1:3:4 with xerrorbars pt %d ps mark lc rgb "
				"'%s' notitle",
				nth, mark, symbols[mark], color);
	if (extent->highest > extent->top)
		fprintf(out,
			", \\\n data index %zu using ($4>top?0.97*top:NaN):1:"
			"(0.03*top):(0) with vectors head filled size screen "
			"0.015,25 lc rgb '%s' notitle",
			nth, color);
	name_series(m, &m->point[point], name, sizeof(name));
	fprintf(out,
		", \\\n keyentry with points pt %d ps mark lc rgb '%s' "
		"title ",
		symbol, color);
	script_quote(out, name);
}

static void write_script(FILE *out, const struct matrix *m, size_t first,
			 const char *name)
{
	struct extent extent;
	size_t nth = 0;

	measure(m, first, &extent);
	write_terminals(out, m, &extent, name);
	write_axes(out, m, first, &extent);
	for (size_t i = first; i < m->points; i++)
		if (is_same_figure(&m->point[i], &m->point[first]))
			write_failures(out, m, i, nth++, &extent);
	fprintf(out, "set arrow from 100,graph 0 to 100,graph 1 nohead lc rgb "
		     "'#888888' back\nplot NaN notitle");
	nth = 0;
	for (size_t i = first; i < m->points; i++)
		if (is_same_figure(&m->point[i], &m->point[first]))
			write_series(out, m, i, nth++, &extent);
	fputs("\nset output\n", out);
}

int paths_plot_write(const struct matrix *matrix, size_t point, const char *dir,
		     struct err *err)
{
	struct script script;
	char name[128];
	int rc;

	paths_plot_name(matrix, point, name, sizeof(name));
	rc = script_open(&script, dir, name, "dat", err);
	if (rc)
		return rc;
	write_data(script.out, matrix, point);
	rc = script_close(&script, err);
	if (!rc)
		rc = script_open(&script, dir, name, "gp", err);
	if (rc)
		return rc;
	write_script(script.out, matrix, point, name);
	return script_close(&script, err);
}
