/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The figures of a validation: intervals sorted by their ratio, each about
 * the truth; and how often the truth is inside. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/gnuplot.h"
#include "report/validation.h"

/* Okabe and Ito's black, vermilion and blue, as report/plot.c. */
static const char head[] =
	"reset\nset encoding utf8\n"
	"set terminal svg size 720,340 font 'sans-serif,12' background 'white'\n"
	"set border 3; set tics nomirror out\n"
	"set grid y lc rgb '#dddddd' lt 1\n";

static FILE *open_file(const char *dir, const char *name, const char *ending,
		       struct err *err)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.%s", dir, name, ending);
	f = fopen(path, "we");
	if (!f)
		err_sys(err, errno, "%s", path);
	return f;
}

static int close_file(FILE *f, const char *name, struct err *err)
{
	return fclose(f) ? err_sys(err, errno, "%s", name) : 0;
}

static int compare_intervals(const void *a, const void *b)
{
	const struct validation_interval *x = a, *y = b;
	double u = x->ratio / x->truth, w = y->ratio / y->truth;

	return (u > w) - (u < w);
}

static int write_intervals(const struct validation_part *part, const char *dir,
			   const char *name, struct err *err)
{
	FILE *f = open_file(dir, name, "dat", err);

	if (!f)
		return -err->code;
	fputs("# rank, ratio over truth, lo, hi, contains the truth\n", f);
	for (size_t i = 0; i < part->intervals; i++) {
		const struct validation_interval *v = &part->interval[i];

		fprintf(f, "%zu %.6f %.6f %.6f %d\n", i + 1,
			v->ratio / v->truth, v->lo / v->truth, v->hi / v->truth,
			v->lo <= v->truth && v->truth <= v->hi);
	}
	return close_file(f, name, err);
}

static int write_script(const char *dir, const char *name, const char *title,
			struct err *err)
{
	FILE *f = open_file(dir, name, "gp", err);

	if (!f)
		return -err->code;
	fputs(head, f);
	fprintf(f,
		"set output '%s.svg'\n"
		"set title \"%s\"\n"
		"set xlabel 'intervals, sorted'\n"
		"set ylabel 'efficiency over its true value'\n"
		"set key top left\n"
		"plot '%s.dat' using 1:($5 > 0 ? $3 : 1/0):(0):($4-$3) with "
		"vectors nohead lw 1 lc rgb '#9ec9e2' title 'contains it', "
		"\\\n  '' using 1:($5 > 0 ? 1/0 : $3):(0):($4-$3) with vectors "
		"nohead lw 2 lc rgb '#d55e00' title 'misses it', \\\n"
		"  '' using 1:2 with points pt 7 ps 0.2 lc rgb '#0072b2' "
		"notitle, \\\n  1 lc rgb '#000000' lw 1 notitle\n",
		name, title, name);
	return close_file(f, name, err);
}

static int draw_intervals(const struct validation_part *part, const char *dir,
			  const char *name, const char *title, struct err *err)
{
	int rc;

	qsort(part->interval, part->intervals, sizeof(*part->interval),
	      compare_intervals);
	rc = write_intervals(part, dir, name, err);
	return rc ? rc : write_script(dir, name, title, err);
}

static void put_row(FILE *f, const char *label, const struct coverage *c,
		    int *row)
{
	if (!c->intervals)
		return;
	fprintf(f, "%d \"%s\" %.4f %.4f %.4f\n", ++*row, label, c->share,
		c->valid ? c->lower : c->share, c->valid ? c->upper : c->share);
}

static int write_coverage(const struct validation *v, const char *dir,
			  struct err *err)
{
	FILE *f = open_file(dir, "coverage", "dat", err);
	int row = 0, rc;

	if (!f)
		return -err->code;
	put_row(f, "A/A", &v->aa.coverage, &row);
	put_row(f, "injected", &v->injected.coverage, &row);
	put_row(f, "replay, twin", &v->replay.twin, &row);
	put_row(f, "replay, others", &v->replay.others, &row);
	put_row(f, "rule of 2007", &v->replay.control, &row);
	rc = close_file(f, "coverage.dat", err);
	if (rc)
		return rc;
	f = open_file(dir, "coverage", "gp", err);
	if (!f)
		return -err->code;
	fputs(head, f);
	fputs("set output 'coverage.svg'\n"
	      "set title 'How often the 95 % intervals contain the truth'\n"
	      "set ylabel 'share'\nset xrange [0.5:5.5]\n"
	      "set yrange [*<0.92:1]\nset key off\n"
	      "plot 0.95 lc rgb '#000000' lw 1, 'coverage.dat' "
	      "using 1:3:4:5:xtic(2) with yerrorbars pt 7 ps 1 lw 2 "
	      "lc rgb '#0072b2'\n",
	      f);
	return close_file(f, "coverage.gp", err);
}

int validation_draw(const struct validation *v, const char *dir,
		    struct err *err)
{
	const char *names[3];
	size_t n = 0;
	int rc = 0;

	if (v->aa.intervals) {
		names[n++] = "aa";
		rc = draw_intervals(&v->aa, dir, "aa",
				    "A/A: a second native path", err);
	}
	if (!rc && v->injected.intervals) {
		names[n++] = "injection";
		rc = draw_intervals(&v->injected, dir, "injection",
				    "Injected: 97 and 90 % of a capped rate",
				    err);
	}
	names[n++] = "coverage";
	if (!rc)
		rc = write_coverage(v, dir, err);
	return rc ? rc : gnuplot_run(dir, "svg", names, n, err);
}
