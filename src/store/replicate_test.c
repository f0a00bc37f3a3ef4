/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What exact time asks of the file: replicates, and that times do not mix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/fixture.h"
#include "store/imported.h"
#include "store/replicate.h"

static struct err err;

static void add_point(struct store *store)
{
	struct point point;

	point_init(&point);
	assert_int_equal(store_add_point(store, 0, &point, &err), 0);
}

static const struct store_replicate row = { .round = 3,
					    .point = 0,
					    .machine = "dom0",
					    .result =
						    (char *)"{\"paths\":[]}" };

static void test_replicates_come_back(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);
	struct store_replicate *rows;
	size_t count;

	add_point(store);
	assert_int_equal(store_set_meta(store, "time", "exact", &err), 0);
	assert_int_equal(store_add_replicate(store, &row, &err), 0);
	assert_int_not_equal(store_add_replicate(store, &row, &err), 0);
	store_close(store);
	store = fixture_open(f, STORE_READ);
	assert_int_equal(store_load_replicates(store, &rows, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(rows->round, 3);
	assert_int_equal(rows->point, 0);
	assert_string_equal(rows->machine, "dom0");
	assert_string_equal(rows->result, row.result);
	store_replicates_free(rows, count);
	store_close(store);
}

static void test_a_study_keeps_its_time(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);

	assert_int_equal(store_set_meta(store, "time", "exact", &err), 0);
	assert_int_not_equal(store_set_meta(store, "time", "wall", &err), 0);
	assert_non_null(strstr(err.text, "a study keeps its time"));
	store_close(store);
}

static void test_seconds_do_not_become_instructions(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);

	add_point(store);
	assert_int_not_equal(store_add_replicate(store, &row, &err), 0);
	assert_non_null(strstr(err.text, "time is not exact"));
	store_close(store);
}

static void test_other_tools_figures_do_not_go_beside(void **state)
{
	const struct store_imported theirs = { .path = "iperf3",
					       .tool = "iperf3",
					       .source = "a.json",
					       .throughput_mbps = 1,
					       .seconds = 1 };
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);

	add_point(store);
	assert_int_equal(store_add_imported(store, &theirs, &err), 0);
	assert_int_equal(store_set_meta(store, "time", "exact", &err), 0);
	assert_int_not_equal(store_add_imported(store, &theirs, &err), 0);
	assert_non_null(strstr(err.text, "time is exact"));
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(replicates_come_back),
		FIXTURE_TEST(a_study_keeps_its_time),
		FIXTURE_TEST(seconds_do_not_become_instructions),
		FIXTURE_TEST(other_tools_figures_do_not_go_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
