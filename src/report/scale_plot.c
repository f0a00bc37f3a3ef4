/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Throughput, cost, fairness and a neighbor's latency over the number of
 * pairs: four panels, a line a path. */
#include "report/scale.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "analysis/pairs.h"

static const char *const colors[] = { "#0072b2", "#d55e00", "#009e73",
				      "#cc79a7", "#e69f00", "#56b4e9" };

#define COLORS (sizeof(colors) / sizeof(colors[0]))

/* Columns of NAME.dat, from 1: pairs, then these with their intervals. */
enum { PAIRS = 1, SUM, SUM_LO, SUM_HI, CPU, JAIN, JAIN_LO, JAIN_HI, P50, P99 };

struct panel {
	const char *label;
	int value, lo, hi; /* columns; 0: no interval */
	const char *range;
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

static void write_head(FILE *out, const char *name, int panels)
{
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
		"1240,%d font 'Helvetica,8' fontscale 2.4 linewidth 2\n"
		"if (format eq 'pdf') set terminal pdfcairo noenhanced size "
		"12cm,%dcm font 'Helvetica,8'\n",
		220 * panels + 60, 440 * panels + 120, 4 * panels + 1);
	fprintf(out,
		"set output '%s.'.format\n"
		"set multiplot layout %d,1\n"
		"set border 3 lc rgb '#444444'\nset tics nomirror\n"
		"set grid ytics lc rgb '#dddddd' lt 1\nset bars 0.5\n"
		"set logscale x 2\nset lmargin 10\nset rmargin 3\n",
		name, panels);
}

static void write_lines(FILE *out, const struct matrix *m,
			const struct panel *panel)
{
	for (size_t path = 0; path < m->paths; path++) {
		const char *color = colors[path % COLORS];

		fprintf(out,
			"%s data index %zu using %d:%d with linespoints pt 7 "
			"ps 0.6 lw 1.5 lc rgb '%s' title '",
			path ? ", \\\n" : "plot", path, PAIRS, panel->value,
			color);
		for (const char *c = m->path[path].name; *c; c++)
			if (*c != '\'')
				fputc(*c, out);
		fputc('\'', out);
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
	fprintf(out, "set ylabel '%s'\nset yrange %s\n", panel->label,
		panel->range);
	fputs(first ? "set key top left horizontal\n" : "unset key\n", out);
	fprintf(out, "set xlabel '%s'\n", last ? "pairs at the same time" : "");
	write_lines(out, m, panel);
}

static void write_script(FILE *out, const struct matrix *m, size_t point,
			 const char *name)
{
	static const struct panel panels[] = {
		{ "all, 10^6 bit/s", SUM, SUM_LO, SUM_HI, "[0:*]" },
		{ "CPU us/KB", CPU, 0, 0, "[0:*]" },
		{ "Jain index", JAIN, JAIN_LO, JAIN_HI, "[*:1]" },
		{ "neighbor p99 us", P99, 0, 0, "[0:*]" },
	};
	int n = m->point[point].value[AXIS_NEIGHBOR] ? 4 : 3;
	struct pairs_curve curve;

	write_head(out, name, n);
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

static int close_file(FILE *out, const char *path, struct err *err)
{
	bool bad = ferror(out);

	if (fclose(out) == 0 && !bad)
		return 0;
	return err_sys(err, errno ? errno : EIO, "%s", path);
}

int scale_write_figure(const struct matrix *matrix, size_t point,
		       const char *dir, struct err *err)
{
	char name[32], path[4096];
	FILE *out;
	int rc;

	scale_name_figure(matrix, point, name, sizeof(name));
	snprintf(path, sizeof(path), "%s/%s.dat", dir, name);
	out = fopen(path, "w");
	if (!out)
		return err_sys(err, errno, "%s", path);
	write_data(out, matrix, point);
	rc = close_file(out, path, err);
	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/%s.gp", dir, name);
	out = fopen(path, "w");
	if (!out)
		return err_sys(err, errno, "%s", path);
	write_script(out, matrix, point, name);
	return close_file(out, path, err);
}
