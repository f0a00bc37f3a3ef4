/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/imported.h"

#include <string.h>

#include "store/private.h"

int store_add_imported(struct store *store,
		       const struct store_imported *imported, struct err *err)
{
	return db_run(&store->db, err,
		      "INSERT OR REPLACE INTO imported (path, point, tool, "
		      "source, throughput_mbps, seconds) "
		      "VALUES (?, ?, ?, ?, ?, ?)",
		      "snssdd", imported->path, imported->point, imported->tool,
		      imported->source, imported->throughput_mbps,
		      imported->seconds);
}

static int read_imported(struct db *db, sqlite3_stmt *query, void *row,
			 struct err *err)
{
	struct store_imported *i = row;
	int rc = db_read_text(db, query, 0, i->path, sizeof(i->path), err);

	i->point = sqlite3_column_int(query, 1);
	rc = rc ? rc
		: db_read_text(db, query, 2, i->tool, sizeof(i->tool), err);
	rc = rc ? rc
		: db_read_text(db, query, 3, i->source, sizeof(i->source), err);
	i->throughput_mbps = sqlite3_column_double(query, 4);
	i->seconds = sqlite3_column_double(query, 5);
	return rc;
}

int store_load_imported(struct store *store, struct store_imported **imported,
			size_t *count, struct err *err)
{
	static const struct db_row_ops ops = {
		.size = sizeof(struct store_imported),
		.read = read_imported,
	};
	int64_t there = 0;
	void *rows = NULL;
	int rc = db_get_int(&store->db,
			    "SELECT count(*) FROM sqlite_schema WHERE name = "
			    "'imported'",
			    &there, err);

	*imported = NULL;
	*count = 0;
	if (rc || !there) /* the first files of schema 2 had none */
		return rc;
	rc = db_load(&store->db,
		     "SELECT path, point, tool, source, throughput_mbps, "
		     "seconds FROM imported ORDER BY path, point",
		     &ops, &rows, count, err);

	*imported = rows;
	return rc;
}
