/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Throughput, cost, fairness and a neighbor's latency over the number of
 * pairs: four panels, a line a path. */
#include "report/scale.h"

#include <stdio.h>
#include <string.h>

#include "analysis/pairs.h"
#include "report/script.h"

/* Columns of NAME.dat, from 1: pairs, then these with their intervals. */
enum { PAIRS = 1, SUM, SUM_LO, SUM_HI, CPU, JAIN, JAIN_LO, JAIN_HI, P50, P99 };

struct panel {
	const char *label;
	int value, lo, hi; /* columns; 0: no interval */
	const char *range;
	bool log;
};

void scale_name_figure(const struct matrix *matrix, size_t point, char *name,
		       size_t size)
{
	size_t nth = 0;

	for (size_t i = 0; i < point; i++)
		nth += pairs_opens(matrix, i);
	if (nth)
		snprintf(name, size, "scale-%zu", nth + 1);
	else
		snprintf(name, size, "scale");
}

static void put_number(FILE *out, bool valid, double value)
{
	if (valid)
		fprintf(out, "\t%.9g", value);
	else
		fputs("\tNaN", out);
}

static void put_row(FILE *out, const struct cell *cell)
{
	const struct stats_mean *t = &cell->throughput, *j = &cell->pairs.jain;
	const struct quantile *q = cell->exchange.latency;

	fprintf(out, "%d", (int)cell->point->value[AXIS_PAIRS]);
	put_number(out, t->valid, t->mean);
	put_number(out, t->valid, t->lo);
	put_number(out, t->valid, t->hi);
	put_number(out, cell->cpu_us_per_kb >= 0, cell->cpu_us_per_kb);
	put_number(out, j->valid, j->mean);
	put_number(out, j->valid, j->lo);
	put_number(out, j->valid, j->hi);
	put_number(out, q[0].value > 0, q[0].value / 1e3);
	put_number(out, q[1].value > 0, q[1].value / 1e3);
	fputc('\n', out);
}

static void write_data(FILE *out, const struct matrix *m, size_t point)
{
	fputs("# pairs\tmbps\tlo\thi\tus_per_kb\tjain\tlo\thi\tp50_us\tp99_us\n",
	      out);
	for (size_t path = 0; path < m->paths; path++) {
		struct pairs_curve curve;

		pairs_curve_of(m, point, path, &curve);
		fprintf(out, "%s# %s\n", path ? "\n\n" : "",
			m->path[path].name);
		for (size_t i = 0; i < curve.n; i++)
			put_row(out, curve.cell[i]);
	}
}

/* Rows of the key, in 80 letters a row; a sample takes 8. */
static int count_key_rows(const struct matrix *m)
{
	size_t letters = 0;

	for (size_t path = 0; path < m->paths; path++)
		letters += strlen(m->path[path].name) + 8;
	return (int)(1 + letters / 80);
}

/* In dots of SVG. */
#define PANEL	220
#define BETWEEN 32
#define BELOW	52
#define KEY_ROW 20

static void write_head(FILE *out, const struct matrix *m, const char *name,
		       int panels)
{
	int above = 12 + KEY_ROW * count_key_rows(m);
	int height = above + panels * PANEL + BELOW;

	fprintf(out,
		"# Drawn by vazao from %s.dat. To change it, edit and run\n"
		"#   gnuplot -e \"format='pdf'\" %s.gp      (or svg, png)\n"
		"reset\nset encoding utf8\n"
		"if (!exists('format')) format = 'svg'\ndata = '%s.dat'\n",
		name, name, name);
	fprintf(out,
		"if (format eq 'svg') set terminal svg noenhanced size 620,%d "
		"dynamic font 'Helvetica,13' background '#ffffff'\n"
		"if (format eq 'png') set terminal pngcairo noenhanced size "
		"1240,%d font 'Helvetica,8' fontscale 2.6 linewidth 2 "
		"pointscale 2\n"
		"if (format eq 'pdf') set terminal pdfcairo noenhanced size "
		"12cm,%.2fcm font 'Helvetica,8'\n",
		height, 2 * height, 12.0 / 620 * height);
	fprintf(out,
		"set output '%s.'.format\n"
		"set multiplot layout %d,1 margins screen 0.15,0.97,%.4f,%.4f "
		"spacing screen 0,%.4f\n"
		"set border 3 lc rgb '#444444'\nset tics nomirror\n"
		"set grid ytics lc rgb '#dddddd' lt 1\nset bars 0.5\n"
		"set logscale x 2\nset ylabel offset 0.5,0\n",
		name, panels, (double)BELOW / height,
		1 - (double)above / height, (double)BETWEEN / height);
}

static void write_lines(FILE *out, const struct matrix *m,
			const struct panel *panel)
{
	for (size_t path = 0; path < m->paths; path++) {
		const char *color = script_colors[path % SCRIPT_COLORS];

		fprintf(out,
			"%s data index %zu using %d:%d with linespoints pt 7 "
			"ps 0.6 lw 1.5 lc rgb '%s' title ",
			path ? ", \\\n" : "plot", path, PAIRS, panel->value,
			color);
		script_quote(out, m->path[path].name);
		if (panel->lo)
			fprintf(out,
				", \\\n data index %zu using %d:%d:%d:%d with "
				"yerrorbars pt 7 ps 0.6 lc rgb '%s' notitle",
				path, PAIRS, panel->value, panel->lo, panel->hi,
				color);
	}
	fputc('\n', out);
}

static void write_panel(FILE *out, const struct matrix *m,
			const struct panel *panel, bool first, bool last)
{
	fprintf(out, "set ylabel '%s'\nset yrange %s\n%sset logscale y\n",
		panel->label, panel->range, panel->log ? "" : "un");
	fputs(first ? "set key at screen 0.55,0.995 center top horizontal "
		      "Left reverse samplen 1.5 width 1\n"
		    : "unset key\n",
	      out);
	fprintf(out, "set xlabel '%s'\n", last ? "pairs at the same time" : "");
	write_lines(out, m, panel);
}

static void write_script(FILE *out, const struct matrix *m, size_t point,
			 const char *name)
{
	static const struct panel panels[] = {
		{ "all, 10^6 bit/s", SUM, SUM_LO, SUM_HI, "[0:*]", false },
		{ "CPU us/KB", CPU, 0, 0, "[0:*]", false },
		{ "Jain index", JAIN, JAIN_LO, JAIN_HI, "[*<0.98:1]", false },
		{ "neighbor p99 us", P99, 0, 0, "[*:*]", true },
	};
	int n = m->point[point].value[AXIS_NEIGHBOR] ? 4 : 3;
	struct pairs_curve curve;

	write_head(out, m, name, n);
	pairs_curve_of(m, point, 0, &curve);
	if (curve.n > 1) /* room for the outermost intervals */
		fprintf(out, "set xrange [%g:%g]\n",
			(double)curve.cell[0]->point->value[AXIS_PAIRS] / 1.1,
			(double)curve.cell[curve.n - 1]
					->point->value[AXIS_PAIRS] *
				1.1);
	for (int i = 0; i < n; i++)
		write_panel(out, m, &panels[i], i == 0, i == n - 1);
	fputs("unset multiplot\nset output\n", out);
}

int scale_write_figure(const struct matrix *matrix, size_t point,
		       const char *dir, struct err *err)
{
	struct script script;
	char name[32];
	int rc;

	scale_name_figure(matrix, point, name, sizeof(name));
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
