/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define SCHEMA_VERSION 4
#define APPLICATION_ID 0x76617a61 /* "vaza" */

/* One for each change of schema.sql; [0] stays empty, see schema.h. */
static const char *const steps[SCHEMA_VERSION] = {
	NULL,
	/* 1 to 2: more axes; what exchanges and datagrams have to tell */
	"ALTER TABLE point ADD request_size INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE point ADD response_size INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE point ADD sender_socket_size INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE point ADD receiver_socket_size INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE point ADD threads INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE point ADD family TEXT NOT NULL DEFAULT 'ipv4';"
	"ALTER TABLE point ADD congestion TEXT NOT NULL DEFAULT 'auto';"
	"ALTER TABLE point ADD nodelay TEXT NOT NULL DEFAULT 'off';"
	"ALTER TABLE point ADD pacing_rate INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE point ADD zero_copy TEXT NOT NULL DEFAULT 'off';"
	"ALTER TABLE point ADD msg_trunc TEXT NOT NULL DEFAULT 'off';"
	"ALTER TABLE point ADD busy_poll INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE point ADD notsent_lowat INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE point ADD dscp INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE measurement ADD reverse_mbps REAL NOT NULL DEFAULT 0;"
	"ALTER TABLE measurement ADD sent_mbps REAL NOT NULL DEFAULT 0;"
	"ALTER TABLE measurement ADD transactions INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE measurement ADD latency TEXT;"
	"ALTER TABLE measurement ADD datagrams INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE measurement ADD lost INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE measurement ADD reordered INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE measurement ADD jitter_us REAL NOT NULL DEFAULT 0;"
	"CREATE TABLE cost ("
	"block INTEGER NOT NULL REFERENCES block (id),"
	"path INTEGER NOT NULL REFERENCES path (id),"
	"turn_bytes INTEGER NOT NULL, turn_ns INTEGER NOT NULL,"
	"cpu_ns INTEGER, context_switches INTEGER, page_faults INTEGER,"
	"PRIMARY KEY (block, path)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE profile ("
	"point INTEGER NOT NULL REFERENCES point (id),"
	"path INTEGER NOT NULL REFERENCES path (id),"
	"stack TEXT NOT NULL, samples INTEGER NOT NULL,"
	"PRIMARY KEY (point, path, stack)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE imported ("
	"path TEXT NOT NULL, point INTEGER NOT NULL REFERENCES point (id),"
	"tool TEXT NOT NULL, source TEXT NOT NULL,"
	"throughput_mbps REAL NOT NULL, seconds REAL NOT NULL,"
	"PRIMARY KEY (path, point)) STRICT, WITHOUT ROWID;",
	/* 2 to 3: several pairs at the same time */
	"ALTER TABLE point ADD pairs INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE point ADD neighbor TEXT NOT NULL DEFAULT 'off';"
	"ALTER TABLE measurement ADD pair_mbps TEXT;"
	/* and trials of rule loss */
	"CREATE TABLE trial (id INTEGER NOT NULL PRIMARY KEY,"
	"point INTEGER NOT NULL REFERENCES point (id),"
	"path INTEGER NOT NULL REFERENCES path (id),"
	"at_ns INTEGER NOT NULL, offered_mbps REAL NOT NULL,"
	"received_mbps REAL NOT NULL, datagrams INTEGER NOT NULL,"
	"lost INTEGER NOT NULL, growth REAL NOT NULL,"
	"lossy INTEGER NOT NULL) STRICT;"
	/* and exact time; the first files of 2 had no table imported */
	"CREATE TABLE IF NOT EXISTS imported ("
	"path TEXT NOT NULL, point INTEGER NOT NULL REFERENCES point (id),"
	"tool TEXT NOT NULL, source TEXT NOT NULL,"
	"throughput_mbps REAL NOT NULL, seconds REAL NOT NULL,"
	"PRIMARY KEY (path, point)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE replicate ( "
	"round INTEGER NOT NULL, "
	"machine TEXT NOT NULL, "
	"point INTEGER NOT NULL REFERENCES point (id), "
	"result TEXT NOT NULL, "
	"PRIMARY KEY (round, machine, point) "
	") STRICT, WITHOUT ROWID; "
	"CREATE TRIGGER time_is_kept BEFORE INSERT ON meta "
	"WHEN new.key = 'time' AND (EXISTS (SELECT 1 FROM block) OR EXISTS "
	"(SELECT 1 FROM meta WHERE key = 'time' AND value <> new.value)) "
	"BEGIN SELECT RAISE(ABORT, 'a study keeps its time, wall or exact'); END; "
	"CREATE TRIGGER time_is_exact BEFORE INSERT ON replicate "
	"WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'time' AND value = 'exact') "
	"BEGIN SELECT RAISE(ABORT, 'this study''s time is not exact'); END; "
	"CREATE TRIGGER time_is_wall BEFORE INSERT ON imported "
	"WHEN EXISTS (SELECT 1 FROM meta WHERE key = 'time' AND value = 'exact') "
	"BEGIN SELECT RAISE(ABORT, 'this study''s time is exact, not the wall clock''s'); END; ",
	/* 3 to 4: trials that are void */
	"ALTER TABLE trial ADD asked_mbps REAL NOT NULL DEFAULT 0;"
	"ALTER TABLE trial ADD kept REAL NOT NULL DEFAULT 0;"
	"ALTER TABLE trial ADD void INTEGER NOT NULL DEFAULT 0;",
};

const struct schema store_schema = {
	.version = SCHEMA_VERSION,
	.create = schema_sql,
	.steps = steps,
};

int schema_get_version(struct db *db, int *version, struct err *err)
{
	int64_t application = 0, tables = 0, found = 0;
	int rc;

	*version = 0;
	rc = db_get_int(db, "PRAGMA application_id", &application, err);
	if (rc == 0)
		rc = db_get_int(db, "SELECT count(*) FROM sqlite_schema",
				&tables, err);
	if (rc == 0)
		rc = db_get_int(db, "PRAGMA user_version", &found, err);
	if (rc || (application == 0 && tables == 0))
		return rc;
	if (application != APPLICATION_ID || found < 1 || found > INT32_MAX)
		return err_set(err, EIO,
			       "%s: an SQLite file, but not one of vazao's",
			       db->file);
	*version = (int)found;
	return 0;
}

static int set_version(struct db *db, int version, struct err *err)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
	return db_exec(db, sql, err);
}

int schema_create(struct db *db, const struct schema *schema, struct err *err)
{
	char sql[64];
	int rc = db_save(db, err);

	if (rc)
		return rc;
	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d",
		 APPLICATION_ID);
	rc = db_exec(db, sql, err);
	if (rc == 0)
		rc = db_exec(db, schema->create, err);
	if (rc == 0)
		rc = set_version(db, schema->version, err);
	if (rc == 0)
		rc = db_release(db, err);
	if (rc)
		db_undo(db);
	return rc;
}

int schema_migrate(struct db *db, const struct schema *schema, int from,
		   struct err *err)
{
	int rc = db_save(db, err);

	if (rc)
		return rc;
	for (int v = from; v < schema->version && rc == 0; v++) {
		rc = db_exec(db, schema->steps[v], err);
		if (rc)
			err_wrap(err, "from version %d to %d", v, v + 1);
	}
	if (rc == 0)
		rc = set_version(db, schema->version, err);
	if (rc == 0)
		rc = db_release(db, err);
	if (rc)
		db_undo(db);
	return rc;
}
