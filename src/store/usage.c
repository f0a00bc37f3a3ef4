/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/usage.h"

#include "store/private.h"

/* How many blocks a path has before its counters are sampled. */
#define SAMPLED "20000"

static const char host[] =
	"SELECT path, "
	"sum(json_extract(counters, '$.host.cpus') * "
	"json_extract(counters, '$.turn_ns')), "
	"sum(json_extract(counters, '$.host.busy_ns')), "
	"sum(json_extract(counters, '$.host.cpu_ns.steal')) "
	"FROM measurement WHERE counters IS NOT NULL AND "
	"json_extract(counters, '$.host.busy_ns') IS NOT NULL AND "
	"((SELECT count(*) FROM block) < " SAMPLED " OR block % 16 = 0) "
	"GROUP BY path";

static void read_host(sqlite3_stmt *query, struct store_usage *usage)
{
	usage->cpus_ns = sqlite3_column_int64(query, 1);
	usage->busy_ns = sqlite3_column_int64(query, 2);
	usage->steal_ns = sqlite3_column_int64(query, 3);
}

int store_load_host_usage(struct store *store, struct store_usage *usage,
			  size_t paths, struct err *err)
{
	sqlite3_stmt *query = NULL;
	int rc = db_query(&store->db, &query, host, err);

	if (rc)
		return rc;
	while ((rc = db_next(&store->db, query, err)) > 0) {
		int64_t path = sqlite3_column_int64(query, 0);

		if (path >= 0 && (size_t)path < paths)
			read_host(query, &usage[path]);
	}
	sqlite3_finalize(query);
	return rc;
}

int store_load_discards(struct store *store, json_t **discards, struct err *err)
{
	sqlite3_stmt *query = NULL;
	int rc = db_query(&store->db, &query,
			  "SELECT discarded, count(*) FROM block WHERE "
			  "discarded IS NOT NULL GROUP BY discarded "
			  "ORDER BY count(*) DESC, discarded",
			  err);

	*discards = NULL;
	if (rc)
		return rc;
	*discards = json_array();
	while ((rc = db_next(&store->db, query, err)) > 0)
		json_array_append_new(
			*discards,
			json_pack("{ss sI}", "cause",
				  (const char *)sqlite3_column_text(query, 0),
				  "blocks", sqlite3_column_int64(query, 1)));
	sqlite3_finalize(query);
	if (rc) {
		json_decref(*discards);
		*discards = NULL;
	}
	return rc;
}
