/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/replicate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/private.h"

int store_add_replicate(struct store *store,
			const struct store_replicate *replicate,
			struct err *err)
{
	return db_run(&store->db, err,
		      "INSERT INTO replicate (round, machine, point, result) "
		      "VALUES (?, ?, ?, ?)",
		      "nsns", replicate->round, replicate->machine,
		      replicate->point, replicate->result);
}

static int read_replicate(struct db *db, sqlite3_stmt *query, void *row,
			  struct err *err)
{
	struct store_replicate *r = row;
	const char *result = (const char *)sqlite3_column_text(query, 3);
	int rc =
		db_read_text(db, query, 1, r->machine, sizeof(r->machine), err);

	r->round = sqlite3_column_int(query, 0);
	r->point = sqlite3_column_int(query, 2);
	r->result = rc || !result ? NULL : strdup(result);
	return rc || r->result ? rc : err_sys(err, ENOMEM, "%s", db->file);
}

static void clear_replicate(void *row)
{
	free(((struct store_replicate *)row)->result);
}

static const struct db_row_ops ops = {
	.size = sizeof(struct store_replicate),
	.read = read_replicate,
	.clear = clear_replicate,
};

int store_load_replicates(struct store *store,
			  struct store_replicate **replicates, size_t *count,
			  struct err *err)
{
	return db_load(&store->db,
		       "SELECT round, machine, point, result FROM replicate",
		       &ops, (void **)replicates, count, err);
}

void store_replicates_free(struct store_replicate *replicates, size_t count)
{
	db_rows_free(replicates, count, &ops);
}
