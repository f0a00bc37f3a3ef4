/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/fixture.h"

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/vazao-store-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->file, sizeof(f->file), "%s/study.db", f->dir);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	static const char *const names[] = { "study.db", "study.db-wal",
					     "study.db-shm", "study.db-journal",
					     "study.lock" };
	struct fixture *f = *state;
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		unlink(path);
	}
	if (rmdir(f->dir) < 0)
		print_error("%s: something is left in it\n", f->dir);
	free(f);
	return 0;
}

struct store *fixture_open(const struct fixture *f, enum store_mode mode)
{
	struct err err = ERR_INIT;
	struct store *store = NULL;

	if (store_open(&store, f->dir, mode, &err))
		fail_msg("%s", err.text);
	return store;
}

void fixture_refuse(const struct fixture *f, enum store_mode mode, int code,
		    const char *part)
{
	struct err err = ERR_INIT;
	struct store *store = NULL;
	int rc = store_open(&store, f->dir, mode, &err);

	if (rc != code || !strstr(err.text, part))
		fail_msg("%d '%s', not %d '...%s...'", rc, err.text, code,
			 part);
}

void fixture_fill(struct store *store)
{
	struct store_path native = { .id = 0, .name = "native" };
	struct store_path guest = { .id = 1, .name = "guest" };
	struct err err = ERR_INIT;
	struct point point;

	strcpy(native.kind, "native");
	strcpy(guest.kind, "uml");
	guest.options = json_pack("{sssi}", "receive", "copy", "pages", 16);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(store_add_path(store, &native, &err), 0);
	assert_int_equal(store_add_path(store, &guest, &err), 0);
	point_init(&point);
	assert_int_equal(store_add_point(store, 0, &point, &err), 0);
	point.value[AXIS_MTU] = 500;
	point.value[AXIS_OFFLOAD] = OFFLOAD_ON;
	point.value[AXIS_DIRECTION] = DIRECTION_RECEIVE;
	assert_int_equal(store_add_point(store, 1, &point, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	json_decref(guest.options);
}

void fixture_block(struct store_block *block, struct store_measurement m[2],
		   int n)
{
	memset(m, 0, 2 * sizeof(m[0]));
	*block = (struct store_block){
		.point = n % 2,
		.round = n / 2,
		.seed = UINT64_MAX - (uint64_t)n,
		.order = json_pack("[iiii]", 0, 1, 1, 0),
		.started_at_ns = INT64_C(1700000000000000000) + n,
		.duration_ns = 390000000 + n,
		.measurement = m,
		.measurements = 2,
	};
	for (int i = 0; i < 2; i++) {
		m[i].path = i;
		m[i].throughput_mbps = 1000.0 / 3 + n - i;
		m[i].bytes = INT64_C(5000000000) + n;
		m[i].duration_ns = 80000000 + n;
		m[i].idle_max_ns = 40000000 + n;
		m[i].sndbuf_bytes = 32768 + n;
		m[i].rcvbuf_bytes = 65536 + n;
		m[i].mss_bytes = 1448;
		m[i].retransmits = n % 3;
		m[i].messages = 1000 + n;
		strcpy(m[i].congestion, i ? "reno" : "cubic");
		m[i].slices = json_pack("[[II][II]]", (json_int_t)1448 * n,
					(json_int_t)10000000, (json_int_t)n,
					(json_int_t)10000001);
	}
	m[1].counters = json_pack("{sf}", "cpu_us_per_kb", 0.1 + n);
}

void fixture_block_free(struct store_block *block)
{
	for (size_t i = 0; i < block->measurements; i++) {
		json_decref(block->measurement[i].slices);
		json_decref(block->measurement[i].counters);
	}
	json_decref(block->order);
	json_decref(block->settings);
}

int fixture_add(struct store *store, int n, struct err *err)
{
	struct store_measurement m[2];
	struct store_block block;
	int rc;

	fixture_block(&block, m, n);
	rc = store_add_block(store, &block, err);
	fixture_block_free(&block);
	return rc;
}

static void check_measurement(const struct store_measurement *a,
			      const struct store_measurement *b)
{
	assert_int_equal(a->path, b->path);
	assert_true(a->throughput_mbps == b->throughput_mbps);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->duration_ns, b->duration_ns);
	assert_int_equal(a->idle_max_ns, b->idle_max_ns);
	assert_int_equal(a->sndbuf_bytes, b->sndbuf_bytes);
	assert_int_equal(a->rcvbuf_bytes, b->rcvbuf_bytes);
	assert_int_equal(a->mss_bytes, b->mss_bytes);
	assert_int_equal(a->retransmits, b->retransmits);
	assert_int_equal(a->messages, b->messages);
	assert_string_equal(a->congestion, b->congestion);
	assert_true(json_equal(a->slices, b->slices));
	assert_true(!a->counters == !b->counters);
	assert_true(!a->counters || json_equal(a->counters, b->counters));
}

/* Is `block` what fixture_block() makes of `n`, to the last bit? */
static void check_block(const struct store_block *block, int n)
{
	struct store_measurement m[2];
	struct store_block right;

	fixture_block(&right, m, n);
	assert_int_equal(block->point, right.point);
	assert_int_equal(block->round, right.round);
	assert_true(block->seed == right.seed);
	assert_true(json_equal(block->order, right.order));
	assert_int_equal(block->started_at_ns, right.started_at_ns);
	assert_int_equal(block->duration_ns, right.duration_ns);
	assert_null(block->discarded);
	assert_null(block->settings);
	assert_int_equal(block->measurements, 2);
	for (int i = 0; i < 2; i++)
		check_measurement(&block->measurement[i], &m[i]);
	fixture_block_free(&right);
}

size_t fixture_check_all(const struct fixture *f)
{
	struct store *store = fixture_open(f, STORE_READ);
	struct store_block *blocks;
	struct err err = ERR_INIT;
	size_t count;

	if (store_load_blocks(store, false, &blocks, &count, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < count; i++)
		check_block(&blocks[i], (int)i);
	store_blocks_free(blocks, count);
	store_close(store);
	return count;
}
