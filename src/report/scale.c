/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/scale.h"

#include <stdio.h>
#include <string.h>

#include "analysis/pairs.h"
#include "report/words.h"

#define TEXT 160

static void say_interval(const char *format, const double v[3], char *buf,
			 size_t size)
{
	char text[3][32];

	for (int i = 0; i < 3; i++)
		snprintf(text[i], sizeof(text[i]), format, v[i]);
	snprintf(buf, size, "%s (%s - %s)", text[0], text[1], text[2]);
}

static void say_throughput(const struct cell *cell, char *buf, size_t size)
{
	const struct stats_mean *t = &cell->throughput;
	char mean[32], lo[32], hi[32];

	words_mbps(t->mean, mean, sizeof(mean));
	words_mbps(t->lo, lo, sizeof(lo));
	words_mbps(t->hi, hi, sizeof(hi));
	snprintf(buf, size, "%s (%s - %s)", mean, lo, hi);
}

static void say_pair(const struct cell *cell, char *buf, size_t size)
{
	char lo[32], hi[32];

	words_mbps(cell->pairs.min_mbps, lo, sizeof(lo));
	words_mbps(cell->pairs.max_mbps, hi, sizeof(hi));
	snprintf(buf, size, "%s - %s", cell->pairs.pairs ? lo : "",
		 cell->pairs.pairs ? hi : "");
}

static void say_latency(const struct cell *cell, char *buf, size_t size)
{
	const struct quantile *q = cell->exchange.latency;

	if (q[0].value > 0)
		snprintf(buf, size, "%.0f / %.0f", q[0].value / 1e3,
			 q[1].value / 1e3);
}

static void put_row(const struct prose *prose, const struct cell *cell)
{
	const struct stats_mean *j = &cell->pairs.jain;
	char sum[TEXT], pair[TEXT], jain[TEXT] = "", cpu[32] = "";
	char efficiency[32] = "", latency[64] = "";

	say_throughput(cell, sum, sizeof(sum));
	say_pair(cell, pair, sizeof(pair));
	say_latency(cell, latency, sizeof(latency));
	if (j->valid)
		say_interval("%.4f", (double[]){ j->mean, j->lo, j->hi }, jain,
			     sizeof(jain));
	if (cell->cpu_us_per_kb >= 0)
		snprintf(cpu, sizeof(cpu), "%.2f", cell->cpu_us_per_kb);
	if (cell->path && cell->efficiency.valid)
		words_share(cell->efficiency.ratio, efficiency,
			    sizeof(efficiency));
	prose_line(prose, "%5d  %-22s  %-13s  %-25s  %6s  %6s  %s",
		   (int)cell->point->value[AXIS_PAIRS], sum, pair, jain, cpu,
		   efficiency, latency);
}

static void say_bend(const char *path, const struct pairs_curve *curve,
		     char *buf, size_t size)
{
	const struct stats_bend *b = &curve->bend;

	if (!b->valid)
		snprintf(buf, size, "%s: too little was measured for a curve.",
			 path);
	else if (b->open)
		snprintf(buf, size,
			 "%s does not bend up to %d pairs (95 %%: at %d or "
			 "later): each more brings at least half of what the "
			 "first has.",
			 path, b->at, b->lo);
	else
		snprintf(
			buf, size,
			"%s bends at %d pair%s (95 %%: %d to %d%s): from there "
			"on one more brings less than half of what the first "
			"has.",
			path, b->at, b->at == 1 ? "" : "s", b->lo, b->hi,
			b->hi_open ? " or later" : "");
}

static void put_curve(const struct matrix *m, const struct prose *prose,
		      size_t point, size_t path)
{
	struct pairs_curve curve;
	char bend[2 * TEXT];

	pairs_curve_of(m, point, path, &curve);
	if (!curve.n)
		return;
	say_bend(m->path[path].name, &curve, bend, sizeof(bend));
	prose_paragraph(prose, "%s", bend);
	prose_begin_lines(prose);
	prose_line(prose, "%5s  %-22s  %-13s  %-25s  %6s  %6s  %s", "pairs",
		   "all, 10^6 bit/s", "a pair", "Jain's index", "us/KB",
		   path ? "effic." : "",
		   m->point[point].value[AXIS_NEIGHBOR] ? "neighbor p50/p99 us"
							: "");
	for (size_t i = 0; i < curve.n; i++)
		put_row(prose, curve.cell[i]);
	prose_end_lines(prose);
}

/* What the points of a set have in common, as a title. */
static void say_set(const struct matrix *m, size_t point, char *buf,
		    size_t size)
{
	struct point common = m->point[point];

	common.value[AXIS_PAIRS] = axis_table[AXIS_PAIRS].fallback;
	point_format(&common, buf, size);
}

/* From the first to the last of a curve. */
static void put_change(const struct prose *prose, const char *path,
		       const struct pairs_curve *curve)
{
	const struct cell *a = curve->cell[0], *b = curve->cell[curve->n - 1];
	const struct quantile *p = &a->exchange.latency[1];
	const struct quantile *q = &b->exchange.latency[1];
	char from[32], to[32], cpu[64] = "", p99[80] = "", jain[64] = "";

	words_mbps(a->throughput.mean, from, sizeof(from));
	words_mbps(b->throughput.mean, to, sizeof(to));
	if (a->cpu_us_per_kb >= 0 && b->cpu_us_per_kb >= 0)
		snprintf(cpu, sizeof(cpu), ", CPU %.2f to %.2f us/KB",
			 a->cpu_us_per_kb, b->cpu_us_per_kb);
	if (b->pairs.jain.valid)
		snprintf(jain, sizeof(jain), ", Jain's index %.3f at the last",
			 b->pairs.jain.mean);
	if (p->value > 0 && q->value > 0)
		snprintf(p99, sizeof(p99),
			 ", an idle neighbor's p99 %.0f to %.0f us",
			 p->value / 1e3, q->value / 1e3);
	prose_bullet(
		prose, "%s from %d to %d pairs: %s to %s 10^6 bit/s%s%s%s.",
		path, (int)a->point->value[AXIS_PAIRS],
		(int)b->point->value[AXIS_PAIRS], from, to, cpu, jain, p99);
}

static void put_findings(const struct matrix *m, const struct prose *prose,
			 size_t point)
{
	for (size_t path = 0; path < m->paths; path++) {
		struct pairs_curve curve;
		char bend[2 * TEXT];

		pairs_curve_of(m, point, path, &curve);
		if (curve.n < 2)
			continue;
		say_bend(m->path[path].name, &curve, bend, sizeof(bend));
		prose_bullet(prose, "%s", bend);
		put_change(prose, m->path[path].name, &curve);
	}
}

void scale_write_findings(const struct matrix *matrix,
			  const struct prose *prose)
{
	for (size_t i = 0; i < matrix->points; i++) {
		char common[WORDS_MAX];

		if (!pairs_opens(matrix, i))
			continue;
		say_set(matrix, i, common, sizeof(common));
		prose_heading(prose, "Guests at the same time: %s", common);
		put_findings(matrix, prose, i);
	}
}

void scale_write(const struct matrix *matrix, const struct prose *prose)
{
	for (size_t i = 0; i < matrix->points; i++) {
		char common[WORDS_MAX];

		if (!pairs_opens(matrix, i))
			continue;
		say_set(matrix, i, common, sizeof(common));
		prose_heading(prose, "Pairs at the same time: %s", common);
		for (size_t path = 0; path < matrix->paths; path++)
			put_curve(matrix, prose, i, path);
	}
}

static json_t *or_null(bool known, int value)
{
	return known ? json_integer(value) : json_null();
}

json_t *scale_to_json(const struct matrix *matrix)
{
	json_t *list = NULL;

	for (size_t i = 0; i < matrix->points; i++)
		for (size_t path = 0;
		     path < matrix->paths && pairs_opens(matrix, i); path++) {
			struct pairs_curve c;
			char common[WORDS_MAX];

			pairs_curve_of(matrix, i, path, &c);
			say_set(matrix, i, common, sizeof(common));
			if (!list)
				list = json_array();
			json_array_append_new(
				list,
				json_pack(
					"{ss ss so so so}", "path",
					matrix->path[path].name, "points",
					common, "bend",
					or_null(c.bend.valid && !c.bend.open,
						c.bend.at),
					"bend_lo",
					or_null(c.bend.valid, c.bend.lo),
					"bend_hi",
					or_null(c.bend.valid && !c.bend.hi_open,
						c.bend.hi)));
		}
	return list;
}
