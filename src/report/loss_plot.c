/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/loss_plot.h"

#include <math.h>
#include <stdio.h>

#include "report/script.h"
#include "report/words.h"

struct extent {
	double least, most; /* of all rates and limits */
	size_t points;	    /* with any */
};

static const struct loss_search *rate_of(const struct cell *cell)
{
	const struct loss_search *r = &cell->no_loss.rate;

	return r->state != LOSS_SEARCH_UNKNOWN && r->rate > 0 ? r : NULL;
}

static bool has_rate(const struct matrix *m, size_t point)
{
	for (size_t p = 0; p < m->paths; p++)
		if (rate_of(matrix_cell(m, point, p)))
			return true;
	return false;
}

static void extend(struct extent *extent, double value)
{
	if (!(value > 0) || isinf(value))
		return;
	extent->least = fmin(extent->least, value);
	extent->most = fmax(extent->most, value);
}

static void measure(const struct matrix *m, struct extent *extent)
{
	*extent = (struct extent){ .least = INFINITY };
	for (size_t i = 0; i < m->points; i++) {
		extent->points += has_rate(m, i);
		for (size_t p = 0; p < m->paths; p++) {
			const struct cell *cell = matrix_cell(m, i, p);
			const struct loss_search *r = rate_of(cell);

			if (!r)
				continue;
			extend(extent, r->rate);
			extend(extent, r->lo);
			extend(extent, r->hi);
			if (cell->throughput.valid)
				extend(extent, cell->throughput.mean);
		}
	}
	extent->least /= 1.3;
	extent->most *= 1.3;
}

bool loss_plot_has_data(const struct matrix *matrix)
{
	struct extent extent;

	measure(matrix, &extent);
	return extent.points > 0;
}

/* A row for the point's name above those of its paths. */
static double row_of(const struct matrix *m, size_t nth, size_t path)
{
	return (double)(nth * (m->paths + 1) + path + 1);
}

static void put_number(FILE *out, double value)
{
	if (value > 0 && !isinf(value))
		fprintf(out, "\t%.9g", value);
	else
		fputs("\tNaN", out);
}

static void write_row(FILE *out, const struct matrix *m,
		      const struct cell *cell, double row)
{
	const struct loss_search *r = rate_of(cell);
	char point[WORDS_MAX];

	words_point(m, cell->point, point, sizeof(point));
	fprintf(out, "%g", row);
	put_number(out, r ? r->rate : NAN);
	/* an open end is an arrow's */
	put_number(out, r ? (r->lo > 0 ? r->lo : r->rate) : NAN);
	put_number(out, r ? (isinf(r->hi) ? r->rate : r->hi) : NAN);
	put_number(out, cell->throughput.valid ? cell->throughput.mean : NAN);
	fprintf(out, "\t%d\t\"%s\"\t\"%s\"\n", r && r->uneven,
		m->path[cell->path].name, point);
}

static void write_data(FILE *out, const struct matrix *m)
{
	fputs("# row, 10^6 bit/s without loss, the ends of its interval (an "
	      "open one: the rate),\n# received at overload, 1 for an uneven "
	      "offer, path, point\n",
	      out);
	for (size_t p = 0; p < m->paths; p++) {
		size_t nth = 0;

		fprintf(out, "%s# %s\n", p ? "\n\n" : "", m->path[p].name);
		for (size_t i = 0; i < m->points; i++)
			if (has_rate(m, i))
				write_row(out, m, matrix_cell(m, i, p),
					  row_of(m, nth++, p));
	}
}

/* In dots of SVG. */
#define ABOVE 48
#define BELOW 54
#define ROW   17

static void write_head(FILE *out, const struct matrix *m,
		       const struct extent *extent)
{
	int height = ABOVE + BELOW +
		     ROW * (int)(extent->points * (m->paths + 1) + 1);

	fprintf(out,
		"# Drawn by vazao from " LOSS_PLOT_NAME ".dat. To change it, "
		"edit and run\n"
		"#   gnuplot -e \"format='pdf'\" " LOSS_PLOT_NAME
		".gp      (or svg, png)\n"
		"reset\nset encoding utf8\n"
		"if (!exists('format')) format = 'svg'\n"
		"data = '" LOSS_PLOT_NAME ".dat'\nmark = 0.8\n"
		"if (format eq 'svg') set terminal svg noenhanced size 620,%d "
		"dynamic font 'Helvetica,13' background '#ffffff'; mark = 0.55\n"
		"if (format eq 'png') set terminal pngcairo noenhanced size "
		"1240,%d font 'Helvetica,8' fontscale 2.6 linewidth 2 "
		"pointscale 2\n"
		"if (format eq 'pdf') set terminal pdfcairo noenhanced size "
		"12cm,%.2fcm font 'Helvetica,8' pointscale 0.55\n"
		"set output '" LOSS_PLOT_NAME ".'.format\n",
		height, 2 * height, 12.0 / 620 * height);
	fprintf(out,
		"set tmargin at screen %.4f\nset bmargin at screen %.4f\n"
		"set rmargin at screen 0.96\nset lmargin at screen 0.14\n"
		"set border 1 lc rgb '#444444'\nset tics nomirror\n"
		"set grid xtics lc rgb '#dddddd' lt 1\nset bars 0.4\n"
		"set logscale x\nset xrange [%.6g:%.6g]\n"
		"set yrange [%zu:-0.5]\n"
		"set xlabel '10^6 bit/s of payload'\n"
		"set key at screen 0.55,0.99 center top horizontal "
		"maxrows 1 Left reverse samplen 1 width 1\n",
		1 - (double)ABOVE / height, (double)BELOW / height,
		extent->least, extent->most, extent->points * (m->paths + 1));
}

/* Which end is open, is where an arrow goes to. */
static void write_arrows(FILE *out, const struct matrix *m,
			 const struct cell *cell, double row)
{
	const struct loss_search *r = rate_of(cell);
	const char *color = script_colors[(size_t)cell->path % SCRIPT_COLORS];

	if (r && isinf(r->hi))
		fprintf(out,
			"set arrow from %.9g,%g to graph 1,first %g filled "
			"size screen 0.012,25 lc rgb '%s' dt 2\n",
			r->rate, row, row, color);
	if (r && r->lo <= 0)
		fprintf(out,
			"set arrow from %.9g,%g to graph 0,first %g filled "
			"size screen 0.012,25 lc rgb '%s' dt 2\n",
			r->rate, row, row, color);
	fprintf(out, "set label ");
	script_quote(out, m->path[cell->path].name);
	fprintf(out, " at graph -0.02,first %g right tc rgb '%s'\n", row,
		color);
}

static void write_rows(FILE *out, const struct matrix *m)
{
	size_t nth = 0;

	fputs("unset ytics\n", out);
	for (size_t i = 0; i < m->points; i++) {
		char point[WORDS_MAX];

		if (!has_rate(m, i))
			continue;
		words_point(m, &m->point[i], point, sizeof(point));
		fputs("set label ", out);
		script_quote(out, point);
		fprintf(out, " at graph 0,first %g left\n",
			row_of(m, nth, 0) - 1);
		for (size_t p = 0; p < m->paths; p++)
			write_arrows(out, m, matrix_cell(m, i, p),
				     row_of(m, nth, p));
		nth++;
	}
}

static void write_script(FILE *out, const struct matrix *m)
{
	struct extent extent;

	measure(m, &extent);
	write_head(out, m, &extent);
	write_rows(out, m);
	fputs("plot NaN notitle", out);
	for (size_t p = 0; p < m->paths; p++) {
		const char *color = script_colors[p % SCRIPT_COLORS];

		fprintf(out,
			", \\\n data index %zu using ($6==0?$2:NaN):1:3:4 with "
			"xerrorbars pt 7 ps mark lc rgb '%s' notitle"
			", \\\n data index %zu using ($6==1?$2:NaN):1:3:4 with "
			"xerrorbars pt 6 ps mark lc rgb '%s' notitle"
			", \\\n data index %zu using 5:1 with points pt 2 ps "
			"mark lc rgb '%s' notitle",
			p, color, p, color, p, color);
	}
	fputs(", \\\n keyentry with points pt 7 ps mark lc rgb '#444444' title "
	      "'without loss'"
	      ", \\\n keyentry with points pt 6 ps mark lc rgb '#444444' title "
	      "'unevenly offered'"
	      ", \\\n keyentry with points pt 2 ps mark lc rgb '#444444' title "
	      "'received at overload'\nset output\n",
	      out);
}

int loss_plot_write(const struct matrix *matrix, const char *dir,
		    struct err *err)
{
	struct script script;
	int rc = script_open(&script, dir, LOSS_PLOT_NAME, "dat", err);

	if (rc)
		return rc;
	write_data(script.out, matrix);
	rc = script_close(&script, err);
	if (!rc)
		rc = script_open(&script, dir, LOSS_PLOT_NAME, "gp", err);
	if (rc)
		return rc;
	write_script(script.out, matrix);
	return script_close(&script, err);
}
