/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/contrast.h"

#include <math.h>

#include "analysis/fixture.h"

/* Eight points, MTU 500 first; native has twice the rate at MTU 1500, dom0 90 %
 * of native, domU 50 %. */
static double doubled(int path, const struct point *point)
{
	static const double share[] = { 1, 0.9, 0.5 };

	return share[path] * (point->value[AXIS_MTU] == 500 ? 500 : 1000);
}

static double equal(int path, const struct point *point)
{
	(void)path;
	(void)point;
	return 1000;
}

static struct synthetic study_of(double (*rate)(int, const struct point *))
{
	struct synthetic study = synthetic_quick;

	study.rate = rate;
	return study;
}

static void add_pair(struct claim *claim, size_t a, size_t b, double low,
		     double high)
{
	struct contrast c = {
		.a = { a, 0 }, .b = { b, 0 }, .low = low, .high = high
	};

	claim_add_trial(claim, JOIN_ALL);
	claim_add(claim, &c);
}

static enum outcome judge(struct claim *claim, const struct fixture *f)
{
	struct err err = ERR_INIT;

	if (claim_judge(claim, f->matrix, &f->series, &err))
		fail_msg("%s", err.text);
	return claim->verdict;
}

static void test_ratio_and_interval(void **state)
{
	struct synthetic study = study_of(doubled);
	struct claim claim = { .quantifier = QUANTIFIER_EVERY };
	const struct contrast *c;
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	for (size_t i = 0; i < 4; i++)
		add_pair(&claim, i, i + 4, 0, 1);
	assert_int_equal(judge(&claim, &f), OUTCOME_HOLDS);
	assert_int_equal(claim.in_favor, 4);
	for (size_t i = 0; i < 4; i++) {
		c = claim_shown(&claim, i);
		assert_true(c->valid && c->n == 14);
		assert_true(c->lo < 0.5 && 0.5 < c->hi);
		assert_true(c->hi / c->lo < 1.3);
	}
	assert_true(fabs(claim.mean - 0.5) < 0.03);
	claim_free(&claim);
	fixture_close(&f);
}

static void test_a_case_against_refutes_every_but_not_most(void **state)
{
	struct synthetic study = study_of(doubled);
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	for (int q = QUANTIFIER_EVERY; q <= QUANTIFIER_MOST; q++) {
		struct claim claim = { .quantifier = (enum quantifier)q };

		for (size_t i = 0; i < 3; i++)
			add_pair(&claim, i, i + 4, 0, 1);
		add_pair(&claim, 7, 3, 0, 1);
		assert_int_equal(judge(&claim, &f), q == QUANTIFIER_EVERY
							    ? OUTCOME_DOES_NOT
							    : OUTCOME_HOLDS);
		assert_int_equal(claim.in_favor, 3);
		assert_int_equal(claim.against, 1);
		assert_int_equal(claim.trial[3].verdict, OUTCOME_DOES_NOT);
		claim_free(&claim);
	}
	fixture_close(&f);
}

static void test_half_against_is_no_majority(void **state)
{
	struct synthetic study = study_of(doubled);
	struct claim claim = { .quantifier = QUANTIFIER_MOST };
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	add_pair(&claim, 0, 4, 0, 1);
	add_pair(&claim, 5, 1, 0, 1);
	assert_int_equal(judge(&claim, &f), OUTCOME_DOES_NOT);
	claim_free(&claim);
	fixture_close(&f);
}

static void test_equal_cells_are_undecided(void **state)
{
	struct synthetic study = study_of(equal);
	int decided = 0;

	(void)state;
	for (study.salt = 1; study.salt <= 20; study.salt++) {
		struct claim claim = { .quantifier = QUANTIFIER_EVERY };
		struct fixture f;

		fixture_open(&f, &study);
		for (size_t i = 0; i < 4; i++)
			add_pair(&claim, i, i + 4, 0, 1);
		decided += judge(&claim, &f) != OUTCOME_UNDECIDED;
		claim_free(&claim);
		fixture_close(&f);
	}
	/* 5 % of 20 are expected at the most: 4 would be 1 in 60 */
	assert_in_range(decided, 0, 3);
}

static void test_a_band_needs_both_ends(void **state)
{
	const struct {
		double low, high;
		enum outcome verdict;
	} cases[] = { { 0.4, 0.6, OUTCOME_HOLDS },
		      { 0.6, 0.9, OUTCOME_DOES_NOT },
		      { 0.1, 0.4, OUTCOME_DOES_NOT },
		      { 0.5, 0.9, OUTCOME_UNDECIDED } };
	struct synthetic study = study_of(doubled);
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct claim claim = { .quantifier = QUANTIFIER_EVERY };

		add_pair(&claim, 0, 4, cases[i].low, cases[i].high);
		assert_int_equal(judge(&claim, &f), cases[i].verdict);
		claim_free(&claim);
	}
	fixture_close(&f);
}

/* Cell 0 against 1 (alike) and 4 (twice as fast). */
static void test_joins(void **state)
{
	struct synthetic study = study_of(doubled);
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	for (int join = JOIN_ALL; join <= JOIN_ANY; join++) {
		struct claim claim = { .quantifier = QUANTIFIER_EVERY };
		struct contrast alike = { .a = { 0, 0 },
					  .b = { 1, 0 },
					  .low = 0.8,
					  .high = HUGE_VAL };
		struct contrast half = alike;

		half.b.point = 4;
		claim_add_trial(&claim, (enum join)join);
		claim_add(&claim, &alike);
		claim_add(&claim, &half);
		assert_int_equal(judge(&claim, &f), join == JOIN_ALL
							    ? OUTCOME_DOES_NOT
							    : OUTCOME_HOLDS);
		assert_int_equal(claim_shown(&claim, 0)->b.point,
				 join == JOIN_ALL ? 4 : 1);
		claim_free(&claim);
	}
	fixture_close(&f);
}

/* Efficiencies are the report's own. */
static void test_efficiency_is_the_matrix(void **state)
{
	struct synthetic study = study_of(doubled);
	struct claim claim = { .quantifier = QUANTIFIER_EVERY };
	struct contrast c = {
		.a = { 3, 2 }, .b = { 3, 0 }, .low = 0, .high = 0.6
	};
	const struct stats_efficiency *e;
	struct fixture f;

	(void)state;
	fixture_open(&f, &study);
	claim_add_trial(&claim, JOIN_ALL);
	claim_add(&claim, &c);
	assert_int_equal(judge(&claim, &f), OUTCOME_HOLDS);
	e = &matrix_cell(f.matrix, 3, 2)->efficiency;
	assert_true(fabs(claim.contrast[0].ratio - e->ratio) < 1e-12);
	assert_true(fabs(claim.contrast[0].lo - e->lo) < 1e-9);
	assert_true(fabs(claim.contrast[0].hi - e->hi) < 1e-9);
	claim_free(&claim);
	fixture_close(&f);
}

/* Point 1 failed on path 2, and the last point was not visited. */
static void test_what_is_missing_is_undecided(void **state)
{
	struct synthetic study = study_of(doubled);
	struct claim claim = { .quantifier = QUANTIFIER_EVERY };
	struct claim empty = { .quantifier = QUANTIFIER_EVERY };
	struct contrast failed = {
		.a = { 1, 2 }, .b = { 5, 2 }, .low = 0, .high = 1
	};
	struct fixture f;

	(void)state;
	study.trouble = true;
	fixture_open(&f, &study);
	claim_add_trial(&claim, JOIN_ALL);
	claim_add(&claim, &failed);
	add_pair(&claim, 3, 7, 0, 1);
	assert_int_equal(judge(&claim, &f), OUTCOME_UNDECIDED);
	assert_false(claim.contrast[0].valid);
	assert_false(claim.contrast[1].valid);
	assert_true(claim.mean == 0);
	assert_int_equal(judge(&empty, &f), OUTCOME_UNDECIDED);
	claim_free(&claim);
	fixture_close(&f);
}

static void test_rule_2007(void **state)
{
	struct synthetic study = study_of(doubled);
	struct claim claim = { .quantifier = QUANTIFIER_EVERY };
	struct contrast paths = {
		.a = { 0, 1 }, .b = { 0, 2 }, .low = 1, .high = HUGE_VAL
	};
	struct fixture f;

	(void)state;
	study.rule = "2007";
	study.blocks = 5;
	fixture_open(&f, &study);
	claim_add_trial(&claim, JOIN_ALL);
	claim_add(&claim, &paths);
	add_pair(&claim, 0, 4, 0, 1);
	assert_int_equal(judge(&claim, &f), OUTCOME_HOLDS);
	assert_true(fabs(claim.contrast[0].ratio - 1.8) < 0.2);
	claim_free(&claim);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ratio_and_interval),
		cmocka_unit_test(
			test_a_case_against_refutes_every_but_not_most),
		cmocka_unit_test(test_half_against_is_no_majority),
		cmocka_unit_test(test_equal_cells_are_undecided),
		cmocka_unit_test(test_a_band_needs_both_ends),
		cmocka_unit_test(test_joins),
		cmocka_unit_test(test_efficiency_is_the_matrix),
		cmocka_unit_test(test_what_is_missing_is_undecided),
		cmocka_unit_test(test_rule_2007),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
