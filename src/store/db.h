/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * db.h - one SQLite file: opening, statements, and errors in SQLite's words
 * behind the file's name.
 *
 * Called by the other files of this room alone. Nothing here knows what a
 * study is.
 */
#ifndef VAZAO_STORE_DB_H
#define VAZAO_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <sqlite3.h>

#include "base/err.h"

struct db {
	sqlite3 *handle;
	char *file;
};

/* The first steps of every opening: the name for messages, then the file,
 * which may be another. */
int db_name_file(struct db *db, const char *file, struct err *err);
int db_open_file(struct db *db, const char *name, int flags, struct err *err);

/* Opens for writing, with synchronous=FULL; a new file is an empty one. */
int db_open_write(struct db *db, const char *file, struct err *err);

/* Opens for reading, beside a writer or after one that was killed. */
int db_open_read(struct db *db, const char *file, struct err *err);

/*
 * Opens for reading what nobody writes and we may not write either. What a
 * killed writer left has to be mended before it can be read, so a copy is
 * (below TMPDIR, for a moment), and held in memory.
 */
int db_open_frozen(struct db *db, const char *file, struct err *err);

/* Puts a copy in memory in the place of the file. */
int db_copy_to_memory(struct db *db, struct err *err);

/* WAL lets readers look on while a writer is at work. Leaving it makes one
 * plain file again, where nobody is reading. */
int db_enter_wal(struct db *db, struct err *err);
void db_leave_wal(struct db *db);

void db_close(struct db *db);

/* The last failure of `db`; -ENOSPC for a full disk, -EROFS, -EBUSY or -EIO. */
int db_fail(struct db *db, struct err *err);

int db_exec(struct db *db, const char *sql, struct err *err);

/*
 * Runs one statement that gives no rows. `types` has a letter for each '?':
 * n int, i int64_t, d double, s const char *, j json_t * (as text); s and j
 * may be NULL.
 */
int db_run(struct db *db, struct err *err, const char *sql, const char *types,
	   ...);

/* A query: db_next() gives 1 for a row, 0 at the end or -errno. */
int db_query(struct db *db, sqlite3_stmt **query, const char *sql,
	     struct err *err);
int db_next(struct db *db, sqlite3_stmt *query, struct err *err);

/* The one number that `sql` gives. */
int db_get_int(struct db *db, const char *sql, int64_t *value, struct err *err);

/*
 * All rows of a query as an array: read() fills one, zeroed before, and
 * clear() frees what is in it (both also after a failure; NULL: nothing to
 * free). The array is malloc'ed, and never NULL on success.
 */
struct db_row_ops {
	size_t size; /* of a row */
	int (*read)(struct db *db, sqlite3_stmt *query, void *row,
		    struct err *err);
	void (*clear)(void *row);
};
int db_load(struct db *db, const char *sql, const struct db_row_ops *ops,
	    void **rows, size_t *count, struct err *err);
void db_rows_free(void *rows, size_t count, const struct db_row_ops *ops);

/* Columns of the current row. A text that does not fit, or is no JSON, is
 * -EIO with the column's name; json NULL where the column is. */
int db_read_text(struct db *db, sqlite3_stmt *query, int column, char *buf,
		 size_t size, struct err *err);
int db_read_json(struct db *db, sqlite3_stmt *query, int column, json_t **json,
		 struct err *err);

/*
 * Changes that belong together: all of them at db_release(), which is durable
 * when it returns, or none after db_undo(). They nest.
 */
int db_save(struct db *db, struct err *err);
int db_release(struct db *db, struct err *err);
void db_undo(struct db *db);

#endif
