/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How throughput grows with the cables, in words and as JSON. */
#include "report/scaling_text.h"

#include <stdio.h>
#include <string.h>

#include "report/words.h"

/* The model is off by so much of a rate: one exponent says too little. */
#define MISFIT 0.05

/* "1, 2, 4 cables: 94, 188, 371 Mbit/s" */
static void put_rates(const struct scaling_case *c, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < c->sizes && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%.0f",
					 i ? ", " : "", c->cables[i]);
	used += (size_t)snprintf(buf + used, size - used, " cables: ");
	for (size_t i = 0; i < c->sizes && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%.4g",
					 i ? ", " : "", c->fit.mean[i]);
	snprintf(buf + used, size - used, " Mbit/s");
}

/* "with 2 99.1 % (98.7-99.5), with 4 ..." */
static void put_each(const struct scaling_case *c, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 1; i < c->sizes && used < size; i++) {
		const struct stats_efficiency *e = &c->fit.each[i];

		used += (size_t)snprintf(
			buf + used, size - used,
			"%swith %.0f %.1f %% (%.1f-%.1f)", i > 1 ? ", " : "",
			c->cables[i], 100 * e->ratio, 100 * e->lo, 100 * e->hi);
	}
}

static void write_case(const struct matrix *m, const struct scaling_case *c,
		       const struct prose *prose)
{
	const struct scaling *fit = &c->fit;
	char rates[256], each[512], where[WORDS_MAX];
	const char *name = m->path[c->path[0]].name;
	bool whole = fit->lo <= 1 && fit->hi >= 1;

	words_point(m, &m->point[c->point], where, sizeof(where));
	if (!fit->valid) {
		prose_item(prose, PROSE_OPEN, "no fit", "%s at %s", name,
			   where);
		return;
	}
	put_rates(c, rates, sizeof(rates));
	put_each(c, each, sizeof(each));
	prose_item(prose,
		   whole	 ? PROSE_GOOD
		   : fit->hi < 1 ? PROSE_BAD
				 : PROSE_OPEN,
		   whole	 ? "in proportion"
		   : fit->hi < 1 ? "less"
				 : "more",
		   "%s at %s: throughput ~ cables^%.3f (%.3f to %.3f)", name,
		   where, fit->exponent, fit->lo, fit->hi);
	prose_detail(prose, "%s", rates);
	prose_detail(prose, "of one cable's throughput each keeps: %s", each);
	if (fit->misfit > MISFIT)
		prose_detail(prose,
			     "one exponent does not describe it: the fit is "
			     "off by up to %.0f %%",
			     100 * fit->misfit);
}

void scalings_write(const struct matrix *m, const struct scalings *scalings,
		    const struct prose *prose)
{
	if (!scalings->count)
		return;
	prose_heading(prose, "Does throughput grow with the cables?");
	for (size_t i = 0; i < scalings->count; i++)
		write_case(m, &scalings->item[i], prose);
	prose_paragraph(prose,
			"Least squares of the logarithms over the numbers of "
			"cables; 1 is in proportion, 0 no gain. 95 %% "
			"intervals, each by itself, from the blocks, in which "
			"all numbers of cables were measured.");
}

static json_t *each_of(const struct matrix *m, const struct scaling_case *c,
		       size_t i)
{
	const struct stats_efficiency *e = &c->fit.each[i];

	return json_pack("{ss sf sf sf sf sf}", "path",
			 m->path[c->path[i]].name, SCALING_OPTION, c->cables[i],
			 "throughput_mbps", c->fit.mean[i], "efficiency",
			 e->ratio, "lo", e->lo, "hi", e->hi);
}

static json_t *case_of(const struct matrix *m, const struct scaling_case *c)
{
	char where[WORDS_MAX];
	json_t *row, *sizes = json_array();

	words_point(m, &m->point[c->point], where, sizeof(where));
	for (size_t i = 0; i < c->sizes; i++)
		json_array_append_new(sizes, each_of(m, c, i));
	row = json_pack("{ss ss sb so}", "path", m->path[c->path[0]].name,
			"point", where, "valid", c->fit.valid, "sizes", sizes);
	if (c->fit.valid)
		json_object_update_new(
			row, json_pack("{sf sf sf sf sI}", "exponent",
				       c->fit.exponent, "lo", c->fit.lo, "hi",
				       c->fit.hi, "misfit", c->fit.misfit,
				       "blocks", (json_int_t)c->fit.n));
	return row;
}

json_t *scalings_to_json(const struct matrix *m,
			 const struct scalings *scalings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scalings->count; i++)
		json_array_append_new(list, case_of(m, &scalings->item[i]));
	return list;
}
