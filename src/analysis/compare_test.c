/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/compare.h"
#include "analysis/synthetic.h"

static struct err err = ERR_INIT;

static struct matrix *load(const struct synthetic *study, const char *reference)
{
	const struct matrix_query query = { .reference = reference };
	char dir[] = "/tmp/vazao-compare-XXXXXX";
	struct store *store = NULL;
	struct matrix *m = NULL;

	if (synthetic_create(dir, study, &err) ||
	    store_open(&store, dir, STORE_READ, &err) ||
	    matrix_load_query(&m, store, &query, &err))
		fail_msg("%s", err.text);
	store_close(store);
	synthetic_remove(dir);
	return m;
}

static struct compare_args args_of(const struct matrix *a,
				   const struct matrix *b)
{
	return (struct compare_args){ .a = a,
				      .b = b,
				      .path_a = -1,
				      .path_b = -1,
				      .margin = 0.03,
				      .q = 0.05 };
}

static struct comparison *judge(const struct compare_args *args)
{
	struct comparison *c = NULL;

	if (compare(&c, args, &err))
		fail_msg("%s", err.text);
	return c;
}

/* A second draw of the same truth, exactly enough known: no cell is called
 * worse or better, and every mean is the same. */
static void test_nothing_changed(void **state)
{
	struct synthetic study = synthetic_paper, again = synthetic_paper;
	struct compare_args args;
	struct comparison *c;
	struct matrix *a, *b;

	(void)state;
	study.noise = again.noise = 0.02;
	again.salt = 1000;
	a = load(&study, NULL);
	b = load(&again, NULL);
	args = args_of(a, b);
	c = judge(&args);
	assert_int_equal(c->cells, 224);
	assert_int_equal(c->means, 2);
	assert_int_equal(c->count[VERDICT_WORSE], 0);
	assert_int_equal(c->count[VERDICT_BETTER], 0);
	assert_true(c->count[VERDICT_SAME] > 150);
	assert_int_equal(c->mean[0].verdict, VERDICT_SAME);
	assert_int_equal(c->overall, VERDICT_SAME);
	assert_int_equal(c->only_a, 0);
	assert_int_equal(json_array_size(c->differences), 0);
	compare_free(c);
	matrix_free(a);
	matrix_free(b);
}

/* Half of domU's cells lose an eighth: those, and no others. */
static void test_a_regression_is_found(void **state)
{
	struct synthetic study = synthetic_paper, slower = synthetic_paper;
	struct compare_args args;
	struct comparison *c;
	struct matrix *a, *b;
	size_t right = 0, wrong = 0;

	(void)state;
	study.noise = slower.noise = 0.03;
	slower.effect = -0.125;
	slower.salt = 1000;
	a = load(&study, NULL);
	b = load(&slower, NULL);
	args = args_of(a, b);
	c = judge(&args);
	for (size_t i = 0; i < c->cells; i++) {
		bool hit = c->cell[i].path_b == 2 &&
			   c->cell[i].b->point->value[AXIS_MTU] == 500;

		if (c->cell[i].verdict == VERDICT_WORSE)
			hit ? right++ : wrong++;
		assert_true(c->cell[i].lo < c->cell[i].ratio &&
			    c->cell[i].ratio < c->cell[i].hi);
	}
	assert_int_equal(right, 56);
	assert_int_equal(wrong, 0);
	assert_int_equal(c->overall, VERDICT_WORSE);
	assert_int_equal(c->mean[0].verdict, VERDICT_SAME);
	assert_int_equal(c->mean[1].verdict, VERDICT_WORSE);
	compare_free(c);

	/* the other way round it is a gain */
	args.a = b;
	args.b = a;
	c = judge(&args);
	assert_int_equal(c->count[VERDICT_BETTER], 56);
	assert_int_equal(c->overall, VERDICT_BETTER);
	compare_free(c);
	matrix_free(a);
	matrix_free(b);
}

/* domU against dom0, block by block. */
static void test_two_paths_of_one_study(void **state)
{
	struct matrix *m = load(&synthetic_quick, "dom0");
	struct compare_args args = args_of(m, m);
	struct comparison *c;

	(void)state;
	args.paired = true;
	args.path_a = 1;
	args.path_b = 2;
	c = judge(&args);
	assert_int_equal(c->cells, 8);
	assert_int_equal(c->means, 1);
	assert_int_equal(c->overall, VERDICT_WORSE);
	for (size_t i = 0; i < c->cells; i++) {
		const struct point *p = c->cell[i].b->point;
		double truth = synthetic_rate(&synthetic_quick, 2, p) /
			       synthetic_rate(&synthetic_quick, 1, p);

		assert_true(fabs(c->cell[i].ratio / truth - 1) < 0.06);
		assert_true(c->cell[i].ratio == c->cell[i].b->efficiency.ratio);
	}
	compare_free(c);
	matrix_free(m);
}

static void test_throughput_takes_the_reference_in(void **state)
{
	struct matrix *a = load(&synthetic_quick, NULL);
	struct compare_args args = args_of(a, a);
	struct comparison *c;

	(void)state;
	args.by = COMPARE_THROUGHPUT;
	c = judge(&args);
	assert_int_equal(c->cells, 24);
	assert_true(c->cell[0].ratio == 1);
	assert_true(c->cell[0].hi > 1);
	compare_free(c);
	matrix_free(a);
}

static void test_trouble_is_not_judged(void **state)
{
	struct synthetic study = synthetic_quick, troubled = synthetic_quick;
	struct compare_args args;
	struct comparison *c;
	struct matrix *a, *b;

	(void)state;
	troubled.trouble = true;
	a = load(&study, NULL);
	b = load(&troubled, NULL);
	args = args_of(a, b);
	c = judge(&args);
	/* one failed, and a point that was not visited, on two paths */
	assert_int_equal(c->unjudged, 3);
	assert_int_equal(c->mean[0].cells, 7);
	assert_true(json_array_size(c->differences) > 0);
	compare_free(c);
	matrix_free(a);
	matrix_free(b);
}

static void refuse(const struct synthetic *left, const struct synthetic *right,
		   const char *said)
{
	struct matrix *a = load(left, NULL), *b = load(right, NULL);
	struct compare_args args = args_of(a, b);
	struct comparison *c;

	assert_int_equal(compare(&c, &args, &err), -EINVAL);
	assert_null(c);
	if (!strstr(err.text, said))
		fail_msg("'%s', not '%s'", err.text, said);
	args.force = true;
	assert_int_equal(compare(&c, &args, &err),
			 strstr(said, "common") ? -EINVAL : 0);
	compare_free(c);
	matrix_free(a);
	matrix_free(b);
}

static void test_refuses_what_is_not_comparable(void **state)
{
	struct synthetic other = synthetic_quick;

	(void)state;
	other.link_bps = 1000000000;
	refuse(&synthetic_quick, &other, "link unlimited in A, 1gbit in B");
	other = synthetic_quick;
	other.rule = "2007";
	refuse(&synthetic_quick, &other, "rule blocks in A, 2007 in B");
	other = synthetic_quick;
	other.axis[AXIS_MTU].value[0] = 576;
	other.axis[AXIS_MTU].count = 1;
	refuse(&synthetic_quick, &other, "no cell in common");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_changed),
		cmocka_unit_test(test_a_regression_is_found),
		cmocka_unit_test(test_two_paths_of_one_study),
		cmocka_unit_test(test_throughput_takes_the_reference_in),
		cmocka_unit_test(test_trouble_is_not_judged),
		cmocka_unit_test(test_refuses_what_is_not_comparable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
