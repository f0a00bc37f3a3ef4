/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/plot.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/script.h"
#include "report/words.h"

/* How a point is marked; the fifth column of NAME.dat. */
enum mark { MARK_REACHED, MARK_NOT_REACHED, MARK_CAPPED, MARKS };

/* gnuplot's point types come filled and hollow in pairs. */
#define SYMBOLS 6
static const int filled[SYMBOLS] = { 7, 5, 9, 11, 13, 15 };
#define HOLLOW(symbol) ((symbol)-1)
#define CROSS	       2

static int compare_values(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int64_t *plot_axis_values(const struct matrix *matrix, enum axis axis,
			  size_t *count)
{
	int64_t *value = calloc(matrix->points + 1, sizeof(*value));
	size_t n = 0;

	*count = 0;
	if (!value)
		return NULL;
	for (size_t i = 0; i < matrix->points; i++)
		value[i] = matrix->point[i].value[axis];
	qsort(value, matrix->points, sizeof(*value), compare_values);
	for (size_t i = 0; i < matrix->points; i++)
		if (n == 0 || value[i] != value[n - 1])
			value[n++] = value[i];
	*count = n;
	return value;
}

static const struct cell *find_cell(const struct matrix *m,
				    const struct point *point, size_t path)
{
	for (size_t i = 0; i < m->points; i++)
		if (point_equal(&m->point[i], point))
			return matrix_cell(m, i, path);
	return NULL;
}

static enum axis x_axis(const struct plot *plot)
{
	return plot->kind == PLOT_EXTREMES ? AXIS_SOCKET_SIZE
					   : AXIS_MESSAGE_SIZE;
}

/* Lines of the figure: a path each, or a socket size each. */
struct series {
	size_t count;
	int64_t *socket; /* NULL: paths */
	int64_t *x;
	size_t xs;
};

static int series_open(const struct plot *plot, struct series *series)
{
	memset(series, 0, sizeof(*series));
	series->count = plot->matrix->paths;
	series->x = plot_axis_values(plot->matrix, x_axis(plot), &series->xs);
	if (plot->kind != PLOT_EXTREMES)
		series->socket = plot_axis_values(
			plot->matrix, AXIS_SOCKET_SIZE, &series->count);
	if (series->x && (series->socket || plot->kind == PLOT_EXTREMES))
		return 0;
	free(series->x);
	free(series->socket);
	return -ENOMEM;
}

static void series_close(struct series *series)
{
	free(series->x);
	free(series->socket);
}

static void series_name(const struct plot *plot, const struct series *series,
			size_t line, char *buf, size_t size)
{
	if (series->socket)
		words_size(series->socket[line], buf, size);
	else
		snprintf(buf, size, "%s", plot->matrix->path[line].name);
}

static const struct cell *cell_at(const struct plot *plot,
				  const struct series *series, size_t line,
				  size_t x)
{
	struct point point = plot->point;
	size_t path = series->socket ? plot->path : line;

	point.value[x_axis(plot)] = series->x[x];
	if (series->socket)
		point.value[AXIS_SOCKET_SIZE] = series->socket[line];
	return find_cell(plot->matrix, &point, path);
}

/* Where a size stands on the log axis: the kernel's own sizing, 0, one step
 * before the smallest. */
static double position(const struct series *series, size_t x)
{
	if (series->x[x] > 0)
		return (double)series->x[x];
	return series->xs > 1 ? (double)series->x[1] / 2 : 1;
}

struct value {
	double mean, lo, hi;
	enum mark mark;
	bool valid;
};

static void value_of(const struct plot *plot, const struct cell *cell,
		     struct value *v)
{
	memset(v, 0, sizeof(*v));
	if (!cell || cell->status == CELL_FAILED)
		return;
	if (cell->status == CELL_NOT_REACHED)
		v->mark = MARK_NOT_REACHED;
	if (plot->kind == PLOT_EFFICIENCY) {
		const struct stats_efficiency *e = &cell->efficiency;

		v->valid = e->valid;
		v->mean = 100 * e->ratio;
		v->lo = 100 * e->lo;
		v->hi = 100 * e->hi;
		if (cell->status == CELL_CAPPED)
			v->mark = MARK_CAPPED;
	} else {
		v->valid = cell->throughput.valid;
		v->mean = cell->throughput.mean;
		v->lo = cell->throughput.lo;
		v->hi = cell->throughput.hi;
	}
}

/* What the script has to know of the numbers. */
struct extent {
	bool any, marked[MARKS];
	double lowest, highest; /* ends of intervals */
	double top;		/* of what is drawn of them */
};

static void measure(const struct plot *plot, const struct series *series,
		    struct extent *extent)
{
	double estimate = 0;

	*extent = (struct extent){ .lowest = HUGE_VAL };
	for (size_t line = 0; line < series->count; line++)
		for (size_t x = 0; x < series->xs; x++) {
			struct value v;

			value_of(plot, cell_at(plot, series, line, x), &v);
			if (!v.valid)
				continue;
			extent->any = true;
			extent->marked[v.mark] = true;
			extent->lowest = fmin(extent->lowest, v.lo);
			extent->highest = fmax(extent->highest, v.hi);
			estimate = fmax(estimate, v.mean);
		}
	/* an interval of two blocks may be 50 times its estimate: the axis
	 * would be of nothing else */
	extent->top = fmin(extent->highest, SCRIPT_BEYOND * estimate);
}

bool plot_has_data(const struct plot *plot)
{
	struct series series;
	struct extent extent;

	if (series_open(plot, &series) < 0)
		return false;
	measure(plot, &series, &extent);
	series_close(&series);
	return extent.any;
}

static void write_data(FILE *out, const struct plot *plot,
		       const struct series *series)
{
	fprintf(out,
		"# %s. One block of lines a line of the figure.\n"
		"# %s in bytes, %s, lower and upper end of its 95 %% "
		"interval,\n"
		"# mark: 0 reached, 1 not reached, 2 capped by the link\n",
		plot->title, axis_table[x_axis(plot)].name,
		plot->kind == PLOT_EFFICIENCY ? "efficiency in %"
					      : "throughput in 10^6 bit/s");
	for (size_t line = 0; line < series->count; line++) {
		char name[64];

		series_name(plot, series, line, name, sizeof(name));
		fprintf(out, "%s# %s\n", line ? "\n\n" : "", name);
		for (size_t x = 0; x < series->xs; x++) {
			struct value v;

			value_of(plot, cell_at(plot, series, line, x), &v);
			fprintf(out, "%.15g ", position(series, x));
			if (v.valid)
				fprintf(out, "%.9g %.9g %.9g %d\n", v.mean,
					v.lo, v.hi, (int)v.mark);
			else
				fputs("NaN NaN NaN 0\n", out);
		}
	}
}

static void put_setting(FILE *out, const char *setting, const char *text)
{
	fprintf(out, "set %s ", setting);
	script_quote(out, text);
	fputc('\n', out);
}

/*
 * 8.5 cm wide, as a column of a paper is, letters of 8 pt: at 300 dots an
 * inch in PNG; SVG is for screens, half as large again. `mark` is the size of
 * points there, `small` the font of ticks.
 */
static void write_terminals(FILE *out, const struct plot *plot)
{
	fprintf(out,
		"# %s\n"
		"# Drawn by vazao from %s.dat. To change it, edit and run\n"
		"#   gnuplot -e \"format='pdf'\" %s.gp      (or svg, png)\n"
		"# Lines stand a little aside of each other, so that their "
		"intervals can be\n"
		"# told apart; the data have the true sizes.\n"
		"reset\n"
		"set encoding utf8\n"
		"if (!exists('format')) format = 'svg'\n"
		"data = '%s.dat'\n"
		"small = 'Helvetica,7'\n"
		"mark = 0.8\n",
		plot->title, plot->name, plot->name, plot->name);
	fputs("if (format eq 'svg') set terminal svg noenhanced "
	      "size 480,380 dynamic font 'Helvetica,13' "
	      "background '#ffffff'; small = 'Helvetica,11'; mark = 0.55\n"
	      "if (format eq 'png') set terminal pngcairo noenhanced "
	      "size 1004,795 font 'Helvetica,8' fontscale 3.3 "
	      "linewidth 2.6 pointscale 2\n"
	      "if (format eq 'pdf') set terminal pdfcairo noenhanced "
	      "size 8.5cm,6.73cm font 'Helvetica,8' linewidth 1 "
	      "pointscale 0.55\n",
	      out);
	fprintf(out, "set output '%s.'.format\n", plot->name);
}

/* Of a tick's label, as shares of the x axis' length. */
#define LETTER 0.027
#define GAP    0.012

/* Labels that would touch go down a row, by turns; did any? */
static bool write_tics(FILE *out, const struct series *series, double left,
		       double right)
{
	double span = log2(right / left), end = -1;
	bool any_down = false;

	fputs("set tics font small\nset xtics (", out);
	for (size_t x = 0; x < series->xs; x++) {
		char label[WORDS_MAX];
		double at = log2(position(series, x) / left) / span, half;
		bool down;

		words_size(series->x[x], label, sizeof(label));
		half = (double)strlen(label) * LETTER / 2;
		down = at - half < end;
		any_down = any_down || down;
		if (!down)
			end = at + half + GAP;
		fprintf(out, "%s\"%s%s\" %.15g", x ? ", " : "",
			down ? "\\n" : "", label, position(series, x));
	}
	fprintf(out, ")\nset xrange [%.6g:%.6g]\n", left, right);
	return any_down;
}

/* Does an interval go on beyond the axis? */
static bool is_clipped(const struct extent *extent)
{
	return extent->highest > extent->top || extent->lowest < 0;
}

static void write_y_axis(FILE *out, const struct plot *plot,
			 const struct extent *extent)
{
	char label[WORDS_MAX];
	double lowest = 0;

	if (plot->kind != PLOT_EFFICIENCY) {
		fputs("set ylabel 'Throughput (Mbit/s)'\n", out);
		if (is_clipped(extent))
			fprintf(out, "top = %.6g\nset yrange [0:top]\n",
				extent->top);
		else
			fputs("set yrange [0:*]\n", out);
		return;
	}
	snprintf(label, sizeof(label), "Efficiency (%% of %s)",
		 plot->matrix->path[0].name);
	put_setting(out, "ylabel", label);
	/* Efficiencies near 1 would be a bundle of lines below the top. */
	if (extent->lowest >= 60)
		lowest = 10 * floor(extent->lowest / 10) - 10;
	fprintf(out, "top = %.6g\nset yrange [%g:top]\n",
		extent->top + fmax(0.05 * (100 - lowest), 105 - extent->top),
		lowest);
}

/*
 * The key stands in rows below the axis' label, in room made for it: gnuplot
 * itself lets the two touch, and puts all in one column where one is long.
 */
static void write_key(FILE *out, const struct plot *plot,
		      const struct series *series, const struct extent *extent,
		      bool two_rows_of_tics)
{
	const size_t letters = 46; /* of the width, a sample takes 6 */
	size_t longest = 4, columns, rows;
	size_t entries = series->count + extent->marked[MARK_CAPPED] +
			 (plot->matrix->link_bps > 0);

	for (size_t line = 0; line < series->count; line++) {
		char name[64];

		series_name(plot, series, line, name, sizeof(name));
		if (strlen(name) > longest)
			longest = strlen(name);
	}
	columns = letters / (longest + 6);
	columns = columns ? columns : 1;
	rows = (entries + columns - 1) / columns;
	fprintf(out,
		"set key at screen 0.53,0.02 bottom center horizontal "
		"maxcols %zu Left reverse samplen 1.5 width 0.5\n"
		"set bmargin %.1f\n",
		columns, 3.4 + 1.1 * (double)rows + 0.8 * two_rows_of_tics);
}

/* What the marks mean that the key does not have. */
static void write_note(FILE *out, const struct plot *plot,
		       const struct extent *extent)
{
	bool hollow = extent->marked[MARK_NOT_REACHED];
	bool arrow = is_clipped(extent);

	if (!hollow && !arrow)
		return;
	fputs("set label '", out);
	if (hollow)
		fprintf(out, "hollow: not within \302\261%.3g %%",
			100 * plot->matrix->precision);
	fprintf(out,
		"%s%s' at screen 0.99,0.97 right font small tc rgb "
		"'#666666'\n",
		hollow && arrow ? "; " : "",
		arrow ? "arrow: interval goes on" : "");
}

static void write_axes(FILE *out, const struct plot *plot,
		       const struct series *series, const struct extent *extent)
{
	bool extremes = plot->kind == PLOT_EXTREMES;
	char title[sizeof(plot->title) + 32];
	bool down;

	fputs("set title offset 0,-0.4\nset title ", out);
	snprintf(title, sizeof(title), "%s, by %s", plot->title,
		 extremes ? "path" : "socket size");
	script_quote(out, title);
	fputs("\nset border 3 lc rgb '#444444'\nset tics nomirror\n"
	      "set grid ytics lc rgb '#dddddd' lt 1\nset bars 0.5\n"
	      "set logscale x 2\n",
	      out);
	down = write_tics(out, series, position(series, 0) / 1.4,
			  position(series, series->xs - 1) * 1.4);
	fprintf(out, "set xlabel offset 0,%g\n", down ? -0.4 : 0.2);
	put_setting(out, "xlabel",
		    extremes ? "Socket size (bytes)" : "Message size (bytes)");
	write_y_axis(out, plot, extent);
	write_key(out, plot, series, extent, down);
	write_note(out, plot, extent);
}

/* Styles 1, 2, ... of the lines; 101, ... and 201, ... where the mark says
 * more. */
static void write_styles(FILE *out, const struct series *series)
{
	for (size_t line = 0; line < series->count; line++) {
		int symbol = filled[line % SYMBOLS];
		const int symbols[MARKS] = { symbol, HOLLOW(symbol), CROSS };

		for (int mark = 0; mark < MARKS; mark++)
			fprintf(out,
				"set style line %zu lc rgb '%s' dt %zu pt %d "
				"ps mark\n",
				100 * (size_t)mark + line + 1,
				script_colors[line % SCRIPT_COLORS],
				1 + line / SCRIPT_COLORS, symbols[mark]);
	}
}

/*
 * Lines that run together would hide each other's intervals: each is moved
 * aside by a factor, all of them over a third of the least step between two
 * sizes.
 */
static double shift(const struct series *series, size_t line)
{
	double step = 1, middle = ((double)series->count - 1) / 2;

	for (size_t x = 1; x < series->xs; x++)
		step = fmin(step, log2(position(series, x) /
				       position(series, x - 1)));
	if (series->count < 2)
		return 1;
	return exp2(step / 3 * ((double)line - middle) / (2 * middle));
}

/* The ends that the axis does not have. */
static void write_arrows(FILE *out, const struct plot *plot,
			 const struct series *series,
			 const struct extent *extent, size_t line)
{
	bool up = false, down = false;

	for (size_t x = 0; x < series->xs; x++) {
		struct value v;

		value_of(plot, cell_at(plot, series, line, x), &v);
		up = up || (v.valid && v.hi > extent->top);
		down = down || (v.valid && v.lo < 0);
	}
	if (up)
		fprintf(out,
			" data index %zu using ($1*%.4f):($4>top?0.95*top:NaN)"
			":(0):(0.05*top) with vectors head filled size screen "
			"0.015,25 ls %zu notitle, \\\n",
			line, shift(series, line), line + 1);
	if (down)
		fprintf(out,
			" data index %zu using ($1*%.4f):($3<0?0.05*top:NaN)"
			":(0):(-0.05*top) with vectors head filled size screen "
			"0.015,25 ls %zu notitle, \\\n",
			line, shift(series, line), line + 1);
}

static void write_line(FILE *out, const struct plot *plot,
		       const struct series *series, const struct extent *extent,
		       size_t line)
{
	double by = shift(series, line);
	char name[64];

	fprintf(out,
		" data index %zu using ($1*%.4f):2 with lines ls %zu "
		"notitle, \\\n",
		line, by, line + 1);
	for (int mark = 0; mark < MARKS; mark++)
		if (extent->marked[mark])
			fprintf(out,
				" data index %zu using ($1*%.4f):($5==%d?$2:NaN)"
				":3:4 with yerrorbars ls %zu notitle, \\\n",
				line, by, mark, 100 * (size_t)mark + line + 1);
	write_arrows(out, plot, series, extent, line);
	series_name(plot, series, line, name, sizeof(name));
	fprintf(out, " keyentry with linespoints ls %zu title ", line + 1);
	script_quote(out, name);
}

static void write_plot(FILE *out, const struct plot *plot,
		       const struct series *series, const struct extent *extent)
{
	const struct matrix *m = plot->matrix;
	double link = matrix_link_mbps(m->link_bps, &plot->point);

	write_styles(out, series);
	fputs("plot \\\n", out);
	if (plot->kind == PLOT_EFFICIENCY)
		fputs(" 100 with lines lw 1 lc rgb '#888888' notitle, \\\n",
		      out);
	else if (link > 0)
		fprintf(out,
			" %.9g with lines lw 1 dt 3 lc rgb '#888888' "
			"notitle, \\\n",
			link);
	for (size_t line = 0; line < series->count; line++) {
		if (line)
			fputs(", \\\n", out);
		write_line(out, plot, series, extent, line);
	}
	if (link > 0 && plot->kind != PLOT_EFFICIENCY)
		fputs(", \\\n keyentry with lines lw 1 dt 3 lc rgb '#888888' "
		      "title 'link'",
		      out);
	if (extent->marked[MARK_CAPPED])
		fprintf(out,
			", \\\n keyentry with points pt %d ps mark lc rgb "
			"'#444444' title 'capped'",
			CROSS);
	fputs("\nset output\n", out);
}

int plot_write(const struct plot *plot, const char *dir, struct err *err)
{
	struct series series;
	struct extent extent;
	struct script script;
	int rc;

	if (series_open(plot, &series) < 0)
		return err_sys(err, ENOMEM, "%s", plot->name);
	measure(plot, &series, &extent);
	rc = script_open(&script, dir, plot->name, "dat", err);
	if (rc)
		goto out;
	write_data(script.out, plot, &series);
	rc = script_close(&script, err);
	if (!rc)
		rc = script_open(&script, dir, plot->name, "gp", err);
	if (rc)
		goto out;
	write_terminals(script.out, plot);
	write_axes(script.out, plot, &series, &extent);
	write_plot(script.out, plot, &series, &extent);
	rc = script_close(&script, err);
out:
	series_close(&series);
	return rc;
}
