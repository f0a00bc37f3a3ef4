/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of points: a column for each row of axis_table[]. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/private.h"

#define SQL_MAX 1024

/* "id, workload, direction, ..." */
static void list_columns(char sql[SQL_MAX])
{
	size_t used = (size_t)snprintf(sql, SQL_MAX, "id");

	for (int i = 0; i < AXIS_COUNT && used < SQL_MAX; i++)
		used += (size_t)snprintf(sql + used, SQL_MAX - used, ", %s",
					 axis_table[i].name);
}

static int bind_value(sqlite3_stmt *query, enum axis axis, int64_t value)
{
	char text[32];

	if (axis_table[axis].kind != AXIS_IS_CHOICE)
		return sqlite3_bind_int64(query, 2 + (int)axis, value);
	axis_format(axis, value, text, sizeof(text));
	return sqlite3_bind_text(query, 2 + (int)axis, text, -1,
				 SQLITE_TRANSIENT);
}

int store_add_point(struct store *store, int id, const struct point *point,
		    struct err *err)
{
	char columns[SQL_MAX], sql[2 * SQL_MAX];
	char places[2 * AXIS_COUNT + 1];
	struct db *db = &store->db;
	sqlite3_stmt *query = NULL;
	int rc;

	for (int i = 0; i < AXIS_COUNT; i++)
		snprintf(places + 2 * i, 3, ",?");
	list_columns(columns);
	snprintf(sql, sizeof(sql), "INSERT INTO point (%s) VALUES (?%s)",
		 columns, places);
	rc = db_query(db, &query, sql, err);
	if (rc)
		return rc;
	sqlite3_bind_int(query, 1, id);
	for (int i = 0; i < AXIS_COUNT && rc == 0; i++)
		if (bind_value(query, (enum axis)i, point->value[i]))
			rc = db_fail(db, err);
	if (rc == 0)
		rc = db_next(db, query, err);
	sqlite3_finalize(query);
	return rc;
}

struct point_row {
	int id;
	struct point point;
};

static int read_point(struct db *db, sqlite3_stmt *query, void *row,
		      struct err *err)
{
	struct point_row *p = row;
	char text[64];

	p->id = sqlite3_column_int(query, 0);
	for (int i = 0; i < AXIS_COUNT; i++) {
		int rc =
			db_read_text(db, query, 1 + i, text, sizeof(text), err);

		if (rc)
			return rc;
		rc = axis_parse((enum axis)i, text, &p->point.value[i], err);
		if (rc)
			return err_wrap(err, "%s: point %d", db->file, p->id);
	}
	return 0;
}

static int strip_ids(struct db *db, const struct point_row *rows, size_t count,
		     struct point **points, struct err *err)
{
	*points = calloc(count + 1, sizeof(**points));
	if (!*points)
		return err_sys(err, ENOMEM, "%s", db->file);
	for (size_t i = 0; i < count; i++) {
		if (rows[i].id != (int)i) {
			free(*points);
			return err_set(err, EIO,
				       "%s: point %d stands where %zu should",
				       db->file, rows[i].id, i);
		}
		(*points)[i] = rows[i].point;
	}
	return 0;
}

int store_load_points(struct store *store, struct point **points, size_t *count,
		      struct err *err)
{
	static const struct db_row_ops ops = {
		.size = sizeof(struct point_row),
		.read = read_point,
	};
	char columns[SQL_MAX], sql[2 * SQL_MAX];
	void *rows = NULL;
	int rc;

	list_columns(columns);
	snprintf(sql, sizeof(sql), "SELECT %s FROM point ORDER BY id", columns);
	rc = db_load(&store->db, sql, &ops, &rows, count, err);
	if (rc)
		return rc;
	rc = strip_ids(&store->db, rows, *count, points, err);
	db_rows_free(rows, *count, &ops);
	return rc;
}
