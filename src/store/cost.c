/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of a measurement's counters the few that every report shows. */
#include "store/cost.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/private.h"

/* Text for SQL: the number of counters.host, or NULL where it is missing. */
static void format_number(const json_t *host, const char *key, char text[24])
{
	const json_t *value = json_object_get(host, key);

	if (json_is_integer(value))
		snprintf(text, 24, "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
	else
		snprintf(text, 24, "NULL");
}

int cost_insert(struct db *db, int64_t block, const struct store_measurement *m,
		struct err *err)
{
	const json_t *host = json_object_get(m->counters, "host");
	const json_t *bytes = json_object_get(m->counters, "turn_bytes");
	const json_t *ns = json_object_get(m->counters, "turn_ns");
	char cpu[24], switches[24], faults[24], sql[200];

	if (!json_is_integer(bytes) || !json_is_integer(ns))
		return 0;
	format_number(host, "busy_ns", cpu);
	format_number(host, "context_switches", switches);
	format_number(host, "page_faults", faults);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO cost (block, path, turn_bytes, turn_ns, cpu_ns, "
		 "context_switches, page_faults) VALUES (?, ?, ?, ?, %s, %s, "
		 "%s)",
		 cpu, switches, faults);
	return db_run(db, err, sql, "inii", block, m->path,
		      json_integer_value(bytes), json_integer_value(ns));
}

/* A sum with a hole is none. */
static double read_sum(sqlite3_stmt *query, int column)
{
	return sqlite3_column_type(query, column) == SQLITE_NULL
		       ? -1
		       : sqlite3_column_double(query, column);
}

static int read_cost(struct db *db, sqlite3_stmt *query, void *row,
		     struct err *err)
{
	struct store_cost *cost = row;

	(void)db;
	(void)err;
	*cost = (struct store_cost){
		.point = sqlite3_column_int(query, 0),
		.path = sqlite3_column_int(query, 1),
		.turn_bytes = sqlite3_column_double(query, 2),
		.turn_ns = sqlite3_column_double(query, 3),
		.cpu_ns = read_sum(query, 4),
		.context_switches = read_sum(query, 5),
		.page_faults = read_sum(query, 6),
	};
	return 0;
}

static const struct db_row_ops cost_ops = {
	.size = sizeof(struct store_cost),
	.read = read_cost,
};

#define SUM(column)                                                    \
	"CASE count(" column ") WHEN count(*) THEN total(" column ") " \
	"END"

int store_load_costs(struct store *store, int64_t from_ns, int64_t to_ns,
		     struct store_cost **costs, size_t *count, struct err *err)
{
	static const char select[] =
		"SELECT point, path, total(turn_bytes), total(turn_ns), " SUM("cpu_ns") ", " SUM(
			"context_switches") ", " SUM("page_faults") " FROM cost JOIN block ON block.id = cost.block "
								    "WHERE discarded IS NULL AND started_at_ns >= %" PRId64
								    " AND started_at_ns < %" PRId64
								    " GROUP BY point, path";
	char sql[sizeof(select) + 48];
	void *rows = NULL;
	int rc;

	snprintf(sql, sizeof(sql), select, from_ns, to_ns ? to_ns : INT64_MAX);
	rc = db_load(&store->db, sql, &cost_ops, &rows, count, err);
	*costs = rows;
	return rc;
}
