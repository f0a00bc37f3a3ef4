/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/private.h"
#include "store/scan.h"

static struct err err;

static void test_small_tables_come_back(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);
	struct store_failure failure = { .point = 1, .path = 1 };
	struct store_failure *failures;
	json_t *json;
	size_t count;
	char *value;

	fixture_fill(store);
	strcpy(failure.cause, "guest: no answer within 5 s");
	assert_int_equal(store_set_meta(store, "title", "first", &err), 0);
	assert_int_equal(store_set_meta(store, "title", "a 'title'\n", &err),
			 0);
	assert_int_equal(store_add_failure(store, &failure, &err), 0);
	assert_int_equal(store_set_setting(store, "M2", "tcp_sack", "0", &err),
			 0);
	assert_int_equal(store_set_setting(store, "M2", "tcp_sack", "1", &err),
			 0);
	assert_int_equal(store_set_setting(store, "dom0", "mtu", "500", &err),
			 0);
	assert_int_equal(store_add_event(store, "resumed", "by hand", &err), 0);
	/* a console says what it likes */
	assert_int_equal(store_add_event(store, "study", "\377 panic", &err),
			 0);
	store_close(store);

	store = fixture_open(f, STORE_READ);
	assert_int_equal(store_get_meta(store, "title", &value, &err), 0);
	assert_string_equal(value, "a 'title'\n");
	free(value);
	assert_int_equal(store_get_meta(store, "none", &value, &err), 0);
	assert_null(value);
	assert_int_equal(store_load_failures(store, &failures, &count, &err),
			 0);
	assert_int_equal(count, 1);
	assert_string_equal(failures[0].cause, failure.cause);
	free(failures);
	assert_int_equal(store_load_settings(store, &json, &err), 0);
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(json, "M2"), "tcp_sack")),
			    "1");
	assert_int_equal(json_object_size(json), 2);
	json_decref(json);
	assert_int_equal(store_load_events(store, &json, &err), 0);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json, 0), "kind")),
			    "resumed");
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json, 1), "text")),
			    "? panic");
	json_decref(json);
	store_close(store);
}

static void test_paths_and_points_come_back(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);
	struct store_path *paths;
	struct point *points, point;
	size_t count;

	fixture_fill(store);
	store_close(store);
	store = fixture_open(f, STORE_READ);
	assert_int_equal(store_load_paths(store, &paths, &count, &err), 0);
	assert_int_equal(count, 2);
	assert_string_equal(paths[0].name, "native");
	assert_int_equal(json_object_size(paths[0].options), 0);
	assert_string_equal(paths[1].kind, "uml");
	assert_int_equal(
		json_integer_value(json_object_get(paths[1].options, "pages")),
		16);
	store_paths_free(paths, count);
	assert_int_equal(store_load_points(store, &points, &count, &err), 0);
	assert_int_equal(count, 2);
	point_init(&point);
	assert_true(point_equal(&points[0], &point));
	point.value[AXIS_MTU] = 500;
	point.value[AXIS_OFFLOAD] = OFFLOAD_ON;
	point.value[AXIS_DIRECTION] = DIRECTION_RECEIVE;
	assert_true(point_equal(&points[1], &point));
	free(points);
	store_close(store);
}

static void test_blocks_come_back(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);
	struct store_measurement m[2];
	struct store_block block, *blocks;
	size_t count;

	fixture_fill(store);
	for (int n = 0; n < 20; n++)
		assert_int_equal(fixture_add(store, n, &err), 0);
	assert_int_equal(fixture_check_all(f), 20); /* beside the writer */
	fixture_block(&block, m, 20);
	block.discarded = "clock jumped";
	block.settings = json_pack("{si}", "mtu", 500);
	assert_int_equal(store_add_block(store, &block, &err), 0);
	assert_int_equal(block.id, 21);
	store_close(store);

	store = fixture_open(f, STORE_READ);
	assert_int_equal(store_load_blocks(store, false, &blocks, &count, &err),
			 0);
	assert_int_equal(count, 21);
	assert_string_equal(blocks[20].discarded, "clock jumped");
	assert_true(json_equal(blocks[20].settings, block.settings));
	store_blocks_free(blocks, count);
	assert_int_equal(store_load_blocks(store, true, &blocks, &count, &err),
			 0);
	assert_int_equal(count, 21);
	assert_null(blocks[20].settings);
	assert_null(blocks[20].measurement[1].slices);
	assert_null(blocks[20].measurement[1].counters);
	assert_true(blocks[3].measurement[1].throughput_mbps == 1000.0 / 3 + 2);
	store_blocks_free(blocks, count);
	store_close(store);
	fixture_block_free(&block);
}

struct seen {
	int64_t ids[32];
	size_t count, measurements, slices;
	size_t stop_at; /* 0: never */
};

static int see(void *arg, const struct store_block *block, struct err *e)
{
	struct seen *seen = arg;

	(void)e;
	for (size_t i = 0; i < block->measurements; i++) {
		const struct store_measurement *m = &block->measurement[i];

		assert_int_equal(m->path, i);
		seen->slices += m->slices != NULL;
	}
	seen->measurements += block->measurements;
	seen->ids[seen->count++] = block->id;
	return seen->count == seen->stop_at ? -ECANCELED : 0;
}

static struct seen scan_all(struct store *store, const struct store_scan *scan,
			    size_t stop_at)
{
	struct seen seen = { .stop_at = stop_at };

	assert_int_equal(store_each_block(store, scan, see, &seen, &err),
			 stop_at ? -ECANCELED : 0);
	return seen;
}

static void test_blocks_come_one_by_one(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);
	struct seen seen;

	fixture_fill(store);
	for (int n = 0; n < 20; n++)
		assert_int_equal(fixture_add(store, n, &err), 0);
	seen = scan_all(store, &(struct store_scan){ STORE_FULL, 0, 0, 0 }, 0);
	assert_int_equal(seen.count, 20);
	assert_int_equal(seen.measurements, 40);
	assert_true(seen.slices > 0);
	seen = scan_all(store, &(struct store_scan){ STORE_RATES, 5, 0, 0 }, 0);
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.ids[3], 20);
	assert_int_equal(seen.measurements, 8);
	assert_int_equal(seen.slices, 0);
	seen = scan_all(store, &(struct store_scan){ STORE_RATES, 0, 18, 0 },
			0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.ids[0], 19);
	assert_int_equal(seen.measurements, 4);
	seen = scan_all(store,
			&(struct store_scan){ .detail = STORE_RATES,
					      .every_round = 1000000 },
			0);
	assert_true(seen.count < 20);
	seen = scan_all(store, &(struct store_scan){ STORE_FULL, 0, 0, 0 }, 3);
	assert_int_equal(seen.count, 3);
	/* the scan is over: the store can be written again */
	assert_int_equal(fixture_add(store, 20, &err), 0);
	store_close(store);
}

static void test_a_bad_block_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);
	struct store_measurement m[2];
	struct store_block block;

	fixture_fill(store);
	assert_int_equal(fixture_add(store, 0, &err), 0);
	fixture_block(&block, m, 1);
	m[1].path = 7; /* no such path */
	assert_true(store_add_block(store, &block, &err) < 0);
	m[1].path = 1;
	m[1].throughput_mbps = 0.0 / 0.0; /* SQL has no NaN */
	assert_true(store_add_block(store, &block, &err) < 0);
	block.point = 2; /* no such point */
	m[1].throughput_mbps = 1;
	assert_true(store_add_block(store, &block, &err) < 0);
	assert_non_null(strstr(err.text, f->file));
	fixture_block_free(&block);
	assert_int_equal(fixture_add(store, 1, &err), 0);
	store_close(store);
	assert_int_equal(fixture_check_all(f), 2);
}

static void test_what_is_undone_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);

	fixture_fill(store);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(fixture_add(store, 0, &err), 0);
	store_undo(store);
	assert_int_equal(fixture_check_all(f), 0);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(fixture_add(store, 0, &err), 0);
	assert_int_equal(fixture_check_all(f), 0); /* not yet */
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(fixture_check_all(f), 1);
	store_close(store);
}

static void test_schema_has_a_column_for_each_axis(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);
	sqlite3_stmt *query;
	int axis = -1; /* first comes the id */

	assert_int_equal(db_query(&store->db, &query,
				  "SELECT name, type FROM "
				  "pragma_table_info('point') ORDER BY cid",
				  &err),
			 0);
	while (db_next(&store->db, query, &err) > 0) {
		const char *name = (const char *)sqlite3_column_text(query, 0);
		const char *type = (const char *)sqlite3_column_text(query, 1);

		if (axis < 0) {
			assert_string_equal(name, "id");
		} else {
			assert_true(axis < AXIS_COUNT);
			assert_string_equal(name, axis_table[axis].name);
			assert_string_equal(type, axis_table[axis].kind ==
								  AXIS_IS_CHOICE
							  ? "TEXT"
							  : "INTEGER");
		}
		axis++;
	}
	sqlite3_finalize(query);
	assert_int_equal(axis, AXIS_COUNT);
	store_close(store);
}

static void test_one_writer_many_readers(void **state)
{
	struct fixture *f = *state;
	struct store *writer, *reader;
	char pid[32];

	fixture_refuse(f, STORE_READ, -ENOENT, "holds no study");
	fixture_refuse(f, STORE_WRITE, -ENOENT, "holds no study");
	writer = fixture_open(f, STORE_CREATE);
	snprintf(pid, sizeof(pid), "process %d is at work", getpid());
	fixture_refuse(f, STORE_WRITE, -EBUSY, pid);
	fixture_refuse(f, STORE_CREATE, -EBUSY, pid);
	reader = fixture_open(f, STORE_READ);
	assert_true(store_set_meta(reader, "title", "x", &err) < 0);
	store_close(reader);
	store_close(writer);
	fixture_refuse(f, STORE_CREATE, -EEXIST, "there is a study already");
	setenv("VAZAO_PID", "4711", 1); /* as a cage does */
	writer = fixture_open(f, STORE_WRITE);
	unsetenv("VAZAO_PID");
	fixture_refuse(f, STORE_WRITE, -EBUSY, "process 4711 is at work");
	store_close(writer);
}

static void test_a_missing_directory_is_named(void **state)
{
	struct fixture f = { .dir = "/tmp/vazao-no-such-directory" };

	(void)state;
	fixture_refuse(&f, STORE_CREATE, -ENOENT,
		       "/tmp/vazao-no-such-directory: No such file");
	fixture_refuse(&f, STORE_READ, -ENOENT,
		       "/tmp/vazao-no-such-directory: holds no study");
}

static void test_a_closed_study_is_one_file(void **state)
{
	struct fixture *f = *state;
	char name[128];

	store_close(fixture_open(f, STORE_CREATE));
	snprintf(name, sizeof(name), "%s-wal", f->file);
	assert_int_equal(access(name, F_OK), -1);
	snprintf(name, sizeof(name), "%s-shm", f->file);
	assert_int_equal(access(name, F_OK), -1);
	snprintf(name, sizeof(name), "%s/study.lock", f->dir);
	assert_int_equal(access(name, F_OK), -1);
}

static void write_file(const char *file, const void *data, size_t size,
		       off_t offset)
{
	int fd = open(file, O_WRONLY | O_CREAT, 0666);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, size, offset), size);
	close(fd);
}

static void exec_sql(const char *file, const char *sql)
{
	sqlite3 *handle;

	assert_int_equal(sqlite3_open(file, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(handle);
}

static void test_files_that_are_not_ours(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	struct stat before, after;

	memset(text, 'x', sizeof(text));
	write_file(f->file, text, sizeof(text), 0);
	fixture_refuse(f, STORE_READ, -EIO, "file is not a database");
	fixture_refuse(f, STORE_WRITE, -EIO, "file is not a database");
	fixture_refuse(f, STORE_CREATE, -EIO, "file is not a database");
	unlink(f->file);

	exec_sql(f->file, "CREATE TABLE mine (x)");
	stat(f->file, &before);
	fixture_refuse(f, STORE_READ, -EIO, "not one of vazao's");
	fixture_refuse(f, STORE_WRITE, -EIO, "not one of vazao's");
	fixture_refuse(f, STORE_CREATE, -EIO, "not one of vazao's");
	stat(f->file, &after);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	unlink(f->file);

	write_file(f->file, "", 0, 0);
	fixture_refuse(f, STORE_READ, -ENOENT, "holds no study");
	store_close(fixture_open(f, STORE_CREATE));
}

static void test_a_newer_file_is_refused(void **state)
{
	struct fixture *f = *state;

	store_close(fixture_open(f, STORE_CREATE));
	exec_sql(f->file, "PRAGMA user_version = 99");
	fixture_refuse(f, STORE_READ, -ENOTSUP,
		       "written by a newer vazao "
		       "(schema 99; this one knows ");
	fixture_refuse(f, STORE_WRITE, -ENOTSUP, "schema 99");
}

static void test_damage_is_found_on_opening(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);
	char junk[2000];
	struct stat st;

	fixture_fill(store);
	for (int n = 0; n < 50; n++)
		assert_int_equal(fixture_add(store, n, &err), 0);
	store_close(store);
	stat(f->file, &st);
	memset(junk, 0xa5, sizeof(junk));
	write_file(f->file, junk, sizeof(junk), st.st_size * 3 / 4 & ~4095);
	fixture_refuse(f, STORE_READ, -EIO, f->file);
	fixture_refuse(f, STORE_WRITE, -EIO, "damaged: Page ");
	assert_int_equal(truncate(f->file, st.st_size - 8192), 0);
	fixture_refuse(f, STORE_READ, -EIO, f->file);
}

/* The first row can be read, the second cannot: nothing is handed out. */
static void test_what_fails_midway_is_no_answer(void **state)
{
	static const char rows[] =
		"(SELECT '1' AS x UNION ALL SELECT abs(-9223372036854775807 - 1))";
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);
	json_t *settings = json_true(), *events = json_true();
	char sql[400];

	fixture_fill(store);
	store_close(store);
	snprintf(sql, sizeof(sql),
		 "DROP TABLE setting; DROP TABLE event;"
		 "CREATE VIEW setting AS SELECT x AS node, x AS key, x AS "
		 "value FROM %s;"
		 "CREATE VIEW event AS SELECT 1 AS id, x AS at_ns, x AS kind, "
		 "x AS text FROM %s;",
		 rows, rows);
	exec_sql(f->file, sql);
	store = fixture_open(f, STORE_READ);
	assert_int_equal(store_load_settings(store, &settings, &err), -EIO);
	assert_null(settings);
	assert_int_equal(store_load_events(store, &events, &err), -EIO);
	assert_null(events);
	store_close(store);
}

/* Schemas to come: the first one's second step fails, the other's do not. */
static const char *const bad_steps[] = {
	NULL,
	"",
	"",
	"",
	"CREATE TABLE extra (x INTEGER) STRICT;",
	"CREATE TABLE extra (x INTEGER) STRICT;"
};
static const char *const good_steps[] = {
	NULL,
	"",
	"",
	"",
	"CREATE TABLE extra (x INTEGER) STRICT;",
	"INSERT INTO extra VALUES (7);"
};
static const struct schema bad_next = { 6, "", bad_steps };
static const struct schema good_next = { 6, "", good_steps };

static void test_an_older_file_is_migrated(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);
	int64_t x = 0;

	fixture_fill(store);
	assert_int_equal(fixture_add(store, 0, &err), 0);
	store_close(store);
	/* a step that fails undoes those before it */
	assert_true(store_open_schema(&store, f->dir, STORE_WRITE, &bad_next,
				      &err) < 0);
	assert_non_null(strstr(err.text, "from version 5 to 6"));
	assert_int_equal(fixture_check_all(f), 1);
	/* a reader migrates a copy */
	assert_int_equal(
		store_open_schema(&store, f->dir, STORE_READ, &good_next, &err),
		0);
	assert_int_equal(
		db_get_int(&store->db, "SELECT x FROM extra", &x, &err), 0);
	assert_int_equal(x, 7);
	store_close(store);
	assert_int_equal(fixture_check_all(f), 1);
	/* a writer the file */
	assert_int_equal(store_open_schema(&store, f->dir, STORE_WRITE,
					   &good_next, &err),
			 0);
	store_close(store);
	fixture_refuse(f, STORE_READ, -ENOTSUP, "schema 6");
}

/* "TABLE.COLUMN TYPE DEFAULT" of every column, sorted by name. */
static void describe(const struct fixture *f, char *text, size_t size)
{
	struct store *store = fixture_open(f, STORE_WRITE);
	sqlite3_stmt *query;
	size_t used = 0;

	assert_int_equal(
		db_query(&store->db, &query,
			 "SELECT m.name || '.' || c.name || ' ' || c.type || "
			 "' ' || ifnull(c.dflt_value, '') FROM sqlite_schema m "
			 "JOIN pragma_table_info(m.name) c ORDER BY 1",
			 &err),
		0);
	while (db_next(&store->db, query, &err) > 0)
		used += (size_t)snprintf(text + used, size - used, "%s\n",
					 sqlite3_column_text(query, 0));
	assert_true(used && used < size);
	sqlite3_finalize(query);
	store_close(store);
}

/* What the real steps make of an old file is what schema.sql makes; a point
 * that `insert` puts there has its new axes at their fallbacks. */
static void migrate_from(struct fixture *f, const struct schema *old_schema,
			 const char *insert)
{
	static char fresh[16384], migrated[16384];
	struct store *store = fixture_open(f, STORE_CREATE);
	struct point *points, old;
	size_t count;

	store_close(store);
	describe(f, fresh, sizeof(fresh));
	unlink(f->file);
	assert_int_equal(store_open_schema(&store, f->dir, STORE_CREATE,
					   old_schema, &err),
			 0);
	store_close(store);
	exec_sql(f->file, insert);
	describe(f, migrated, sizeof(migrated));
	assert_string_equal(migrated, fresh);
	store = fixture_open(f, STORE_READ);
	assert_int_equal(store_load_points(store, &points, &count, &err), 0);
	point_init(&old);
	assert_int_equal(count, 1);
	assert_true(point_equal(points, &old));
	free(points);
	store_close(store);
}

static void test_version_1_becomes_the_newest(void **state)
{
	static const struct schema first = { 1, schema_1_sql, NULL };

	migrate_from(*state, &first,
		     "INSERT INTO point VALUES (0, 'tcp_stream', 'send', 1500, "
		     "0, 65536, 'off', 1)");
}

static void test_version_2_becomes_the_newest(void **state)
{
	static const struct schema second = { 2, schema_2_sql, NULL };

	migrate_from(*state, &second,
		     "INSERT INTO point (id, workload, direction, mtu, "
		     "socket_size, message_size, offload, flows) VALUES (0, "
		     "'tcp_stream', 'send', 1500, 0, 65536, 'off', 1)");
}

static void test_version_3_becomes_the_newest(void **state)
{
	static const struct schema third = { 3, schema_3_sql, NULL };

	migrate_from(*state, &third,
		     "INSERT INTO point (id, workload, direction, mtu, "
		     "socket_size, message_size, offload, flows) VALUES (0, "
		     "'tcp_stream', 'send', 1500, 0, 65536, 'off', 1)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(small_tables_come_back),
		FIXTURE_TEST(paths_and_points_come_back),
		FIXTURE_TEST(blocks_come_back),
		FIXTURE_TEST(blocks_come_one_by_one),
		FIXTURE_TEST(a_bad_block_leaves_nothing),
		FIXTURE_TEST(what_is_undone_is_not_there),
		FIXTURE_TEST(schema_has_a_column_for_each_axis),
		FIXTURE_TEST(one_writer_many_readers),
		FIXTURE_TEST(a_missing_directory_is_named),
		FIXTURE_TEST(a_closed_study_is_one_file),
		FIXTURE_TEST(files_that_are_not_ours),
		FIXTURE_TEST(a_newer_file_is_refused),
		FIXTURE_TEST(damage_is_found_on_opening),
		FIXTURE_TEST(what_fails_midway_is_no_answer),
		FIXTURE_TEST(an_older_file_is_migrated),
		FIXTURE_TEST(version_1_becomes_the_newest),
		FIXTURE_TEST(version_2_becomes_the_newest),
		FIXTURE_TEST(version_3_becomes_the_newest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
