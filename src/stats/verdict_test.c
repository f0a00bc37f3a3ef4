/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stats/order.h"
#include "stats/verdict.h"

#define MARGIN 0.03
#define Q      0.05

static enum verdict judge_one(double log_ratio, double se, double nu)
{
	struct verdict_test t = {
		.log_ratio = log_ratio, .se = se, .nu = nu, .valid = true
	};

	assert_int_equal(verdict_judge(&t, 1, MARGIN, Q, FDR_BH), 0);
	return t.verdict;
}

static void test_each_verdict(void **state)
{
	(void)state;
	assert_int_equal(judge_one(0, 0.005, 30), VERDICT_SAME);
	assert_int_equal(judge_one(0.012, 0.005, 30), VERDICT_SAME);
	assert_int_equal(judge_one(-0.08, 0.01, 30), VERDICT_WORSE);
	assert_int_equal(judge_one(0.08, 0.01, 30), VERDICT_BETTER);
	/* too wide an interval, and one that lies across the margin */
	assert_int_equal(judge_one(0, 0.05, 30), VERDICT_UNDECIDED);
	assert_int_equal(judge_one(-0.035, 0.01, 30), VERDICT_UNDECIDED);
	/* the same figures with hardly a degree of freedom */
	assert_int_equal(judge_one(-0.08, 0.01, 1), VERDICT_UNDECIDED);
}

static void test_exact_values(void **state)
{
	struct verdict_test broken = { .log_ratio = NAN, .valid = false };

	(void)state;
	assert_int_equal(judge_one(0, 0, 5), VERDICT_SAME);
	assert_int_equal(judge_one(-1, 0, 5), VERDICT_WORSE);
	assert_int_equal(judge_one(1, 0, 5), VERDICT_BETTER);
	assert_int_equal(verdict_judge(&broken, 1, MARGIN, Q, FDR_BH), 0);
	assert_int_equal(broken.verdict, VERDICT_UNDECIDED);
	assert_int_equal(verdict_judge(NULL, 0, MARGIN, Q, FDR_BH), 0);
}

static void test_difference(void **state)
{
	struct verdict_estimate a = { 0.10, 0.03, 10 }, b = { 0.15, 0.04, 10 };
	struct verdict_test t;

	(void)state;
	verdict_difference(&a, &b, &t);
	assert_true(t.valid);
	assert_true(fabs(t.log_ratio - 0.05) < 1e-12);
	assert_true(fabs(t.se - 0.05) < 1e-12);
	/* (9 + 16)^2 / (81 / 10 + 256 / 10) */
	assert_true(fabs(t.nu - 625 / 33.7) < 1e-9);
	verdict_difference(NULL, &b, &t);
	assert_true(t.log_ratio == 0.15 && t.se == 0.04 && t.nu == 10);
	b.log = NAN;
	verdict_difference(&a, &b, &t);
	assert_false(t.valid);
}

static double uniform(uint64_t seed, uint64_t i)
{
	return ((double)(stats_seed(seed, i) >> 11) + 0.5) * 0x1p-53;
}

static double gaussian(uint64_t seed, uint64_t i)
{
	return sqrt(-2 * log(uniform(seed, 2 * i))) *
	       cos(6.283185307179586 * uniform(seed, 2 * i + 1));
}

#define CELLS 224
#define TURNS 400

/* True ln(B/A), of cell i of a scenario. */
static double truth_of(int scenario, size_t i)
{
	double delta = log1p(MARGIN);

	switch (scenario) {
	case 0: /* nothing changed */
		return 0;
	case 1: /* all at the margin: either verdict would be near */
		return i % 2 ? delta : -delta;
	case 2: /* a tenth is much worse */
		return i % 10 ? 0 : -0.10;
	default: /* anything */
		return -0.10 + 0.20 * (double)i / CELLS;
	}
}

static enum verdict right_verdict(double truth)
{
	double delta = log1p(MARGIN);

	if (truth < -delta)
		return VERDICT_WORSE;
	return truth > delta ? VERDICT_BETTER : VERDICT_SAME;
}

/* At the margin itself `same` is what is true. */
static bool is_false(const struct verdict_test *t, double truth)
{
	return t->verdict != VERDICT_UNDECIDED &&
	       t->verdict != right_verdict(truth);
}

/* Mean share of false verdicts; cells two and two share half their error, as
 * two paths of a point share their reference. */
static double false_share(int scenario, double se, enum fdr method,
			  double *decided)
{
	static struct verdict_test t[CELLS];
	double sum = 0, given_sum = 0;

	for (uint64_t turn = 0; turn < TURNS; turn++) {
		uint64_t seed = stats_seed(4711 + (uint64_t)scenario, turn);
		size_t wrong = 0, given = 0;

		for (size_t i = 0; i < CELLS; i++)
			t[i] = (struct verdict_test){
				.log_ratio = truth_of(scenario, i) +
					     se *
						     (gaussian(seed, i) +
						      gaussian(seed,
							       CELLS + i / 2)) /
						     sqrt(2),
				.se = se,
				.nu = 1000,
				.valid = true
			};
		assert_int_equal(verdict_judge(t, CELLS, MARGIN, Q, method), 0);
		for (size_t i = 0; i < CELLS; i++) {
			given += t[i].verdict != VERDICT_UNDECIDED;
			wrong += is_false(&t[i], truth_of(scenario, i));
		}
		sum += given ? (double)wrong / (double)given : 0;
		given_sum += (double)given / CELLS;
	}
	*decided = given_sum / TURNS;
	return sum / TURNS;
}

/* 400 matrices of 224 cells each: at most 5 % of the verdicts are false, and
 * four standard errors more. */
static void test_false_discovery_rate_is_held(void **state)
{
	(void)state;
	for (int scenario = 0; scenario < 4; scenario++)
		for (double se = 0.004; se < 0.05; se *= 3) {
			double decided, by_decided;
			double bh = false_share(scenario, se, FDR_BH, &decided);
			double by =
				false_share(scenario, se, FDR_BY, &by_decided);

			print_message("scenario %d, se %.3f: %4.1f %% decided, "
				      "%.2f %% of them falsely; BY %4.1f %%, "
				      "%.2f %%\n",
				      scenario, se, 100 * decided, 100 * bh,
				      100 * by_decided, 100 * by);
			assert_true(bh <= Q + 4 * sqrt(Q / TURNS) * 0.5);
			assert_true(by <= bh + 0.01);
			assert_true(by_decided <= decided);
		}
}

/* What can be decided is. */
static void test_power(void **state)
{
	double decided;

	(void)state;
	false_share(0, 0.004, FDR_BH, &decided);
	assert_true(decided > 0.99);
	false_share(2, 0.012, FDR_BH, &decided);
	/* the tenth that got worse, found at the precision of two studies */
	assert_true(decided > 0.095);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_verdict),
		cmocka_unit_test(test_exact_values),
		cmocka_unit_test(test_difference),
		cmocka_unit_test(test_false_discovery_rate_is_held),
		cmocka_unit_test(test_power),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
