/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/profile.h"

#include <errno.h>

#include "store/private.h"

int store_add_profile(struct store *store, int point, int path,
		      const json_t *stacks, struct err *err)
{
	struct db *db = &store->db;
	const char *stack;
	json_t *samples;
	int rc = db_save(db, err);

	if (rc)
		return rc;
	json_object_foreach((json_t *)stacks, stack, samples) {
		rc = db_run(db, err,
			    "INSERT INTO profile (point, path, stack, samples) "
			    "VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
			    "samples = samples + excluded.samples",
			    "nnsi", point, path, stack,
			    (int64_t)json_integer_value(samples));
		if (rc)
			break;
	}
	if (rc == 0)
		rc = db_release(db, err);
	if (rc)
		db_undo(db);
	return rc;
}

static int add_row(json_t *profile, sqlite3_stmt *query, struct err *err)
{
	int path = sqlite3_column_int(query, 0);
	const char *stack = (const char *)sqlite3_column_text(query, 1);
	json_t *stacks = json_array_get(profile, (size_t)path);

	if (path < 0 || !stacks || !stack)
		return err_set(err, EIO,
			       "a profile of path %d, which the study does not "
			       "have",
			       path);
	json_object_set_new(stacks, stack,
			    json_integer(sqlite3_column_int64(query, 2)));
	return 0;
}

int store_load_profile(struct store *store, size_t paths, json_t **profile,
		       struct err *err)
{
	struct db *db = &store->db;
	json_t *all = json_array();
	sqlite3_stmt *query;
	int rc = db_query(db, &query,
			  "SELECT path, stack, sum(samples) FROM profile "
			  "GROUP BY path, stack ORDER BY path, stack",
			  err);

	for (size_t i = 0; i < paths; i++)
		json_array_append_new(all, json_object());
	while (!rc && (rc = db_next(db, query, err)) > 0)
		rc = add_row(all, query, err);
	if (rc == 0)
		*profile = json_incref(all);
	sqlite3_finalize(query);
	json_decref(all);
	return rc;
}
