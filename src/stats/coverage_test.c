/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often do the intervals contain the truth? The whole procedure, blocks,
 * rounds, pooling and stopping, on simulated hosts (simulator.h) whose true
 * efficiencies are known; and the 2007 rule on the same hosts, which must
 * fail. Seeds are fixed: what is printed here stands in docs/statistics.md.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats/estimate.h"
#include "stats/order.h"
#include "stats/rule_2007.h"
#include "stats/simulator.h"

#define POINTS	   112 /* the study's: 2 MTUs, 7 socket, 8 message sizes */
#define CYCLES	   8
#define SLICES	   (SIM_PATHS * CYCLES)
#define BLOCKS_MAX 400
#define PRECISION  0.025

/* Nominal 0.95. The pool's clip and the margin make it a little more; below
 * 0.935 the intervals promise too much, above 0.99 they waste time. */
#define COVERAGE_MIN 0.935
#define COVERAGE_MAX 0.99

struct cell {
	double rate[BLOCKS_MAX]; /* mean over a block's slices */
	double base;		 /* of this path at this point */
};

struct point {
	struct cell cell[SIM_PATHS];
	double white_sd; /* points differ in how noisy they are */
	size_t n;
	bool active;
};

struct matrix {
	struct sim *sim;
	const struct sim_scenario *scenario;
	struct point *point;
	size_t points;
	double elapsed_s;
};

struct tally {
	size_t intervals, covered, reached;
	double share_sum, share_sum2; /* of coverage by matrix */
	size_t matrices, blocks, points;
	double elapsed_s, s_sum[SIM_PATHS];
};

static void matrix_start(struct matrix *m, const struct sim_scenario *scenario,
			 uint64_t seed)
{
	m->scenario = scenario;
	m->sim = sim_create(scenario, seed);
	m->elapsed_s = 0;
	for (size_t i = 0; i < m->points; i++) {
		struct point *p = &m->point[i];

		p->n = 0;
		p->active = true;
		p->white_sd =
			scenario->white_sd * (0.7 + 0.8 * sim_uniform(m->sim));
		for (int path = 0; path < SIM_PATHS; path++)
			p->cell[path].base =
				path ? 0.3 + 0.7 * sim_uniform(m->sim) : 1;
	}
}

static double truth(const struct matrix *m, const struct point *p, int path)
{
	return p->cell[path].base * sim_mean_rate(m->scenario, path) /
	       sim_mean_rate(m->scenario, 0);
}

static void spend(struct matrix *m, double seconds)
{
	sim_advance(m->sim, seconds);
	m->elapsed_s += seconds;
}

/* Connect and warm up, 35 ms a path, then slices of 2 ms guard, 10 ms. */
static void run_block(struct matrix *m, struct point *p, uint64_t seed)
{
	double sum[SIM_PATHS] = { 0 };
	int order[SLICES];

	stats_block_order(seed, order, SIM_PATHS, CYCLES);
	spend(m, 0.035 * SIM_PATHS);
	for (size_t i = 0; i < SLICES; i++) {
		spend(m, 0.012);
		sum[order[i]] += sim_rate(m->sim, order[i], p->white_sd);
	}
	for (int path = 0; path < SIM_PATHS; path++)
		p->cell[path].rate[p->n] =
			p->cell[path].base * sum[path] / CYCLES;
	p->n++;
}

static struct stats_blocks blocks_of(const struct point *p, int path)
{
	return (struct stats_blocks){ .n = p->n,
				      .x = p->cell[0].rate,
				      .y = p->cell[path].rate };
}

static void pool_path(const struct matrix *m, int path, struct stats_pool *pool)
{
	struct stats_blocks blocks[POINTS];

	for (size_t i = 0; i < m->points; i++)
		blocks[i] = blocks_of(&m->point[i], path);
	assert_int_equal(stats_pool_points(blocks, m->points, pool), 0);
}

/* The stopping rule, at a round's end. Returns how many points go on. */
static size_t judge_points(struct matrix *m)
{
	size_t active = 0;

	for (size_t i = 0; i < m->points; i++)
		m->point[i].active = false;
	for (int path = 1; path < SIM_PATHS; path++) {
		struct stats_pool pool;

		pool_path(m, path, &pool);
		for (size_t i = 0; i < m->points; i++) {
			struct stats_blocks b = blocks_of(&m->point[i], path);
			struct stats_efficiency e;

			stats_estimate(&b, &pool, &e);
			if (!stats_reached(&e, PRECISION) && b.n < BLOCKS_MAX)
				m->point[i].active = true;
		}
	}
	for (size_t i = 0; i < m->points; i++)
		active += m->point[i].active;
	return active;
}

static void run_rounds(struct matrix *m, uint64_t seed)
{
	int order[POINTS];
	uint64_t round = 0;

	do {
		uint64_t round_seed = stats_seed(seed, round++);

		stats_order(round_seed, order, m->points);
		for (size_t i = 0; i < m->points; i++) {
			struct point *p = &m->point[order[i]];

			if (p->active)
				run_block(m, p, stats_seed(round_seed, i));
		}
	} while (judge_points(m) > 0);
}

static void tally_matrix(const struct matrix *m, struct tally *tally)
{
	size_t covered = 0, intervals = 0;
	double share;

	for (int path = 1; path < SIM_PATHS; path++) {
		struct stats_pool pool;

		pool_path(m, path, &pool);
		tally->s_sum[path] += pool.s0;
		for (size_t i = 0; i < m->points; i++) {
			const struct point *p = &m->point[i];
			struct stats_blocks b = blocks_of(p, path);
			double right = truth(m, p, path);
			struct stats_efficiency e;

			stats_estimate(&b, &pool, &e);
			assert_true(e.valid);
			covered += e.lo <= right && right <= e.hi;
			tally->reached += stats_reached(&e, PRECISION);
			intervals++;
		}
	}
	for (size_t i = 0; i < m->points; i++)
		tally->blocks += m->point[i].n;
	share = (double)covered / (double)intervals;
	tally->share_sum += share;
	tally->share_sum2 += share * share;
	tally->covered += covered;
	tally->intervals += intervals;
	tally->points += m->points;
	tally->elapsed_s += m->elapsed_s;
	tally->matrices++;
}

static double coverage(const struct tally *tally)
{
	return (double)tally->covered / (double)tally->intervals;
}

/* Intervals of one matrix share a pool and a drift: the error is taken over
 * matrices. */
static double coverage_error(const struct tally *tally)
{
	double n = (double)tally->matrices;
	double mean = tally->share_sum / n;

	return sqrt(fmax(tally->share_sum2 / n - mean * mean, 0) / (n - 1));
}

static void print_tally(const char *what, const struct tally *t)
{
	double n = (double)t->matrices;

	print_message("%-28s coverage %.3f +- %.3f of %5zu; reached %.3f; "
		      "s %.3f %.3f; %.1f blocks a point, %.1f min\n",
		      what, coverage(t), coverage_error(t), t->intervals,
		      (double)t->reached / (double)t->intervals,
		      t->s_sum[1] / n, t->s_sum[2] / n,
		      (double)t->blocks / (double)t->points,
		      t->elapsed_s / 60 / n);
}

static void simulate(int scenario, size_t points, size_t matrices,
		     struct tally *tally)
{
	struct matrix m = { .points = points };

	memset(tally, 0, sizeof(*tally));
	m.point = calloc(points, sizeof(*m.point));
	assert_non_null(m.point);
	for (size_t i = 0; i < matrices; i++) {
		uint64_t seed = stats_seed(2007 + (uint64_t)scenario, i);

		matrix_start(&m, &sim_scenarios[scenario], seed);
		run_rounds(&m, seed);
		tally_matrix(&m, tally);
		sim_free(m.sim);
	}
	free(m.point);
}

static void assert_covers(int scenario, size_t points, size_t matrices)
{
	struct tally tally;

	simulate(scenario, points, matrices, &tally);
	print_tally(sim_scenarios[scenario].name, &tally);
	assert_true(coverage(&tally) >= COVERAGE_MIN);
	assert_true(coverage(&tally) <= COVERAGE_MAX);
	assert_true(tally.reached == tally.intervals);
}

static void test_quiet(void **state)
{
	(void)state;
	assert_covers(SIM_QUIET, POINTS, 20);
}

static void test_moderate(void **state)
{
	(void)state;
	assert_covers(SIM_MODERATE, POINTS, 20);
}

static void test_noisy(void **state)
{
	(void)state;
	assert_covers(SIM_NOISY, POINTS, 8);
}

static void test_stalls_on_one_path(void **state)
{
	(void)state;
	assert_covers(SIM_STALLS, POINTS, 20);
}

/* The pool of few points is worth less than the 20 blocks it is taken for. */
static void test_small_matrix(void **state)
{
	(void)state;
	assert_covers(SIM_MODERATE, 4, 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_moderate),
		cmocka_unit_test(test_noisy),
		cmocka_unit_test(test_stalls_on_one_path),
		cmocka_unit_test(test_small_matrix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
