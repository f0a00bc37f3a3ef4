/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/matrix.h"

struct bed {
	char dir[64];
	struct store *store;
};

static int setup(void **state)
{
	static const char *const names[] = { "native", "dom0" };
	struct bed *bed = calloc(1, sizeof(*bed));
	struct point point;

	strcpy(bed->dir, "/tmp/vazao-cost-XXXXXX");
	assert_non_null(mkdtemp(bed->dir));
	assert_int_equal(store_open(&bed->store, bed->dir, STORE_CREATE, NULL),
			 0);
	for (int i = 0; i < 2; i++) {
		struct store_path path = { .id = i,
					   .kind = "native",
					   .options = json_object() };

		strcpy(path.name, names[i]);
		assert_int_equal(store_add_path(bed->store, &path, NULL), 0);
		json_decref(path.options);
	}
	point_init(&point);
	assert_int_equal(store_add_point(bed->store, 0, &point, NULL), 0);
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;
	char file[96];

	store_close(bed->store);
	snprintf(file, sizeof(file), "%s/study.db", bed->dir);
	unlink(file);
	rmdir(bed->dir);
	free(bed);
	return 0;
}

/* A block of dom0 with these counters; NULL: it was not observed. */
static void add(struct bed *bed, const char *counters, const char *discarded)
{
	struct store_measurement m = {
		.path = 1,
		.throughput_mbps = 100,
		.congestion = "reno",
		.counters = counters ? json_loads(counters, 0, NULL) : NULL,
	};
	struct store_block block = { .order = json_array(),
				     .started_at_ns = 5,
				     .discarded = discarded,
				     .measurement = &m,
				     .measurements = 1 };
	struct err err = ERR_INIT;

	if (store_add_block(bed->store, &block, &err))
		fail_msg("%s", err.text);
	json_decref(block.order);
	json_decref(m.counters);
}

static struct cell load(struct bed *bed)
{
	struct matrix *matrix;
	struct err err = ERR_INIT;
	struct cell cell;

	if (matrix_load(&matrix, bed->store, &err))
		fail_msg("%s", err.text);
	assert_true(matrix_cell(matrix, 0, 0)->cpu_us_per_kb < 0);
	cell = *matrix_cell(matrix, 0, 1);
	matrix_free(matrix);
	return cell;
}

/* Sums over sums: 30 ms of CPU for 20 KB, 400 switches and 40 faults in 2 s.
 */
static void test_sums_over_sums(void **state)
{
	struct cell cell;

	add(*state,
	    "{\"turn_bytes\": 10240, \"turn_ns\": 500000000, \"host\": "
	    "{\"busy_ns\": 0, \"context_switches\": 100, \"page_faults\": 40}}",
	    NULL);
	add(*state,
	    "{\"turn_bytes\": 10240, \"turn_ns\": 1500000000, \"host\": "
	    "{\"busy_ns\": 30000000, \"context_switches\": 300, "
	    "\"page_faults\": 0}}",
	    NULL);
	add(*state,
	    "{\"turn_bytes\": 1, \"turn_ns\": 1, \"host\": {\"busy_ns\": 9, "
	    "\"context_switches\": 9, \"page_faults\": 9}}",
	    "a clock jumped");
	add(*state, NULL, NULL);
	cell = load(*state);
	assert_true(fabs(cell.cpu_us_per_kb - 1500) < 1e-9);
	assert_true(fabs(cell.context_switches_per_s - 200) < 1e-9);
	assert_true(fabs(cell.page_faults_per_s - 20) < 1e-9);
}

/* What one block lacks is not known of the cell: no zero, no half sum. */
static void test_what_is_missing(void **state)
{
	struct cell cell;

	add(*state,
	    "{\"turn_bytes\": 10240, \"turn_ns\": 1000000000, \"host\": "
	    "{\"busy_ns\": 1000, \"context_switches\": 5, \"page_faults\": 5}}",
	    NULL);
	add(*state,
	    "{\"turn_bytes\": 0, \"turn_ns\": 1000000000, \"host\": "
	    "{\"context_switches\": 5}}",
	    NULL);
	cell = load(*state);
	assert_true(cell.cpu_us_per_kb < 0);
	assert_true(fabs(cell.context_switches_per_s - 5) < 1e-9);
	assert_true(cell.page_faults_per_s < 0);
}

static void test_nothing_observed(void **state)
{
	struct cell cell;

	add(*state, NULL, NULL);
	add(*state, "{\"netback\": {\"flips\": 3}}", NULL);
	cell = load(*state);
	assert_true(cell.cpu_us_per_kb < 0);
	assert_true(cell.context_switches_per_s < 0);
	assert_true(cell.page_faults_per_s < 0);
}

/* Nothing went through: what it took is of no KB. */
static void test_no_bytes(void **state)
{
	struct cell cell;

	add(*state,
	    "{\"turn_bytes\": 0, \"turn_ns\": 1000000000, \"host\": "
	    "{\"busy_ns\": 1000, \"context_switches\": 5, \"page_faults\": 5}}",
	    NULL);
	cell = load(*state);
	assert_true(cell.cpu_us_per_kb < 0);
	assert_true(fabs(cell.page_faults_per_s - 5) < 1e-9);
}

#define BED_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED_TEST(test_sums_over_sums),
		BED_TEST(test_what_is_missing),
		BED_TEST(test_nothing_observed),
		BED_TEST(test_no_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
