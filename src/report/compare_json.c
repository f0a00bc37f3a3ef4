/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison as one JSON object, and as the page of B with it. */
#include <errno.h>
#include <stdio.h>

#include "report/columns.h"
#include "report/compare_formats.h"
#include "report/formats.h"

static json_t *number(bool valid, double value)
{
	return valid ? json_real(value) : json_null();
}

static void put_result(json_t *row, const struct change *change)
{
	bool valid = !change->why;

	json_object_set_new(row, "ratio", number(valid, change->ratio));
	json_object_set_new(row, "ratio_lo", number(valid, change->lo));
	json_object_set_new(row, "ratio_hi", number(valid, change->hi));
	json_object_set_new(row, "p", number(valid, change->p));
	json_object_set_new(row, "verdict",
			    json_string(verdict_name(change->verdict)));
	if (change->why)
		json_object_set_new(row, "not_judged",
				    json_string(change->why));
}

static void put_side(json_t *row, const char *side, const struct cell *cell)
{
	char key[32];

	snprintf(key, sizeof(key), "efficiency_%s", side);
	json_object_set_new(
		row, key,
		number(cell->efficiency.valid, cell->efficiency.ratio));
	snprintf(key, sizeof(key), "throughput_%s", side);
	json_object_set_new(
		row, key,
		number(cell->throughput.valid, cell->throughput.mean));
}

static json_t *name_of(const struct matrix *m, int path)
{
	return json_string(m->path[path].name);
}

static json_t *cell_of(const struct comparison *c, const struct change *change)
{
	json_t *row = json_object();

	json_object_set_new(row, "path", name_of(c->args.b, change->path_b));
	json_object_set_new(row, "path_a", name_of(c->args.a, change->path_a));
	for (enum axis axis = 0; axis < AXIS_COUNT; axis++)
		json_object_set_new(row, axis_table[axis].name,
				    column_axis(change->b, axis));
	put_side(row, "a", change->a);
	put_side(row, "b", change->b);
	put_result(row, change);
	return row;
}

static json_t *mean_of(const struct comparison *c, const struct change *mean)
{
	json_t *row = json_object();

	json_object_set_new(row, "path", name_of(c->args.b, mean->path_b));
	json_object_set_new(row, "path_a", name_of(c->args.a, mean->path_a));
	json_object_set_new(row, "cells",
			    json_integer((json_int_t)mean->cells));
	put_result(row, mean);
	return row;
}

static json_t *counts_of(const struct comparison *c)
{
	json_t *counts = json_object();

	for (int verdict = 0; verdict < VERDICTS; verdict++)
		json_object_set_new(
			counts, verdict_name((enum verdict)verdict),
			json_integer((json_int_t)c->count[verdict]));
	json_object_set_new(counts, "not_judged",
			    json_integer((json_int_t)c->unjudged));
	json_object_set_new(counts, "only_in_a",
			    json_integer((json_int_t)c->only_a));
	json_object_set_new(counts, "only_in_b",
			    json_integer((json_int_t)c->only_b));
	return counts;
}

static json_t *side_of(const char *name, const struct matrix *m)
{
	return json_pack("{ss ss ss ss}", "name", name, "title", m->title,
			 "host", m->host, "version", m->version);
}

json_t *compare_to_json(const struct compare_report *report)
{
	const struct comparison *c = report->comparison;
	json_t *cells = json_array(), *means = json_array();

	for (size_t i = 0; i < c->cells; i++)
		json_array_append_new(cells, cell_of(c, &c->cell[i]));
	for (size_t i = 0; i < c->means; i++)
		json_array_append_new(means, mean_of(c, &c->mean[i]));
	return json_pack(
		"{so so ss sb sf sf ss ss so so so sO}", "a",
		side_of(report->name_a, c->args.a), "b",
		side_of(report->name_b, c->args.b), "by",
		c->args.by == COMPARE_THROUGHPUT ? "throughput" : "efficiency",
		"paired", c->args.paired, "margin", c->args.margin, "fdr",
		c->args.q, "procedure",
		c->args.fdr == FDR_BY ? "Benjamini-Yekutieli"
				      : "Benjamini-Hochberg",
		"overall", verdict_name(c->overall), "counts", counts_of(c),
		"means", means, "cells", cells, "differences", c->differences);
}

static int write_json(const struct compare_report *report, struct err *err)
{
	json_t *json = compare_to_json(report);

	if (!json)
		return err_set(err, ENOMEM, "the comparison: out of memory");
	json_dumpf(json, report->out,
		   JSON_INDENT(1) | JSON_REAL_PRECISION(COLUMN_DIGITS));
	json_decref(json);
	fputc('\n', report->out);
	return report_check_written(report->out, err);
}

static int write_html(const struct compare_report *report, struct err *err)
{
	json_t *json = compare_to_json(report);
	const struct report_args args = {
		.matrix = report->comparison->args.b,
		.store = report->store_b,
		.comparison = json,
		.out = report->out,
	};
	int rc = json ? report_html.write(&args, err)
		      : err_set(err, ENOMEM, "the comparison: out of memory");

	json_decref(json);
	return rc;
}

const struct compare_ops compare_json = { "json", "every cell, for programs",
					  write_json };
const struct compare_ops compare_html = {
	"html", "the page of B, with a section of what changed", write_html
};
