/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/matrix.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/cost.h"
#include "analysis/differences.h"
#include "analysis/exchange.h"
#include "analysis/no_loss.h"
#include "analysis/imported.h"
#include "analysis/pairs.h"
#include "analysis/samples.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "stats/rule_2007.h"

#define PRECISION_DEFAULT 0.025 /* the plan's */

const char *cell_status_name(enum cell_status status)
{
	static const char *const names[] = {
		[CELL_REFERENCE] = "REFERENCE",	    [CELL_REACHED] = "REACHED",
		[CELL_NOT_REACHED] = "NOT_REACHED", [CELL_CAPPED] = "CAPPED",
		[CELL_IMPORTED] = "IMPORTED",	    [CELL_FAILED] = "FAILED",
	};

	return names[status];
}

double matrix_link_mbps(int64_t link_bps, const struct point *point)
{
	const bool ipv6 = point->value[AXIS_FAMILY] == FAMILY_IPV6;
	const int64_t mtu = point->value[AXIS_MTU];
	double payload = (double)(mtu - (ipv6 ? 72 : 52));
	double wire = (double)(mtu + 38);

	if (link_bps <= 0 || payload <= 0) /* or the MTU is not known */
		return 0;
	return (double)link_bps / 1e6 * payload / wire;
}

/* A fact as text, "" where there is none; malloc'ed. */
static int load_text(struct store *store, const char *key, char **text,
		     struct err *err)
{
	int rc = store_get_meta(store, key, text, err);

	if (rc == 0 && !*text)
		*text = strdup("");
	if (rc == 0 && !*text)
		rc = err_sys(err, ENOMEM, "%s", key);
	return rc;
}

/* Nanoseconds since 1970: as a number, or as 2026-11-23T01:02:03Z. */
static int parse_time(const char *key, const char *text, int64_t *ns,
		      struct err *err)
{
	struct tm tm = { 0 };
	char *end;

	*ns = 0;
	if (!*text)
		return 0;
	*ns = strtoll(text, &end, 10);
	if (*end == '\0')
		return 0;
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!end || strcmp(end, "Z") != 0)
		return err_set(err, EIO, "%s: '%s' is not a time", key, text);
	*ns = timegm(&tm) * NS_PER_S;
	return 0;
}

static int load_time(struct store *store, const char *key, int64_t *ns,
		     struct err *err)
{
	char *text = NULL;
	int rc = load_text(store, key, &text, err);

	if (rc == 0)
		rc = parse_time(key, text, ns, err);
	free(text);
	return rc;
}

static int load_precision(struct matrix *m, struct store *store,
			  struct err *err)
{
	char *text = NULL;
	int rc = load_text(store, "precision", &text, err);

	m->precision = PRECISION_DEFAULT;
	if (rc == 0 && *text)
		rc = units_parse_fraction(text, &m->precision, err);
	if (rc)
		err_wrap(err, "precision");
	free(text);
	return rc;
}

static int load_count(struct store *store, const char *key, int64_t *count,
		      struct err *err)
{
	char *text = NULL;
	int rc = load_text(store, key, &text, err);

	*count = 0;
	if (rc == 0 && *text)
		rc = units_parse_count(text, count, err);
	if (rc)
		err_wrap(err, "%s", key);
	free(text);
	return rc;
}

static int load_rule(struct matrix *m, struct store *store, struct err *err)
{
	char *text = NULL;
	int rc = load_text(store, "rule", &text, err);

	m->rule_2007 = rc == 0 && strcmp(text, "2007") == 0;
	free(text);
	return rc;
}

static const char *const design_keys[] = {
	"rule",	       "slice_ns",    "guard_ns",    "warmup_ns",
	"cycles",      "loss_bound",  "min_blocks",  "placement",
	"time",	       "calibration", "timings",     "receive_cpus",
	"load_before", "tags",	      "guest_words", "exact_machine",
	"nics"
};

static int load_design(struct matrix *m, struct store *store, struct err *err)
{
	m->design = json_object();
	for (size_t i = 0; i < sizeof(design_keys) / sizeof(*design_keys);
	     i++) {
		char *value = NULL;
		int rc = store_get_meta(store, design_keys[i], &value, err);

		if (rc)
			return rc;
		if (value)
			json_object_set_new(m->design, design_keys[i],
					    json_string(value));
		free(value);
	}
	return 0;
}

bool matrix_is_exact(const struct matrix *matrix)
{
	const char *time =
		json_string_value(json_object_get(matrix->design, "time"));

	return time && strcmp(time, "exact") == 0;
}

static int load_facts(struct matrix *m, struct store *store, struct err *err)
{
	int rc = load_text(store, "title", &m->title, err);

	rc = rc ? rc : load_text(store, "host", &m->host, err);
	rc = rc ? rc : load_text(store, "version", &m->version, err);
	rc = rc ? rc : load_text(store, "end", &m->end, err);
	rc = rc ? rc : load_rule(m, store, err);
	rc = rc ? rc : load_design(m, store, err);
	rc = rc ? rc : load_precision(m, store, err);
	rc = rc ? rc : load_count(store, "min_blocks", &m->min_blocks, err);
	rc = rc ? rc : load_count(store, "link_bps", &m->link_bps, err);
	rc = rc ? rc : load_time(store, "started_at", &m->started_at_ns, err);
	rc = rc ? rc : load_time(store, "finished_at", &m->finished_at_ns, err);
	rc = rc ? rc : store_load_settings(store, &m->settings, err);
	rc = rc ? rc : store_load_events(store, &m->events, err);
	rc = rc ? rc : store_load_discards(store, &m->discards, err);
	if (rc)
		return rc;
	m->differences = differences_find(m->settings);
	return 0;
}

static int load_paths(struct matrix *m, struct store *store, struct err *err)
{
	struct store_path *paths = NULL;
	int rc = store_load_paths(store, &paths, &m->paths, err);

	if (rc)
		return rc;
	m->path = calloc(m->paths + 1, sizeof(*m->path));
	for (size_t i = 0; m->path && i < m->paths; i++) {
		memcpy(m->path[i].name, paths[i].name, sizeof(paths[i].name));
		memcpy(m->path[i].kind, paths[i].kind, sizeof(paths[i].kind));
		m->path[i].options = json_incref(paths[i].options);
	}
	store_paths_free(paths, m->paths);
	return m->path ? 0 : err_sys(err, ENOMEM, "%zu paths", m->paths);
}

static int load_axes(struct matrix *m, struct store *store, struct err *err)
{
	int rc = load_paths(m, store, err);

	if (rc == 0)
		rc = imported_add_paths(m, store, err);
	if (rc == 0)
		rc = store_load_points(store, &m->point, &m->points, err);
	if (rc)
		return rc;
	if (m->paths == 0 || m->points == 0)
		return err_set(err, ENODATA,
			       "the study has no %s: it was never begun",
			       m->paths ? "points" : "paths");
	m->cell = calloc(m->paths * m->points, sizeof(*m->cell));
	if (!m->cell)
		return err_sys(err, ENOMEM, "%zu cells", m->paths * m->points);
	for (size_t i = 0; i < m->points * m->paths; i++) {
		m->cell[i].point_id = (int)(i / m->paths);
		m->cell[i].path = (int)(i % m->paths);
		m->cell[i].point = &m->point[i / m->paths];
	}
	return 0;
}

static int load_usage(struct matrix *m, struct store *store,
		      struct samples *samples, struct err *err)
{
	int rc = store_load_host_usage(store, samples->usage, m->paths, err);

	for (size_t i = 0; i < m->paths; i++)
		m->path[i].usage = samples->usage[i];
	return rc;
}

static int pool_path(struct matrix *m, const struct samples *samples,
		     size_t path, struct err *err)
{
	struct stats_blocks *blocks = calloc(m->points, sizeof(*blocks));
	int rc = -ENOMEM;

	for (size_t i = 0; blocks && i < m->points; i++) {
		const struct cell_samples *s =
			&samples->cell[i * m->paths + path];

		/* as the study does: what failed speaks for nothing else */
		if (matrix_cell(m, i, path)->status == CELL_FAILED)
			continue;
		blocks[i] = (struct stats_blocks){ .n = s->pairs,
						   .x = s->x,
						   .y = s->y };
	}
	if (blocks)
		rc = stats_pool_points(blocks, m->points, &m->path[path].pool);
	free(blocks);
	return rc ? err_sys(err, -rc, "%s: pool", m->path[path].name) : 0;
}

/* The reference against itself: 1 by definition, where it was measured. */
static void estimate_reference(struct cell *cell)
{
	cell->efficiency = (struct stats_efficiency){ .n = cell->blocks };
	if (!cell->throughput.valid || !(cell->throughput.mean > 0))
		return;
	cell->efficiency.ratio = 1;
	cell->efficiency.lo = cell->efficiency.hi = 1;
	cell->efficiency.valid = true;
}

static void estimate_cell(const struct matrix *m, const struct samples *samples,
			  struct cell *cell)
{
	const struct cell_samples *row =
		&samples->cell[(size_t)cell->point_id * m->paths];
	const struct cell_samples *s = &row[cell->path];
	struct stats_blocks blocks = { .n = s->pairs, .x = s->x, .y = s->y };

	cell->blocks = s->n;
	cell->sndbuf_effective = s->sndbuf;
	cell->rcvbuf_effective = s->rcvbuf;
	stats_mean_of(s->rate, s->n, &cell->throughput);
	if (cell->path == m->reference) {
		estimate_reference(cell);
	} else if (m->rule_2007) {
		rule_2007_estimate(row[m->reference].rate, row[m->reference].n,
				   s->rate, s->n, &cell->efficiency);
	} else {
		stats_estimate(&blocks, &m->path[cell->path].pool,
			       &cell->efficiency);
		cell->trimmed = stats_trimmed_ratio(&blocks);
	}
}

/* The cables that a path's pairs go by: as many as its option says; native
 * pairs may have one each. */
static int64_t count_cables(const struct matrix_path *path,
			    const struct point *point)
{
	const char *cable =
		json_string_value(json_object_get(path->options, "cable"));
	int64_t cables =
		json_integer_value(json_object_get(path->options, "cables"));

	if (cable && strcmp(cable, "own") == 0)
		return point->value[AXIS_PAIRS];
	return cables > 0 ? cables : 1;
}

static bool fills_cables(const struct matrix *m, const struct cell *cell)
{
	const struct matrix_path *path = &m->path[cell->path];
	double cap = matrix_link_mbps(m->link_bps, cell->point) *
		     (double)count_cables(path, cell->point);

	return cap > 0 && cell->throughput.mean >= MATRIX_CAPPED * cap;
}

static bool is_capped(const struct matrix *m, const struct cell *cell)
{
	const struct cell *reference =
		matrix_cell(m, (size_t)cell->point_id, (size_t)m->reference);

	return cell->efficiency.valid && fills_cables(m, cell) &&
	       fills_cables(m, reference);
}

/* In the 2007 rule's words a cell is reached when its mean is. Replicates of
 * exact time are counted beforehand: nothing stops on its own interval, so
 * that it takes neither a least number of blocks nor a margin. */
static bool is_reached(const struct matrix *m, const struct samples *samples,
		       const struct cell *cell)
{
	const struct cell_samples *s = &samples->cell[cell - m->cell];

	if (m->rule_2007)
		return cell->efficiency.valid &&
		       rule_2007_reached(s->rate, s->n);
	if (matrix_is_exact(m))
		return cell->efficiency.valid &&
		       cell->efficiency.half_width <= m->precision;
	return (int64_t)cell->efficiency.n >= m->min_blocks &&
	       stats_reached(&cell->efficiency, m->precision);
}

static void judge_cell(const struct matrix *m, const struct samples *samples,
		       struct cell *cell)
{
	if (cell->status == CELL_FAILED)
		return;
	if (cell->path == m->reference)
		cell->status = CELL_REFERENCE;
	else if (is_capped(m, cell))
		cell->status = CELL_CAPPED;
	else if (is_reached(m, samples, cell))
		cell->status = CELL_REACHED;
	else
		cell->status = CELL_NOT_REACHED;
}

static int estimate_all(struct matrix *m, const struct samples *samples,
			struct err *err)
{
	m->blocks = samples->blocks;
	m->discarded = samples->discarded;
	for (size_t path = 0; path < m->paths; path++) {
		int rc = 0;

		if ((int)path != m->reference)
			rc = pool_path(m, samples, path, err);
		if (rc)
			return rc;
	}
	for (size_t i = 0; i < m->points * m->paths; i++) {
		estimate_cell(m, samples, &m->cell[i]);
		judge_cell(m, samples, &m->cell[i]);
	}
	return 0;
}

/* A reference that failed leaves the other paths of its point without an
 * efficiency: they failed by it, if not by themselves. */
static void fail_cell(struct matrix *m, const struct store_failure *failure)
{
	struct cell *row = &m->cell[(size_t)failure->point * m->paths];
	struct cell *cell = &row[failure->path];

	cell->status = CELL_FAILED;
	snprintf(cell->cause, sizeof(cell->cause), "%s", failure->cause);
	for (size_t path = 0; failure->path == m->reference && path < m->paths;
	     path++) {
		if (row[path].status == CELL_FAILED)
			continue;
		row[path].status = CELL_FAILED;
		snprintf(row[path].cause, sizeof(row[path].cause),
			 "the reference %.31s failed: %.450s",
			 m->path[m->reference].name, failure->cause);
	}
}

static int load_failures(struct matrix *m, struct store *store, struct err *err)
{
	struct store_failure *failures = NULL;
	size_t count = 0;
	int rc = store_load_failures(store, &failures, &count, err);

	for (size_t i = 0; i < count && rc == 0; i++) {
		const struct store_failure *f = &failures[i];

		if (f->point < 0 || (size_t)f->point >= m->points ||
		    f->path < 0 || (size_t)f->path >= m->paths)
			rc = err_set(err, EIO,
				     "a failure of point %d, path %d, which "
				     "the study does not have",
				     f->point, f->path);
		else
			fail_cell(m, f);
	}
	free(failures);
	return rc;
}

/* NULL: the first path. */
static int find_reference(struct matrix *m, const char *name, struct err *err)
{
	char known[256] = "";

	m->reference = 0;
	if (!name)
		return 0;
	for (size_t i = 0; i < m->paths; i++) {
		m->reference = (int)i;
		if (strcmp(m->path[i].name, name) == 0)
			return 0;
		text_append(known, sizeof(known), "%s%s", *known ? ", " : "",
			    m->path[i].name);
	}
	return err_set(err, EINVAL, "no path is called '%s': there are %s",
		       name, known);
}

static int estimate(struct matrix *m, struct store *store,
		    const struct matrix_query *query, struct err *err)
{
	const struct samples_query wanted = { .points = m->points,
					      .paths = m->paths,
					      .reference = m->reference,
					      .from_ns = query->from_ns,
					      .to_ns = query->to_ns };
	struct samples samples;
	int rc = samples_gather(&samples, store, &wanted, err);

	rc = rc ? rc : load_usage(m, store, &samples, err);
	rc = rc ? rc : estimate_all(m, &samples, err);
	rc = rc ? rc : cost_fill(m, store, query, err);
	rc = rc ? rc : no_loss_load(m, store, err);
	rc = rc ? rc : exchange_load(m, store, query, err);
	rc = rc ? rc : pairs_load(m, store, query, err);
	samples_free(&samples);
	return rc;
}

int matrix_load(struct matrix **matrix, struct store *store, struct err *err)
{
	const struct matrix_query all = { 0 };

	return matrix_load_query(matrix, store, &all, err);
}

int matrix_load_query(struct matrix **matrix, struct store *store,
		      const struct matrix_query *query, struct err *err)
{
	struct matrix *m = calloc(1, sizeof(*m));
	int rc;

	*matrix = NULL;
	if (!m)
		return err_sys(err, ENOMEM, "matrix");
	rc = load_facts(m, store, err);
	rc = rc ? rc : load_axes(m, store, err);
	rc = rc ? rc : find_reference(m, query->reference, err);
	rc = rc ? rc : load_failures(m, store, err);
	rc = rc ? rc : estimate(m, store, query, err);
	rc = rc ? rc : imported_fill(m, store, err);
	if (rc)
		matrix_free(m);
	else
		*matrix = m;
	return rc;
}

void matrix_free(struct matrix *matrix)
{
	if (!matrix)
		return;
	free(matrix->title);
	free(matrix->host);
	free(matrix->version);
	free(matrix->end);
	for (size_t i = 0; matrix->path && i < matrix->paths; i++)
		json_decref(matrix->path[i].options);
	free(matrix->path);
	free(matrix->point);
	free(matrix->cell);
	json_decref(matrix->settings);
	json_decref(matrix->differences);
	json_decref(matrix->events);
	json_decref(matrix->design);
	json_decref(matrix->discards);
	free(matrix);
}

size_t matrix_intervals(const struct matrix *matrix)
{
	size_t count = 0;

	for (size_t i = 0; i < matrix->points * matrix->paths; i++)
		count += matrix->cell[i].path != matrix->reference &&
			 matrix->cell[i].efficiency.valid;
	return count;
}

bool matrix_tells(const struct matrix *matrix, enum axis axis)
{
	for (size_t i = 0; i < matrix->points; i++)
		if (axis_is_told(axis, &matrix->point[i]))
			return true;
	return false;
}

const struct cell *matrix_cell(const struct matrix *matrix, size_t point,
			       size_t path)
{
	return &matrix->cell[point * matrix->paths + path];
}
