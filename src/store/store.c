/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening, and the small tables: meta, path, failure, setting, event. */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "store/private.h"

#define CHECKED_BYTES (INT64_C(128) << 20)

static int refuse_missing(const char *dir, struct err *err)
{
	return err_set(err, ENOENT,
		       "%s: holds no study (no study.db, or an empty one)",
		       dir);
}

/* The file is open, and not changed yet: may this program use it? */
static int check_version(struct store *store, const char *dir,
			 const struct schema *schema, int *version,
			 struct err *err)
{
	struct db *db = &store->db;
	int rc = schema_get_version(db, version, err);

	if (rc)
		return rc;
	if (store->mode == STORE_CREATE && *version)
		return err_set(err, EEXIST, "%s: there is a study already",
			       db->file);
	if (store->mode != STORE_CREATE && *version == 0)
		return refuse_missing(dir, err);
	if (*version > schema->version)
		return err_set(err, ENOTSUP,
			       "%s: written by a newer vazao (schema %d; this "
			       "one knows %d): use that one",
			       db->file, *version, schema->version);
	return 0;
}

/* Damage is to be found now, not in the middle of a report. */
static int check_whole(struct db *db, struct err *err)
{
	const char *answer, *line;
	sqlite3_stmt *query = NULL;
	int rc = db_query(db, &query, "PRAGMA quick_check(1)", err);

	if (rc)
		return rc;
	rc = db_next(db, query, err);
	if (rc > 0) {
		/* "ok", or a heading and what is wrong below it */
		answer = (const char *)sqlite3_column_text(query, 0);
		line = strrchr(answer, '\n');
		rc = strcmp(answer, "ok") == 0
			     ? 0
			     : err_set(err, EIO, "%s: damaged: %s", db->file,
				       line ? line + 1 : answer);
	}
	sqlite3_finalize(query);
	return rc;
}

/* Not a file that is being written, whose writer has checked it, and not one
 * that takes seconds: there damage is found where it is read. */
static bool may_check(struct store *store, const char *dir)
{
	int64_t pages = 0, page_bytes = 0;

	if (store->mode == STORE_READ && lock_is_held(dir))
		return false;
	return db_get_int(&store->db, "PRAGMA page_count", &pages, NULL) == 0 &&
	       db_get_int(&store->db, "PRAGMA page_size", &page_bytes, NULL) ==
		       0 &&
	       pages * page_bytes <= CHECKED_BYTES;
}

static int bring_up_to_date(struct store *store, const struct schema *schema,
			    int version, struct err *err)
{
	int rc = 0;

	if (version == schema->version)
		return 0;
	if (version == 0)
		return schema_create(&store->db, schema, err);
	/* a reader leaves the file as it is */
	if (store->mode == STORE_READ)
		rc = db_copy_to_memory(&store->db, err);
	return rc ? rc : schema_migrate(&store->db, schema, version, err);
}

static void close_store(struct store *store)
{
	if (store->wal)
		db_leave_wal(&store->db);
	db_close(&store->db);
	lock_release(&store->lock);
	free(store);
}

/* A reader without rights there can share a living writer's journal, but not
 * mend what a dead one left. */
static int open_to_read(struct store *store, const char *dir, const char *file,
			struct err *err)
{
	bool may_write = access(dir, W_OK) == 0 && access(file, W_OK) == 0;

	if (may_write || lock_is_held(dir))
		return db_open_read(&store->db, file, err);
	return db_open_frozen(&store->db, file, err);
}

static int open_file(struct store *store, const char *dir, const char *file,
		     struct err *err)
{
	int rc;

	if (store->mode == STORE_CREATE && access(dir, F_OK) < 0)
		return err_sys(err, errno, "%s", dir);
	if (store->mode != STORE_CREATE && access(file, F_OK) < 0)
		return refuse_missing(dir, err);
	if (store->mode == STORE_READ)
		return open_to_read(store, dir, file, err);
	rc = lock_take(&store->lock, dir, err);
	return rc ? rc : db_open_write(&store->db, file, err);
}

static int open_store(struct store *store, const char *dir, const char *file,
		      const struct schema *schema, struct err *err)
{
	int version = 0;
	int rc = open_file(store, dir, file, err);

	if (rc == 0)
		rc = check_version(store, dir, schema, &version, err);
	if (rc == 0 && version && may_check(store, dir))
		rc = check_whole(&store->db, err);
	if (rc == 0 && store->mode != STORE_READ) {
		store->wal = true;
		rc = db_enter_wal(&store->db, err);
	}
	return rc ? rc : bring_up_to_date(store, schema, version, err);
}

int store_open_schema(struct store **out, const char *dir, enum store_mode mode,
		      const struct schema *schema, struct err *err)
{
	struct store *store = calloc(1, sizeof(*store));
	char *file = NULL;
	int rc;

	if (!store || asprintf(&file, "%s/study.db", dir) < 0) {
		free(store);
		return err_sys(err, ENOMEM, "%s", dir);
	}
	store->mode = mode;
	store->lock = (struct lock)LOCK_INIT;
	rc = open_store(store, dir, file, schema, err);
	free(file);
	if (rc)
		close_store(store);
	else
		*out = store;
	return rc;
}

int store_open(struct store **store, const char *dir, enum store_mode mode,
	       struct err *err)
{
	return store_open_schema(store, dir, mode, &store_schema, err);
}

void store_close(struct store *store)
{
	if (store)
		close_store(store);
}

int store_begin(struct store *store, struct err *err)
{
	return db_save(&store->db, err);
}

int store_commit(struct store *store, struct err *err)
{
	int rc = db_release(&store->db, err);

	if (rc)
		db_undo(&store->db);
	return rc;
}

void store_undo(struct store *store)
{
	db_undo(&store->db);
}

int store_set_meta(struct store *store, const char *key, const char *value,
		   struct err *err)
{
	return db_run(&store->db, err,
		      "INSERT OR REPLACE INTO meta (key, value) "
		      "VALUES (?, ?)",
		      "ss", key, value);
}

int store_get_meta(struct store *store, const char *key, char **value,
		   struct err *err)
{
	sqlite3_stmt *query = NULL;
	int rc = db_query(&store->db, &query,
			  "SELECT value FROM meta WHERE key = ?", err);

	*value = NULL;
	if (rc)
		return rc;
	sqlite3_bind_text(query, 1, key, -1, SQLITE_STATIC);
	rc = db_next(&store->db, query, err);
	if (rc > 0) {
		*value = strdup((const char *)sqlite3_column_text(query, 0));
		rc = *value ? 0 : err_sys(err, ENOMEM, "%s", key);
	}
	sqlite3_finalize(query);
	return rc;
}

int store_add_path(struct store *store, const struct store_path *path,
		   struct err *err)
{
	json_t *options =
		path->options ? json_incref(path->options) : json_object();
	int rc = db_run(&store->db, err,
			"INSERT INTO path (id, name, kind, options) "
			"VALUES (?, ?, ?, ?)",
			"nssj", path->id, path->name, path->kind, options);

	json_decref(options);
	return rc;
}

static int read_path(struct db *db, sqlite3_stmt *query, void *row,
		     struct err *err)
{
	struct store_path *path = row;
	int rc;

	path->id = sqlite3_column_int(query, 0);
	rc = db_read_text(db, query, 1, path->name, sizeof(path->name), err);
	if (rc == 0)
		rc = db_read_text(db, query, 2, path->kind, sizeof(path->kind),
				  err);
	return rc ? rc : db_read_json(db, query, 3, &path->options, err);
}

static void clear_path(void *row)
{
	json_decref(((struct store_path *)row)->options);
}

static const struct db_row_ops path_ops = {
	.size = sizeof(struct store_path),
	.read = read_path,
	.clear = clear_path,
};

int store_load_paths(struct store *store, struct store_path **paths,
		     size_t *count, struct err *err)
{
	void *rows = NULL;
	int rc = db_load(&store->db,
			 "SELECT id, name, kind, options FROM path ORDER BY id",
			 &path_ops, &rows, count, err);

	*paths = rows;
	return rc;
}

void store_paths_free(struct store_path *paths, size_t count)
{
	db_rows_free(paths, count, &path_ops);
}

int store_add_failure(struct store *store, const struct store_failure *failure,
		      struct err *err)
{
	return db_run(&store->db, err,
		      "INSERT OR REPLACE INTO failure (point, path, cause) "
		      "VALUES (?, ?, ?)",
		      "nns", failure->point, failure->path, failure->cause);
}

int store_clear_failures(struct store *store, struct err *err)
{
	return db_exec(&store->db, "DELETE FROM failure", err);
}

static int read_failure(struct db *db, sqlite3_stmt *query, void *row,
			struct err *err)
{
	struct store_failure *failure = row;

	failure->point = sqlite3_column_int(query, 0);
	failure->path = sqlite3_column_int(query, 1);
	return db_read_text(db, query, 2, failure->cause,
			    sizeof(failure->cause), err);
}

int store_load_failures(struct store *store, struct store_failure **failures,
			size_t *count, struct err *err)
{
	static const struct db_row_ops ops = {
		.size = sizeof(struct store_failure),
		.read = read_failure,
	};
	void *rows = NULL;
	int rc = db_load(&store->db,
			 "SELECT point, path, cause FROM failure "
			 "ORDER BY point, path",
			 &ops, &rows, count, err);

	*failures = rows;
	return rc;
}

int store_set_setting(struct store *store, const char *node, const char *key,
		      const char *value, struct err *err)
{
	return db_run(&store->db, err,
		      "INSERT OR REPLACE INTO setting (node, key, value) "
		      "VALUES (?, ?, ?)",
		      "sss", node, key, value);
}

static const char *column(sqlite3_stmt *query, int index)
{
	return (const char *)sqlite3_column_text(query, index);
}

/* {"M2": {...}}: the node's object, made where it is not there yet. */
static json_t *object_of(json_t *settings, const char *node)
{
	json_t *object = json_object_get(settings, node);

	if (!object) {
		object = json_object();
		json_object_set_new(settings, node, object);
	}
	return object;
}

int store_load_settings(struct store *store, json_t **settings, struct err *err)
{
	sqlite3_stmt *query = NULL;
	int rc = db_query(&store->db, &query,
			  "SELECT node, key, value FROM setting "
			  "ORDER BY node, key",
			  err);

	if (rc)
		return rc;
	*settings = json_object();
	while ((rc = db_next(&store->db, query, err)) > 0)
		json_object_set_new(object_of(*settings, column(query, 0)),
				    column(query, 1),
				    json_words(column(query, 2)));
	sqlite3_finalize(query);
	if (rc) {
		json_decref(*settings);
		*settings = NULL;
	}
	return rc;
}

int store_add_event(struct store *store, const char *kind, const char *text,
		    struct err *err)
{
	return db_run(&store->db, err,
		      "INSERT INTO event (at_ns, kind, text) VALUES (?, ?, ?)",
		      "iss", clock_real_ns(), kind, text);
}

int store_load_events(struct store *store, json_t **events, struct err *err)
{
	sqlite3_stmt *query = NULL;
	int rc = db_query(&store->db, &query,
			  "SELECT at_ns, kind, text FROM event ORDER BY id",
			  err);

	if (rc)
		return rc;
	*events = json_array();
	while ((rc = db_next(&store->db, query, err)) > 0)
		json_array_append_new(
			*events, json_pack("{sI ss so}", "at_ns",
					   sqlite3_column_int64(query, 0),
					   "kind", column(query, 1), "text",
					   json_words(column(query, 2))));
	sqlite3_finalize(query);
	if (rc) {
		json_decref(*events);
		*events = NULL;
	}
	return rc;
}
