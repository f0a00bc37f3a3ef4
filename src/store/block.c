/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks and their measurements. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/cost.h"
#include "store/private.h"
#include "store/scan.h"

/* What exchanges, datagrams and both directions add to a measurement. */
#define MORE                                                                \
	"reverse_mbps, sent_mbps, transactions, latency, datagrams, lost, " \
	"reordered, jitter_us, pair_mbps"
#define MORE_LIGHT                                                       \
	"reverse_mbps, sent_mbps, transactions, NULL, datagrams, lost, " \
	"reordered, jitter_us, pair_mbps"

static int insert_block(struct db *db, struct store_block *block,
			struct err *err)
{
	char seed[24];
	int rc;

	snprintf(seed, sizeof(seed), "%" PRIu64, block->seed);
	rc = db_run(db, err,
		    "INSERT INTO block (point, round, seed, slice_order, "
		    "started_at_ns, duration_ns, settings, discarded) "
		    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		    "nnsjiijs", block->point, block->round, seed, block->order,
		    block->started_at_ns, block->duration_ns, block->settings,
		    block->discarded);
	if (rc == 0)
		block->id = sqlite3_last_insert_rowid(db->handle);
	return rc;
}

static int insert_measurement(struct db *db, int64_t block,
			      const struct store_measurement *m,
			      struct err *err)
{
	return db_run(
		db, err,
		"INSERT INTO measurement (block, path, throughput_mbps, bytes, "
		"duration_ns, idle_max_ns, sndbuf_bytes, rcvbuf_bytes, "
		"mss_bytes, retransmits, messages, congestion, slices, "
		"counters, reverse_mbps, sent_mbps, transactions, latency, "
		"datagrams, lost, reordered, jitter_us, pair_mbps) VALUES (?, ?, "
		"?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"indiiiiiiiisjjddijiiidj", block, m->path, m->throughput_mbps,
		m->bytes, m->duration_ns, m->idle_max_ns, m->sndbuf_bytes,
		m->rcvbuf_bytes, m->mss_bytes, m->retransmits, m->messages,
		m->congestion, m->slices, m->counters, m->reverse_mbps,
		m->sent_mbps, m->transactions, m->latency, m->datagrams,
		m->lost, m->reordered, m->jitter_us, m->pair_mbps);
}

static int add_measurement(struct db *db, int64_t block,
			   const struct store_measurement *m, struct err *err)
{
	int rc = insert_measurement(db, block, m, err);

	return rc ? rc : cost_insert(db, block, m, err);
}

int store_add_block(struct store *store, struct store_block *block,
		    struct err *err)
{
	struct db *db = &store->db;
	int rc = db_save(db, err);

	if (rc)
		return rc;
	rc = insert_block(db, block, err);
	for (size_t i = 0; i < block->measurements && rc == 0; i++)
		rc = add_measurement(db, block->id, &block->measurement[i],
				     err);
	if (rc == 0)
		rc = db_release(db, err);
	if (rc)
		db_undo(db);
	return rc;
}

static int read_seed(struct db *db, sqlite3_stmt *query, int column,
		     uint64_t *seed, struct err *err)
{
	char text[24], *end;
	int rc = db_read_text(db, query, column, text, sizeof(text), err);

	if (rc)
		return rc;
	errno = 0;
	*seed = strtoull(text, &end, 10);
	if (errno || *end || end == text || text[0] == '-')
		return err_set(err, EIO, "%s: '%s' is no seed", db->file, text);
	return 0;
}

static int read_block(struct db *db, sqlite3_stmt *query, void *row,
		      struct err *err)
{
	struct store_block *block = row;
	const char *discarded = (const char *)sqlite3_column_text(query, 8);
	int rc;

	block->id = sqlite3_column_int64(query, 0);
	block->point = sqlite3_column_int(query, 1);
	block->round = sqlite3_column_int(query, 2);
	block->started_at_ns = sqlite3_column_int64(query, 5);
	block->duration_ns = sqlite3_column_int64(query, 6);
	block->discarded = discarded ? strdup(discarded) : NULL;
	if (discarded && !block->discarded)
		return err_sys(err, ENOMEM, "%s", db->file);
	rc = read_seed(db, query, 3, &block->seed, err);
	if (rc == 0)
		rc = db_read_json(db, query, 4, &block->order, err);
	return rc ? rc : db_read_json(db, query, 7, &block->settings, err);
}

static void clear_measurement(struct store_measurement *m)
{
	json_decref(m->slices);
	json_decref(m->counters);
	json_decref(m->latency);
	json_decref(m->pair_mbps);
}

static void clear_block(void *row)
{
	struct store_block *block = row;

	for (size_t i = 0; i < block->measurements; i++)
		clear_measurement(&block->measurement[i]);
	free(block->measurement);
	json_decref(block->order);
	json_decref(block->settings);
	free((char *)block->discarded);
}

static const struct db_row_ops block_ops = {
	.size = sizeof(struct store_block),
	.read = read_block,
	.clear = clear_block,
};

struct measurement_row {
	int64_t block;
	struct store_measurement m;
};

static int read_measurement(struct db *db, sqlite3_stmt *query, void *row,
			    struct err *err)
{
	struct measurement_row *r = row;
	struct store_measurement *m = &r->m;
	int rc;

	r->block = sqlite3_column_int64(query, 0);
	m->path = sqlite3_column_int(query, 1);
	m->throughput_mbps = sqlite3_column_double(query, 2);
	m->bytes = sqlite3_column_int64(query, 3);
	m->duration_ns = sqlite3_column_int64(query, 4);
	m->idle_max_ns = sqlite3_column_int64(query, 5);
	m->sndbuf_bytes = sqlite3_column_int64(query, 6);
	m->rcvbuf_bytes = sqlite3_column_int64(query, 7);
	m->mss_bytes = sqlite3_column_int64(query, 8);
	m->retransmits = sqlite3_column_int64(query, 9);
	m->messages = sqlite3_column_int64(query, 10);
	rc = db_read_text(db, query, 11, m->congestion, sizeof(m->congestion),
			  err);
	if (rc == 0)
		rc = db_read_json(db, query, 12, &m->slices, err);
	if (rc == 0)
		rc = db_read_json(db, query, 13, &m->counters, err);
	m->reverse_mbps = sqlite3_column_double(query, 14);
	m->sent_mbps = sqlite3_column_double(query, 15);
	m->transactions = sqlite3_column_int64(query, 16);
	m->datagrams = sqlite3_column_int64(query, 18);
	m->lost = sqlite3_column_int64(query, 19);
	m->reordered = sqlite3_column_int64(query, 20);
	m->jitter_us = sqlite3_column_double(query, 21);
	if (rc == 0)
		rc = db_read_json(db, query, 22, &m->pair_mbps, err);
	return rc ? rc : db_read_json(db, query, 17, &m->latency, err);
}

static void clear_measurement_row(void *row)
{
	clear_measurement(&((struct measurement_row *)row)->m);
}

static const struct db_row_ops measurement_ops = {
	.size = sizeof(struct measurement_row),
	.read = read_measurement,
	.clear = clear_measurement_row,
};

/* Hands a block the `count` rows that are its own; the JSON changes owner. */
static int give(struct store_block *block, struct measurement_row *rows,
		size_t count, struct err *err)
{
	block->measurement = calloc(count + 1, sizeof(*block->measurement));
	if (!block->measurement)
		return err_sys(err, ENOMEM, "block %" PRId64, block->id);
	block->measurements = count;
	for (size_t i = 0; i < count; i++) {
		block->measurement[i] = rows[i].m;
		rows[i].m.slices = rows[i].m.counters = NULL;
		rows[i].m.latency = rows[i].m.pair_mbps = NULL;
	}
	return 0;
}

/* Both lists ascend by block. */
static int join(struct store_block *blocks, size_t count,
		struct measurement_row *rows, size_t row_count, struct err *err)
{
	size_t first = 0;

	for (size_t i = 0; i < count; i++) {
		size_t n = 0;
		int rc;

		while (first + n < row_count &&
		       rows[first + n].block == blocks[i].id)
			n++;
		rc = give(&blocks[i], rows + first, n, err);
		if (rc)
			return rc;
		first += n;
	}
	return 0;
}

static int load_measurements(struct db *db, bool light,
			     struct store_block *blocks, size_t count,
			     struct err *err)
{
	void *rows = NULL;
	size_t row_count = 0;
	char sql[600];
	int rc;

	snprintf(sql, sizeof(sql),
		 "SELECT block, path, throughput_mbps, bytes, duration_ns, "
		 "idle_max_ns, sndbuf_bytes, rcvbuf_bytes, mss_bytes, "
		 "retransmits, messages, congestion, %s FROM measurement "
		 "ORDER BY block, path",
		 light ? "NULL, NULL, " MORE_LIGHT : "slices, counters, " MORE);
	rc = db_load(db, sql, &measurement_ops, &rows, &row_count, err);
	if (rc)
		return rc;
	rc = join(blocks, count, rows, row_count, err);
	db_rows_free(rows, row_count, &measurement_ops);
	return rc;
}

int store_load_blocks(struct store *store, bool light,
		      struct store_block **blocks, size_t *count,
		      struct err *err)
{
	struct db *db = &store->db;
	void *rows = NULL;
	char sql[200];
	int rc = db_save(db, err); /* both queries see one moment */

	if (rc)
		return rc;
	snprintf(sql, sizeof(sql),
		 "SELECT id, point, round, seed, slice_order, started_at_ns, "
		 "duration_ns, %s, discarded FROM block ORDER BY id",
		 light ? "NULL" : "settings");
	rc = db_load(db, sql, &block_ops, &rows, count, err);
	if (rc == 0) {
		rc = load_measurements(db, light, rows, *count, err);
		if (rc)
			db_rows_free(rows, *count, &block_ops);
	}
	db_undo(db);
	if (rc == 0)
		*blocks = rows;
	return rc;
}

void store_blocks_free(struct store_block *blocks, size_t count)
{
	db_rows_free(blocks, count, &block_ops);
}

/* Both ascend by block, and are read side by side. */
struct scan {
	struct db *db;
	sqlite3_stmt *blocks, *rows;
	struct measurement_row row; /* the next one, where there is one */
	int rows_left;		    /* 1, 0, or -errno */
	struct store_measurement *m;
	size_t room;
};

/* As block_ops and measurement_ops read them. */
static const char *const block_columns[] = {
	[STORE_RATES] =
		"id, point, round, '0', NULL, started_at_ns, "
		"duration_ns, NULL, CASE WHEN discarded IS NULL THEN NULL ELSE '' END",
	[STORE_FULL] = "id, point, round, seed, slice_order, started_at_ns, "
		       "duration_ns, settings, discarded",
	[STORE_EXCHANGES] = "id, point, round, '0', NULL, started_at_ns, 0, "
			    "NULL, CASE WHEN discarded IS NULL THEN NULL ELSE "
			    "'' END",
};
static const char *const measurement_columns[] = {
	[STORE_RATES] = "block, path, throughput_mbps, 0, duration_ns, "
			"idle_max_ns, sndbuf_bytes, rcvbuf_bytes, 0, "
			"retransmits, 0, '', NULL, NULL, 0, 0, 0, NULL, "
			"0, 0, 0, 0, NULL",
	[STORE_FULL] = "block, path, throughput_mbps, bytes, duration_ns, "
		       "idle_max_ns, sndbuf_bytes, rcvbuf_bytes, mss_bytes, "
		       "retransmits, messages, congestion, slices, "
		       "counters, " MORE,
	[STORE_EXCHANGES] = "block, path, throughput_mbps, bytes, duration_ns, "
			    "0, 0, 0, 0, 0, 0, '', NULL, NULL, " MORE,
};

static int scan_open(struct scan *scan, const struct store_scan *what,
		     struct err *err)
{
	char which[160] = "", sql[700];
	int rc;

	if (what->every > 1 || what->after || what->every_round > 1)
		snprintf(which, sizeof(which),
			 "WHERE id > %" PRId64 " AND id %% %" PRId64
			 " = 0 AND round %% %" PRId64 " = 0",
			 what->after, what->every > 1 ? what->every : 1,
			 what->every_round > 1 ? what->every_round : 1);
	snprintf(sql, sizeof(sql), "SELECT %s FROM block %s ORDER BY id",
		 block_columns[what->detail], which);
	rc = db_query(scan->db, &scan->blocks, sql, err);
	if (rc)
		return rc;
	snprintf(sql, sizeof(sql),
		 "SELECT %s FROM measurement %s%s%s ORDER BY block, path",
		 measurement_columns[what->detail],
		 *which ? "WHERE block IN (SELECT id FROM block " : "", which,
		 *which ? ")" : "");
	return db_query(scan->db, &scan->rows, sql, err);
}

static int next_row(struct scan *scan, struct err *err)
{
	int rc = db_next(scan->db, scan->rows, err);

	memset(&scan->row, 0, sizeof(scan->row));
	if (rc > 0)
		rc = read_measurement(scan->db, scan->rows, &scan->row, err);
	else
		rc = rc ? rc : -ENODATA;
	scan->rows_left = rc == 0 ? 1 : rc == -ENODATA ? 0 : rc;
	return rc == -ENODATA ? 0 : rc;
}

static int take_row(struct scan *scan, struct store_block *block,
		    struct err *err)
{
	if (block->measurements == scan->room) {
		size_t room = 2 * scan->room + 4;
		struct store_measurement *m =
			reallocarray(scan->m, room, sizeof(*m));

		if (!m)
			return err_sys(err, ENOMEM, "%s", scan->db->file);
		scan->m = m;
		scan->room = room;
	}
	scan->m[block->measurements++] = scan->row.m;
	return next_row(scan, err);
}

/* The block whose row the first query is at, and the rows that are its own. */
static int take_block(struct scan *scan, store_take *take, void *arg,
		      struct err *err)
{
	struct store_block block = { 0 };
	int rc = read_block(scan->db, scan->blocks, &block, err);

	while (rc == 0 && scan->rows_left > 0 && scan->row.block <= block.id) {
		if (scan->row.block == block.id) {
			rc = take_row(scan, &block, err);
			continue;
		}
		clear_measurement(&scan->row.m);
		rc = next_row(scan, err);
	}
	block.measurement = scan->m;
	if (rc == 0)
		rc = take(arg, &block, err);
	for (size_t i = 0; i < block.measurements; i++)
		clear_measurement(&scan->m[i]);
	block.measurement = NULL;
	block.measurements = 0;
	clear_block(&block);
	return rc;
}

int store_each_block(struct store *store, const struct store_scan *what,
		     store_take *take, void *arg, struct err *err)
{
	struct scan scan = { .db = &store->db };
	int rc = db_save(scan.db, err); /* both queries see one moment */
	int more = 1;

	if (rc)
		return rc;
	rc = scan_open(&scan, what, err);
	if (rc == 0)
		rc = next_row(&scan, err);
	while (rc == 0 && (more = db_next(scan.db, scan.blocks, err)) > 0)
		rc = take_block(&scan, take, arg, err);
	clear_measurement(&scan.row.m); /* also one that was half read */
	sqlite3_finalize(scan.blocks);
	sqlite3_finalize(scan.rows);
	db_undo(scan.db);
	free(scan.m);
	return rc ? rc : more;
}
