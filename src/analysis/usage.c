/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/usage.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/scan.h"

#define NAME_MAX_BYTES 160
#define NAMES_MAX      4096  /* counters of a study; more are not looked at */
#define BLOCKS_MAX     20000 /* read; of a longer study every so many-th */
#define KB	       1024.0

static struct usage_cell *cell_at(const struct usage *usage, size_t point,
				  size_t path)
{
	return &usage->cell[point * usage->paths + path];
}

const struct usage_cell *usage_of(const struct usage *usage, size_t point,
				  size_t path)
{
	return cell_at(usage, point, path);
}

void usage_add(struct usage_ratio *ratio, double a, double b)
{
	ratio->n++;
	ratio->a += a;
	ratio->b += b;
	ratio->aa += a * a;
	ratio->bb += b * b;
	ratio->ab += a * b;
}

double usage_value(const struct usage_ratio *ratio)
{
	return ratio->n && ratio->b > 0 ? ratio->a / ratio->b : NAN;
}

double usage_error(const struct usage_ratio *ratio)
{
	double n = (double)ratio->n, r = usage_value(ratio), squares;

	if (ratio->n < 2 || isnan(r))
		return 0;
	squares = ratio->aa - 2 * r * ratio->ab + r * r * ratio->bb;
	return sqrt(fmax(0, squares) / (n - 1) / n) / (ratio->b / n);
}

size_t usage_number(const struct usage *usage, const char *name)
{
	const json_t *number = json_object_get(usage->index, name);

	return number ? (size_t)json_integer_value(number) : (size_t)-1;
}

/* The number of a name, new or not; -1: no more. */
static size_t number_of(struct usage *usage, const char *name)
{
	size_t number = usage_number(usage, name);
	const char **grown;

	if (number != (size_t)-1 || usage->names >= NAMES_MAX)
		return number;
	grown = reallocarray(usage->name, usage->names + 1, sizeof(*grown));
	if (!grown)
		return (size_t)-1;
	usage->name = grown;
	if (json_object_set_new(usage->index, name,
				json_integer((json_int_t)usage->names)))
		return (size_t)-1;
	grown[usage->names] =
		json_object_iter_key(json_object_iter_at(usage->index, name));
	return usage->names++;
}

/* Room for `names` counters; a cell gets it when it needs it. */
static int make_room(struct usage_cell *cell, size_t names)
{
	size_t room = names + 64;
	double *sum;
	size_t *seen;

	if (names <= cell->room)
		return 0;
	sum = reallocarray(cell->sum, room, sizeof(*sum));
	cell->sum = sum ? sum : cell->sum;
	seen = reallocarray(cell->seen, room, sizeof(*seen));
	cell->seen = seen ? seen : cell->seen;
	if (!sum || !seen)
		return -ENOMEM;
	memset(sum + cell->room, 0, (room - cell->room) * sizeof(*sum));
	memset(seen + cell->room, 0, (room - cell->room) * sizeof(*seen));
	cell->room = room;
	return 0;
}

static int add_number(struct usage *usage, struct usage_cell *cell,
		      const char *name, double value)
{
	size_t number = number_of(usage, name);

	if (number == (size_t)-1)
		return 0;
	if (make_room(cell, number + 1))
		return -ENOMEM;
	cell->sum[number] += value;
	cell->seen[number]++;
	return 0;
}

/* "m1.snmp.TcpExt.TCPRcvCollapsed": every number, by the way to it. Lists
 * (hops, histograms) are left to those who know them. */
static int add_object(struct usage *usage, struct usage_cell *cell,
		      const json_t *object, const char *prefix)
{
	char name[NAME_MAX_BYTES];
	const char *key;
	json_t *value;
	int rc = 0;

	json_object_foreach((json_t *)object, key, value) {
		int used = snprintf(name, sizeof(name), "%s%s%s", prefix,
				    *prefix ? "." : "", key);

		if (used >= (int)sizeof(name))
			continue;
		if (json_is_object(value))
			rc = add_object(usage, cell, value, name);
		else if (json_is_number(value))
			rc = add_number(usage, cell, name,
					json_number_value(value));
		if (rc)
			return rc;
	}
	return 0;
}

/* A hop is known by its role: what several ports dropped is one sum. */
static int add_hops(struct usage *usage, struct usage_cell *cell,
		    const json_t *hops)
{
	char prefix[64];
	json_t *hop;
	size_t i;
	int rc = 0;

	json_array_foreach((json_t *)hops, i, hop) {
		const char *role =
			json_string_value(json_object_get(hop, "role"));

		snprintf(prefix, sizeof(prefix), "hops.%.40s",
			 role ? role : "hop");
		rc = rc ? rc : add_object(usage, cell, hop, prefix);
	}
	return rc;
}

static double number_at(const json_t *object, const char *a, const char *b,
			const char *c)
{
	const json_t *value = json_object_get(json_object_get(object, a), b);

	if (c)
		value = json_object_get(value, c);
	return json_is_number(value) ? json_number_value(value) : -1;
}

/* Whoever sends: the end with more data segments. */
static void add_payload(struct usage_cell *cell, const json_t *counters)
{
	static const char *const ends[] = { "m1", "m2" };
	double segments = 0, bytes = 0;

	for (int i = 0; i < 2; i++) {
		double n = number_at(counters, ends[i], "tcp", "data_segs_out");

		if (n <= segments)
			continue;
		segments = n;
		bytes = number_at(counters, ends[i], "tcp", "bytes_sent");
	}
	if (segments > 0 && bytes > 0)
		usage_add(&cell->payload, bytes, segments);
}

static int add_measurement(struct usage *usage, size_t point,
			   const struct store_measurement *m)
{
	struct usage_cell *cell = cell_at(usage, point, (size_t)m->path);
	const json_t *bytes = json_object_get(m->counters, "turn_bytes");
	const json_t *ns = json_object_get(m->counters, "turn_ns");
	double kb = json_number_value(bytes) / KB;
	int rc;

	cell->mss = m->mss_bytes;
	if (!(kb > 0))
		return 0;
	cell->blocks++;
	cell->turn_kb += kb;
	cell->turn_s += json_number_value(ns) / 1e9;
	for (enum place place = 0; place < PLACES; place++) {
		double spent = place_ns(m->counters, place);

		if (!isnan(spent))
			usage_add(&cell->place[place], spent / 1e3, kb);
	}
	add_payload(cell, m->counters);
	rc = add_object(usage, cell, m->counters, "");
	return rc ? rc
		  : add_hops(usage, cell, json_object_get(m->counters, "hops"));
}

static int take(void *arg, const struct store_block *block, struct err *err)
{
	struct usage *usage = arg;
	size_t before = usage->blocks;

	for (size_t i = 0; !block->discarded && i < block->measurements; i++) {
		const struct store_measurement *m = &block->measurement[i];

		if (add_measurement(usage, (size_t)block->point, m))
			return err_sys(err, ENOMEM,
				       "counters of block %" PRId64, block->id);
		if (json_object_get(m->counters, "turn_bytes"))
			usage->blocks = before + 1;
	}
	return 0;
}

int usage_load(struct usage *usage, const struct matrix *matrix,
	       struct store *store, struct err *err)
{
	const struct store_scan scan = {
		.detail = STORE_FULL,
		.every = (int64_t)(matrix->blocks / BLOCKS_MAX) + 1,
	};
	int rc;

	memset(usage, 0, sizeof(*usage));
	usage->paths = matrix->paths;
	usage->cells = matrix->points * matrix->paths;
	usage->cell = calloc(usage->cells + 1, sizeof(*usage->cell));
	usage->index = json_object();
	if (!usage->cell || !usage->index)
		return err_sys(err, ENOMEM, "%zu cells", usage->cells);
	rc = store_each_block(store, &scan, take, usage, err);
	if (rc)
		usage_free(usage);
	return rc;
}

void usage_free(struct usage *usage)
{
	for (size_t i = 0; usage->cell && i < usage->cells; i++) {
		free(usage->cell[i].sum);
		free(usage->cell[i].seen);
	}
	free(usage->cell);
	free(usage->name);
	json_decref(usage->index);
	memset(usage, 0, sizeof(*usage));
}
