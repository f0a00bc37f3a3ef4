/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/trial.h"

#include "store/private.h"

int store_add_trial(struct store *store, const struct store_trial *t,
		    struct err *err)
{
	return db_run(&store->db, err,
		      "INSERT INTO trial (point, path, at_ns, offered_mbps, "
		      "received_mbps, datagrams, lost, growth, lossy, "
		      "asked_mbps, kept, void) "
		      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		      "nniddiidnddn", t->point, t->path, t->at_ns,
		      t->offered_mbps, t->received_mbps, t->datagrams, t->lost,
		      t->growth, (int)t->lossy, t->asked_mbps, t->kept,
		      t->is_void);
}

static int read_trial(struct db *db, sqlite3_stmt *query, void *row,
		      struct err *err)
{
	struct store_trial *t = row;

	(void)db;
	(void)err;
	t->point = sqlite3_column_int(query, 0);
	t->path = sqlite3_column_int(query, 1);
	t->at_ns = sqlite3_column_int64(query, 2);
	t->offered_mbps = sqlite3_column_double(query, 3);
	t->received_mbps = sqlite3_column_double(query, 4);
	t->datagrams = sqlite3_column_int64(query, 5);
	t->lost = sqlite3_column_int64(query, 6);
	t->growth = sqlite3_column_double(query, 7);
	t->lossy = sqlite3_column_int(query, 8);
	t->asked_mbps = sqlite3_column_double(query, 9);
	t->kept = sqlite3_column_double(query, 10);
	t->is_void = sqlite3_column_int(query, 11);
	return 0;
}

static const struct db_row_ops trial_ops = {
	.size = sizeof(struct store_trial),
	.read = read_trial,
};

int store_load_trials(struct store *store, struct store_trial **trials,
		      size_t *count, struct err *err)
{
	void *rows = NULL;
	int rc = db_load(&store->db,
			 "SELECT point, path, at_ns, offered_mbps, "
			 "received_mbps, datagrams, lost, growth, lossy, "
			 "asked_mbps, kept, void "
			 "FROM trial ORDER BY id",
			 &trial_ops, &rows, count, err);

	*trials = rows;
	return rc;
}
