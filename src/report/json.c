/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The study as one object, written member by member, so that a study of many
 * raw blocks is never a tree in memory. Cells have CSV's columns, null where
 * CSV is empty.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "report/columns.h"
#include "report/findings.h"
#include "report/formats.h"
#include "report/scale.h"
#include "store/scan.h"

/* One line each, in the order they were put in. */
static void dump(FILE *out, json_t *value)
{
	json_dumpf(value, out,
		   JSON_ENCODE_ANY | JSON_REAL_PRECISION(COLUMN_DIGITS));
	json_decref(value);
}

static void write_member(FILE *out, const char *key, json_t *value)
{
	fprintf(out, "  \"%s\": ", key);
	dump(out, value ? value : json_null());
	fputs(",\n", out);
}

static json_t *time_or_null(int64_t real_ns)
{
	char text[32];

	if (real_ns == 0)
		return json_null();
	clock_format_real(real_ns, text);
	return json_string(text);
}

static void write_facts(FILE *out, const struct matrix *m)
{
	size_t intervals = matrix_intervals(m);
	json_t *scale = scale_to_json(m);
	json_t *rule = json_object_get(m->design, "rule");

	write_member(out, "title", json_string(m->title));
	write_member(out, "host", json_string(m->host));
	write_member(out, "version", json_string(m->version));
	write_member(out, "rule",
		     rule ? json_incref(rule) : json_string("blocks"));
	write_member(out, "precision", json_real(m->precision));
	write_member(out, "link_bps",
		     m->link_bps ? json_integer(m->link_bps) : json_null());
	write_member(out, "started_at", time_or_null(m->started_at_ns));
	write_member(out, "finished_at", time_or_null(m->finished_at_ns));
	write_member(out, "end", *m->end ? json_string(m->end) : json_null());
	write_member(out, "good_blocks", json_integer((json_int_t)m->blocks));
	write_member(out, "discarded_blocks",
		     json_integer((json_int_t)m->discarded));
	write_member(out, "intervals", json_integer((json_int_t)intervals));
	write_member(out, "intervals_expected_to_miss",
		     json_real(0.05 * (double)intervals));
	write_member(out, "settings", json_incref(m->settings));
	write_member(out, "differences", json_incref(m->differences));
	write_member(out, "events", json_incref(m->events));
	write_member(out, "discards", json_incref(m->discards));
	if (scale)
		write_member(out, "scale", scale);
}

/* The reference is not pooled: it has no ratios. */
static json_t *pool_of(const struct stats_pool *pool)
{
	if (!pool->points)
		return json_null();
	return json_pack("{sf sf sf sI sI}", "s0", pool->s0, "lag1", pool->lag1,
			 "inflation", pool->inflation, "points",
			 (json_int_t)pool->points, "blocks",
			 (json_int_t)pool->blocks);
}

/* What its blocks took; the machine's share only where it was observed. */
static json_t *took_of(const struct store_usage *u)
{
	json_t *usage =
		json_pack("{sI sI sI sI sI}", "blocks", (json_int_t)u->blocks,
			  "share_ns", (json_int_t)u->share_ns, "measured_ns",
			  (json_int_t)u->measured_ns, "idle_max_ns",
			  (json_int_t)u->idle_max_ns, "retransmits",
			  (json_int_t)u->retransmits);

	if (u->cpus_ns)
		json_object_update_new(
			usage,
			json_pack("{sf sf}", "busy",
				  (double)u->busy_ns / (double)u->cpus_ns,
				  "steal",
				  (double)u->steal_ns / (double)u->cpus_ns));
	return usage;
}

static json_t *path_of(const struct matrix_path *path)
{
	return json_pack("{ss ss so so}", "name", path->name, "kind",
			 path->kind, "pool", pool_of(&path->pool), "usage",
			 took_of(&path->usage));
}

static json_t *cell_of(const struct matrix *m, const struct cell *cell)
{
	json_t *row = json_object();

	json_object_set_new(row, column_path.name, column_path.value(m, cell));
	for (enum axis axis = 0; axis < AXIS_COUNT; axis++)
		if (axis < AXIS_FIRST_OF_CSV || matrix_tells(m, axis))
			json_object_set_new(row, axis_table[axis].name,
					    column_axis(cell, axis));
	for (const struct column *c = measured_columns; c->name; c++)
		json_object_set_new(row, c->name, c->value(m, cell));
	return row;
}

static void write_list(FILE *out, bool first, json_t *value)
{
	fputs(first ? "\n    " : ",\n    ", out);
	dump(out, value);
}

static void write_paths(FILE *out, const struct matrix *m)
{
	fputs("  \"paths\": [", out);
	for (size_t i = 0; i < m->paths; i++)
		write_list(out, i == 0, path_of(&m->path[i]));
	fputs("\n  ],\n", out);
}

static void write_cells(FILE *out, const struct matrix *m)
{
	fputs("  \"cells\": [", out);
	for (size_t path = 0; path < m->paths; path++)
		for (size_t i = 0; i < m->points; i++)
			write_list(out, path + i == 0,
				   cell_of(m, matrix_cell(m, i, path)));
	fputs("\n  ]", out);
}

static json_t *measurement_of(const struct matrix *m,
			      const struct store_measurement *s)
{
	json_t *row = json_pack(
		"{ss sf sI sI sI sI sI sI sI sI ss}", "path",
		m->path[s->path].name, "throughput_mbps", s->throughput_mbps,
		"bytes", s->bytes, "duration_ns", s->duration_ns, "idle_max_ns",
		s->idle_max_ns, "sndbuf_bytes", s->sndbuf_bytes, "rcvbuf_bytes",
		s->rcvbuf_bytes, "mss_bytes", s->mss_bytes, "retransmits",
		s->retransmits, "messages", s->messages, "congestion",
		s->congestion);

	if (row && s->slices)
		json_object_set(row, "slices", s->slices);
	if (row && s->counters)
		json_object_set(row, "counters", s->counters);
	return row;
}

/* A seed has 64 bits, more than most readers of JSON keep of a number. */
static json_t *block_of(const struct matrix *m, const struct store_block *b)
{
	json_t *row = point_to_json(&m->point[b->point]), *list = json_array();
	char seed[24];

	snprintf(seed, sizeof(seed), "%" PRIu64, b->seed);
	json_object_set_new(row, "id", json_integer(b->id));
	json_object_set_new(row, "round", json_integer(b->round));
	json_object_set_new(row, "seed", json_string(seed));
	json_object_set(row, "order", b->order);
	json_object_set_new(row, "started_at_ns",
			    json_integer(b->started_at_ns));
	json_object_set_new(row, "duration_ns", json_integer(b->duration_ns));
	json_object_set_new(row, "discarded",
			    b->discarded ? json_string(b->discarded)
					 : json_null());
	if (b->settings)
		json_object_set(row, "settings", b->settings);
	for (size_t i = 0; i < b->measurements; i++)
		json_array_append_new(list,
				      measurement_of(m, &b->measurement[i]));
	json_object_set_new(row, "measurements", list);
	return row;
}

struct raw {
	const struct report_args *args;
	bool any;
};

static int write_block(void *arg, const struct store_block *block,
		       struct err *err)
{
	struct raw *raw = arg;

	(void)err;
	write_list(raw->args->out, !raw->any,
		   block_of(raw->args->matrix, block));
	raw->any = true;
	return 0;
}

static int write_blocks(const struct report_args *args, struct err *err)
{
	const struct store_scan all = { .detail = STORE_FULL };
	struct raw raw = { .args = args };
	int rc;

	fputs(",\n  \"blocks\": [", args->out);
	rc = store_each_block(args->store, &all, write_block, &raw, err);
	fputs("\n  ]", args->out);
	return rc;
}

/* What the study says of itself: findings.h. */
static int write_findings(const struct report_args *args, struct err *err)
{
	const struct matrix *m = args->matrix;
	struct explanation *explanation = NULL;
	struct advice *advice = NULL;
	int rc = explanation_find(&explanation, m, args->store, err);

	rc = rc ? rc : advice_find(&advice, m, args->store, ADVICE_TARGET, err);
	if (rc == 0) {
		fputs(",\n  \"explanation\": ", args->out);
		dump(args->out, explanation_to_json(m, explanation));
		fputs(",\n  \"advice\": ", args->out);
		dump(args->out, advice_to_json(m, advice));
	}
	explanation_free(explanation);
	advice_free(advice);
	return rc;
}

static int json_write(const struct report_args *args, struct err *err)
{
	int rc;

	fputs("{\n", args->out);
	write_facts(args->out, args->matrix);
	write_paths(args->out, args->matrix);
	write_cells(args->out, args->matrix);
	rc = write_findings(args, err);
	if (rc == 0 && args->raw)
		rc = write_blocks(args, err);
	fputs("\n}\n", args->out);
	return rc ? rc : report_check_written(args->out, err);
}

const struct report_ops report_json = {
	.format = "json",
	.help = "the study as one object; with --raw every block of it",
	.write = json_write,
};
