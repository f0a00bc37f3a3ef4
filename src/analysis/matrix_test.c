/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/differences.h"
#include "analysis/matrix.h"
#include "analysis/synthetic.h"

static struct matrix *load(const struct synthetic *study)
{
	char dir[] = "/tmp/vazao-matrix-XXXXXX";
	struct err err = ERR_INIT;
	struct store *store = NULL;
	struct matrix *matrix = NULL;

	if (synthetic_create(dir, study, &err) ||
	    store_open(&store, dir, STORE_READ, &err) ||
	    matrix_load(&matrix, store, &err))
		fail_msg("%s", err.text);
	store_close(store);
	synthetic_remove(dir);
	return matrix;
}

static size_t count_status(const struct matrix *m, enum cell_status status)
{
	size_t count = 0;

	for (size_t i = 0; i < m->points * m->paths; i++)
		count += m->cell[i].status == status;
	return count;
}

static void test_facts_and_shape(void **state)
{
	struct matrix *m = load(&synthetic_quick);

	(void)state;
	assert_string_equal(m->title, "quick");
	assert_string_equal(m->host, "testhost, Linux 6.1.0, 2 CPUs");
	assert_int_equal(m->paths, 3);
	assert_int_equal(m->points, 8);
	assert_string_equal(m->path[2].name, "domU");
	assert_int_equal(m->blocks, 8 * 14);
	assert_int_equal(m->discarded, 0);
	assert_true(m->precision == 0.025);
	assert_true(m->started_at_ns == INT64_C(1795395600000000000));
	assert_true(m->finished_at_ns - m->started_at_ns ==
		    754 * INT64_C(1000000000));
	for (size_t i = 0; i < m->points; i++)
		for (size_t path = 0; path < m->paths; path++) {
			const struct cell *cell = matrix_cell(m, i, path);

			assert_int_equal(cell->point_id, i);
			assert_int_equal(cell->path, path);
			assert_int_equal(cell->blocks, 14);
			assert_int_equal(cell->sndbuf_effective, 32768);
			assert_true(cell->cpu_us_per_kb < 0);
		}
	assert_int_equal(matrix_intervals(m), 16);
	assert_int_equal(json_array_size(m->differences), 0);
	matrix_free(m);
}

/* 224 intervals of +-2.5 %: the truth is in most, and never far away. */
static void test_efficiencies_are_near_the_truth(void **state)
{
	struct matrix *m = load(&synthetic_paper);
	size_t covered = 0;

	(void)state;
	for (size_t i = 0; i < m->points * m->paths; i++) {
		const struct cell *c = &m->cell[i];
		double x = synthetic_rate(&synthetic_paper, 0, c->point);
		double y = synthetic_rate(&synthetic_paper, c->path, c->point);

		assert_true(c->efficiency.valid);
		assert_true(fabs(c->efficiency.ratio / (y / x) - 1) < 0.06);
		assert_true(c->throughput.lo < c->throughput.mean);
		if (c->path == 0)
			continue;
		covered +=
			c->efficiency.lo <= y / x && y / x <= c->efficiency.hi;
		assert_true(fabs(c->trimmed / c->efficiency.ratio - 1) < 0.05);
	}
	assert_in_range(covered, 205, 223);
	matrix_free(m);
}

static void test_statuses(void **state)
{
	struct synthetic study = synthetic_quick;
	struct matrix *m = NULL;

	(void)state;
	study.noise = 0.01;
	m = load(&study);
	assert_int_equal(count_status(m, CELL_REFERENCE), 8);
	assert_int_equal(count_status(m, CELL_REACHED), 16);
	assert_true(matrix_cell(m, 0, 0)->efficiency.ratio == 1);
	assert_true(matrix_cell(m, 0, 0)->efficiency.half_width == 0);
	matrix_free(m);

	study.noise = 0.3;
	m = load(&study);
	assert_int_equal(count_status(m, CELL_NOT_REACHED), 16);
	assert_true(m->cell[1].efficiency.valid);
	matrix_free(m);

	study.noise = 0.01;
	study.blocks = 11; /* one short of the least */
	m = load(&study);
	assert_int_equal(count_status(m, CELL_NOT_REACHED), 16);
	matrix_free(m);
}

/* A plan that asks for more blocks than 12 gets them. */
static void test_min_blocks(void **state)
{
	struct synthetic study = synthetic_quick;
	char dir[] = "/tmp/vazao-matrix-XXXXXX";
	struct err err = ERR_INIT;
	struct store *store = NULL;
	struct matrix *m = NULL;

	(void)state;
	study.noise = 0.01;
	if (synthetic_create(dir, &study, &err) ||
	    store_open(&store, dir, STORE_WRITE, &err) ||
	    store_set_meta(store, "min_blocks", "15", &err) ||
	    matrix_load(&m, store, &err))
		fail_msg("%s", err.text);
	assert_int_equal(count_status(m, CELL_NOT_REACHED), 16);
	matrix_free(m);
	store_close(store);
	synthetic_remove(dir);
}

/* Eight replicates are enough where nothing stops by its own interval. */
static void test_exact_has_no_least_number(void **state)
{
	struct synthetic study = synthetic_quick;
	struct matrix *m = NULL;

	(void)state;
	study.noise = 0.01;
	study.blocks = 8;
	m = load(&study);
	assert_int_equal(count_status(m, CELL_REACHED), 0);
	matrix_free(m);
	study.exact = true;
	m = load(&study);
	assert_int_equal(count_status(m, CELL_REACHED), 16);
	matrix_free(m);
}

/* At 100 Mbit/s every path of every cell runs into the cable. */
static void test_capped(void **state)
{
	struct synthetic study = synthetic_quick;
	struct matrix *m = NULL;

	(void)state;
	study.noise = 0.01;
	study.link_bps = 100000000;
	m = load(&study);
	assert_int_equal(count_status(m, CELL_CAPPED), 16);
	matrix_free(m);

	/* 2.1 Gbit/s: the reference is capped here and there, domU never. */
	study.link_bps = 2100000000;
	m = load(&study);
	for (size_t i = 0; i < m->points; i++)
		assert_int_equal(matrix_cell(m, i, 2)->status, CELL_REACHED);
	assert_in_range(count_status(m, CELL_CAPPED), 1, 7);
	matrix_free(m);
}

static double link_mbps(int64_t link_bps, int64_t mtu, int64_t family)
{
	struct point point;

	point_init(&point);
	point.value[AXIS_MTU] = mtu;
	point.value[AXIS_FAMILY] = family;
	return matrix_link_mbps(link_bps, &point);
}

static void test_link_formula(void **state)
{
	(void)state;
	/* 1448 of 1538 bytes, 448 of 538; IPv6: 1428 of 1538. */
	assert_true(fabs(link_mbps(1000000000, 1500, FAMILY_IPV4) - 941.4824) <
		    1e-4);
	assert_true(fabs(link_mbps(1000000000, 500, FAMILY_IPV4) - 832.7138) <
		    1e-4);
	assert_true(fabs(link_mbps(1000000000, 1500, FAMILY_IPV6) - 928.4785) <
		    1e-4);
	assert_true(link_mbps(0, 1500, FAMILY_IPV4) == 0);
	assert_true(link_mbps(1000000000, 52, FAMILY_IPV4) == 0);
}

static void test_trouble_is_told(void **state)
{
	struct synthetic study = synthetic_quick;
	const struct cell *cell;
	struct matrix *m = NULL;

	(void)state;
	study.noise = 0.01;
	study.trouble = true;
	m = load(&study);
	assert_int_equal(m->blocks, 7 * 14);
	assert_int_equal(m->discarded, 1);
	assert_int_equal(matrix_cell(m, 0, 1)->blocks, 14);

	cell = matrix_cell(m, 1, 2);
	assert_int_equal(cell->status, CELL_FAILED);
	assert_non_null(strstr(cell->cause, "no answer within 5 s"));
	assert_int_equal(count_status(m, CELL_FAILED), 1);

	/* Not visited: no numbers, and no NaN either. */
	cell = matrix_cell(m, 7, 2);
	assert_int_equal(cell->status, CELL_NOT_REACHED);
	assert_int_equal(cell->blocks, 0);
	assert_false(cell->efficiency.valid);
	assert_false(cell->throughput.valid);
	assert_true(cell->throughput.mean == 0);
	assert_int_equal(matrix_cell(m, 7, 0)->status, CELL_REFERENCE);
	assert_false(matrix_cell(m, 7, 0)->efficiency.valid);
	assert_int_equal(json_array_size(m->differences), 2);
	matrix_free(m);
}

static int add_lone_block(struct store *store, int path, struct err *err)
{
	struct store_measurement m = { .path = path,
				       .throughput_mbps = 1e6,
				       .congestion = "cubic" };
	struct store_block block = { .measurement = &m, .measurements = 1 };
	int rc;

	block.order = json_array();
	rc = store_add_block(store, &block, err);
	json_decref(block.order);
	return rc;
}

/* A block without the reference tells the path's throughput, but nothing of
 * its efficiency. */
static void test_lone_blocks_make_no_ratio(void **state)
{
	struct synthetic study = synthetic_quick;
	char dir[] = "/tmp/vazao-matrix-XXXXXX";
	struct err err = ERR_INIT;
	struct store *store = NULL;
	struct matrix *m = NULL;

	(void)state;
	study.noise = 0.01;
	if (synthetic_create(dir, &study, &err) ||
	    store_open(&store, dir, STORE_WRITE, &err) ||
	    add_lone_block(store, 2, &err) || matrix_load(&m, store, &err))
		fail_msg("%s", err.text);
	assert_int_equal(matrix_cell(m, 0, 2)->blocks, 15);
	assert_int_equal(matrix_cell(m, 0, 2)->efficiency.n, 14);
	assert_true(matrix_cell(m, 0, 2)->efficiency.ratio < 1);
	assert_true(matrix_cell(m, 0, 2)->throughput.mean > 60000);
	matrix_free(m);
	store_close(store);
	synthetic_remove(dir);
}

/* From domU, and of the first seven rounds alone. */
static void test_query(void **state)
{
	const struct matrix_query from_domU = { .reference = "domU" };
	const struct matrix_query nobody = { .reference = "dom1" };
	const struct matrix_query early = { .to_ns = INT64_C(
						    1795395607000000000) };
	char dir[] = "/tmp/vazao-matrix-XXXXXX";
	struct err err = ERR_INIT;
	struct store *store = NULL;
	struct matrix *m = NULL, *turned = NULL;

	(void)state;
	if (synthetic_create(dir, &synthetic_quick, &err) ||
	    store_open(&store, dir, STORE_READ, &err) ||
	    matrix_load(&m, store, &err) ||
	    matrix_load_query(&turned, store, &from_domU, &err))
		fail_msg("%s", err.text);
	assert_int_equal(turned->reference, 2);
	for (size_t i = 0; i < m->points; i++) {
		const struct cell *a = matrix_cell(m, i, 2);
		const struct cell *b = matrix_cell(turned, i, 0);

		assert_int_equal(matrix_cell(turned, i, 2)->status,
				 CELL_REFERENCE);
		assert_true(fabs(a->efficiency.ratio * b->efficiency.ratio -
				 1) < 1e-9);
	}
	matrix_free(turned);
	assert_int_equal(matrix_load_query(&turned, store, &early, &err), 0);
	assert_int_equal(turned->blocks, 7 * 8);
	matrix_free(turned);
	assert_int_equal(matrix_load_query(&turned, store, &nobody, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "native, dom0, domU"));
	matrix_free(m);
	store_close(store);
	synthetic_remove(dir);
}

static void test_failed_reference_fails_its_point(void **state)
{
	struct store_failure failure = { .point = 2,
					 .path = 0,
					 .cause = "no route" };
	struct synthetic study = synthetic_quick;
	char dir[] = "/tmp/vazao-matrix-XXXXXX";
	struct err err = ERR_INIT;
	struct store *store = NULL;
	struct matrix *m = NULL;

	(void)state;
	study.blocks = 0;
	if (synthetic_create(dir, &study, &err) ||
	    store_open(&store, dir, STORE_WRITE, &err) ||
	    store_add_failure(store, &failure, &err) ||
	    matrix_load(&m, store, &err))
		fail_msg("%s", err.text);
	assert_int_equal(count_status(m, CELL_FAILED), 3);
	assert_string_equal(matrix_cell(m, 2, 1)->cause,
			    "the reference native failed: no route");
	matrix_free(m);
	store_close(store);
	synthetic_remove(dir);
}

/* Paths measured apart: the ratio of means, by the rule's own interval. */
static void test_rule_2007(void **state)
{
	struct synthetic study = synthetic_quick;
	struct matrix *m = NULL;

	(void)state;
	study.noise = 0.01;
	study.rule = "2007";
	study.blocks = 10;
	m = load(&study);
	assert_true(m->rule_2007);
	assert_int_equal(m->blocks, 8 * 3 * 10);
	assert_int_equal(matrix_intervals(m), 16);
	assert_true(matrix_cell(m, 0, 1)->efficiency.nu > 8);
	/* the weather is in it: wider than any pair of the same blocks */
	assert_true(matrix_cell(m, 0, 1)->efficiency.half_width > 0.01);
	assert_true(count_status(m, CELL_REACHED) > 0);
	matrix_free(m);
}

static void test_differences(void **state)
{
	json_t *settings =
		json_pack("{s{ssssss}s{ssss}s{ssssss}}", "M2", "b", "1", "a",
			  "x", "c", "0", "dom0", "b", "1", "a", "x", "domU",
			  "b", "2", "a", "x", "c", "0");
	json_t *found = differences_find(settings);
	json_t *expected =
		json_pack("[{sss{ssssss}}{sss{sssnss}}]", "key", "b", "values",
			  "M2", "1", "dom0", "1", "domU", "2", "key", "c",
			  "values", "M2", "0", "dom0", "domU", "0");

	(void)state;
	assert_true(json_equal(found, expected));
	json_decref(settings);
	json_decref(found);
	json_decref(expected);
}

static void test_what_is_no_study_is_refused(void **state)
{
	char dir[] = "/tmp/vazao-matrix-XXXXXX";
	struct err err = ERR_INIT;
	struct matrix *m = NULL;
	struct store *store = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(store_open(&store, dir, STORE_CREATE, &err), 0);
	assert_int_equal(matrix_load(&m, store, &err), -ENODATA);
	assert_null(m);
	assert_non_null(strstr(err.text, "never begun"));
	assert_int_equal(store_set_meta(store, "precision", "soon", &err), 0);
	assert_true(matrix_load(&m, store, &err) < 0);
	assert_non_null(strstr(err.text, "precision: 'soon'"));
	assert_int_equal(store_set_meta(store, "precision", "2.5%", &err), 0);
	assert_int_equal(store_set_meta(store, "started_at", "1 h ago", &err),
			 0);
	assert_true(matrix_load(&m, store, &err) < 0);
	assert_non_null(strstr(err.text, "started_at: '1 h ago'"));
	store_close(store);
	synthetic_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts_and_shape),
		cmocka_unit_test(test_efficiencies_are_near_the_truth),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_min_blocks),
		cmocka_unit_test(test_exact_has_no_least_number),
		cmocka_unit_test(test_capped),
		cmocka_unit_test(test_link_formula),
		cmocka_unit_test(test_trouble_is_told),
		cmocka_unit_test(test_lone_blocks_make_no_ratio),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_failed_reference_fails_its_point),
		cmocka_unit_test(test_rule_2007),
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_what_is_no_study_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
