/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/db.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_TIMEOUT_MS 5000 /* readers wait for a checkpoint this long */

static int errno_of(int code, int system_errno)
{
	switch (code) {
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_READONLY:
		return EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EBUSY;
	case SQLITE_NOMEM:
		return ENOMEM;
	case SQLITE_IOERR:
		/* a file's size limit and a quota are full disks, too */
		if (system_errno == ENOSPC || system_errno == EFBIG ||
		    system_errno == EDQUOT)
			return ENOSPC;
	}
	return EIO;
}

int db_fail(struct db *db, struct err *err)
{
	int code = sqlite3_errcode(db->handle);
	int system_errno = sqlite3_system_errno(db->handle);
	bool because = system_errno &&
		       (code == SQLITE_IOERR || code == SQLITE_CANTOPEN);

	return err_set(
		err, errno_of(code, system_errno), "%s: %s%s%s%s", db->file,
		sqlite3_errmsg(db->handle), because ? " (" : "",
		because ? strerror(system_errno) : "", because ? ")" : "");
}

int db_open_file(struct db *db, const char *name, int flags, struct err *err)
{
	if (sqlite3_open_v2(name, &db->handle, flags, NULL) != SQLITE_OK)
		return db_fail(db, err);
	sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
	return 0;
}

int db_name_file(struct db *db, const char *file, struct err *err)
{
	*db = (struct db){ .file = strdup(file) };
	return db->file ? 0 : err_sys(err, ENOMEM, "%s", file);
}

int db_open_write(struct db *db, const char *file, struct err *err)
{
	int rc = db_name_file(db, file, err);

	if (rc == 0)
		rc = db_open_file(db, file,
				  SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
				  err);
	if (rc == 0)
		rc = db_exec(db,
			     "PRAGMA synchronous = FULL;"
			     "PRAGMA foreign_keys = ON;",
			     err);
	if (rc)
		db_close(db);
	return rc;
}

int db_open_read(struct db *db, const char *file, struct err *err)
{
	int rc = db_name_file(db, file, err);

	/* READWRITE: a reader that comes last tidies the journal away; where
	 * the file is write-protected, SQLite falls back by itself */
	if (rc == 0)
		rc = db_open_file(db, file, SQLITE_OPEN_READWRITE, err);
	if (rc == 0)
		rc = db_exec(db, "PRAGMA query_only = ON;", err);
	if (rc)
		db_close(db);
	return rc;
}

int db_copy_to_memory(struct db *db, struct err *err)
{
	struct db copy = { .file = db->file };
	sqlite3_backup *backup;
	int rc;

	rc = db_open_file(&copy, ":memory:",
			  SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, err);
	if (rc)
		goto out;
	backup = sqlite3_backup_init(copy.handle, "main", db->handle, "main");
	if (backup)
		sqlite3_backup_step(backup, -1);
	if (sqlite3_backup_finish(backup) != SQLITE_OK ||
	    sqlite3_errcode(copy.handle) != SQLITE_OK)
		rc = db_fail(&copy, err);
out:
	if (rc) {
		sqlite3_close(copy.handle);
		return rc;
	}
	sqlite3_close(db->handle);
	db->handle = copy.handle;
	return 0;
}

void db_close(struct db *db)
{
	sqlite3_close(db->handle);
	free(db->file);
	*db = (struct db){ 0 };
}

int db_enter_wal(struct db *db, struct err *err)
{
	return db_exec(db, "PRAGMA journal_mode = WAL;", err);
}

void db_leave_wal(struct db *db)
{
	db_exec(db, "PRAGMA journal_mode = DELETE;", NULL);
}

int db_exec(struct db *db, const char *sql, struct err *err)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_fail(db, err);
	return 0;
}

int db_query(struct db *db, sqlite3_stmt **query, const char *sql,
	     struct err *err)
{
	if (sqlite3_prepare_v2(db->handle, sql, -1, query, NULL) != SQLITE_OK)
		return db_fail(db, err);
	return 0;
}

int db_next(struct db *db, sqlite3_stmt *query, struct err *err)
{
	int rc = sqlite3_step(query);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : db_fail(db, err);
}

static int bind_json(sqlite3_stmt *query, int index, const json_t *json)
{
	char *text;

	if (!json)
		return sqlite3_bind_null(query, index);
	text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
	return text ? sqlite3_bind_text(query, index, text, -1, free)
		    : SQLITE_NOMEM;
}

static int bind_next(sqlite3_stmt *query, int index, char type, va_list *ap)
{
	switch (type) {
	case 'n':
		return sqlite3_bind_int(query, index, va_arg(*ap, int));
	case 'i':
		return sqlite3_bind_int64(query, index, va_arg(*ap, int64_t));
	case 'd':
		return sqlite3_bind_double(query, index, va_arg(*ap, double));
	case 's':
		return sqlite3_bind_text(query, index,
					 va_arg(*ap, const char *), -1,
					 SQLITE_TRANSIENT);
	case 'j':
		return bind_json(query, index, va_arg(*ap, const json_t *));
	}
	return SQLITE_MISUSE;
}

int db_run(struct db *db, struct err *err, const char *sql, const char *types,
	   ...)
{
	sqlite3_stmt *query = NULL;
	va_list ap;
	int rc = db_query(db, &query, sql, err);

	if (rc)
		return rc;
	va_start(ap, types);
	for (int i = 0; types[i] && rc == 0; i++)
		if (bind_next(query, i + 1, types[i], &ap) != SQLITE_OK)
			rc = db_fail(db, err);
	va_end(ap);
	if (rc == 0)
		rc = db_next(db, query, err);
	sqlite3_finalize(query);
	return rc;
}

int db_get_int(struct db *db, const char *sql, int64_t *value, struct err *err)
{
	sqlite3_stmt *query = NULL;
	int rc = db_query(db, &query, sql, err);

	if (rc)
		return rc;
	rc = db_next(db, query, err);
	if (rc > 0)
		*value = sqlite3_column_int64(query, 0);
	sqlite3_finalize(query);
	if (rc == 0)
		return err_set(err, EIO, "%s: no answer to %s", db->file, sql);
	return rc < 0 ? rc : 0;
}

void db_rows_free(void *rows, size_t count, const struct db_row_ops *ops)
{
	for (size_t i = 0; ops->clear && i < count; i++)
		ops->clear((char *)rows + i * ops->size);
	free(rows);
}

/* Room for one more row, zeroed, behind the `count` there are. */
static void *grow(void *rows, size_t count, size_t *room, size_t size)
{
	char *more = rows;

	if (count == *room) {
		*room = *room ? 2 * *room : 16;
		more = reallocarray(rows, *room, size);
	}
	if (more)
		memset(more + count * size, 0, size);
	return more;
}

int db_load(struct db *db, const char *sql, const struct db_row_ops *ops,
	    void **rows, size_t *count, struct err *err)
{
	char *loaded = NULL, *more;
	sqlite3_stmt *query = NULL;
	size_t n = 0, room = 0;
	int rc = db_query(db, &query, sql, err);

	if (rc)
		return rc;
	for (;;) {
		more = grow(loaded, n, &room, ops->size);
		if (!more) {
			rc = err_sys(err, ENOMEM, "%s", db->file);
			break;
		}
		loaded = more;
		rc = db_next(db, query, err);
		if (rc <= 0)
			break;
		rc = ops->read(db, query, loaded + n++ * ops->size, err);
		if (rc)
			break;
	}
	sqlite3_finalize(query);
	if (rc) {
		db_rows_free(loaded, n, ops);
		return rc;
	}
	*rows = loaded;
	*count = n;
	return 0;
}

int db_read_text(struct db *db, sqlite3_stmt *query, int column, char *buf,
		 size_t size, struct err *err)
{
	const char *text = (const char *)sqlite3_column_text(query, column);

	if (!text || strlen(text) >= size)
		return err_set(err, EIO, "%s: column %s: %s", db->file,
			       sqlite3_column_name(query, column),
			       text ? "text too long" : "no text");
	strcpy(buf, text);
	return 0;
}

int db_read_json(struct db *db, sqlite3_stmt *query, int column, json_t **json,
		 struct err *err)
{
	const char *text = (const char *)sqlite3_column_text(query, column);
	json_error_t error;

	*json = NULL;
	if (!text)
		return 0;
	*json = json_loads(text, JSON_DECODE_ANY, &error);
	if (!*json)
		return err_set(err, EIO, "%s: column %s: no JSON: %s", db->file,
			       sqlite3_column_name(query, column), error.text);
	return 0;
}

int db_save(struct db *db, struct err *err)
{
	return db_exec(db, "SAVEPOINT vazao;", err);
}

int db_release(struct db *db, struct err *err)
{
	return db_exec(db, "RELEASE vazao;", err);
}

void db_undo(struct db *db)
{
	/* after some failures SQLite has undone everything already */
	db_exec(db, "ROLLBACK TO vazao; RELEASE vazao;", NULL);
}
