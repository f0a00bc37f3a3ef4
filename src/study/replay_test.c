/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replays on a made-up trace: a drifting machine, ratios known. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "base/clock.h"
#include "study/replay.h"

#define POINTS	 8
#define PATHS	 3
#define ROUNDS	 300
#define REPLAYS	 60
#define ROUND_NS (2 * NS_PER_S)

static const double ratio[PATHS] = { 1, 1, 0.6 };

/* A slow wave that all paths share, and what each block has of its own. */
static void make_trace(struct trace *trace, double drift, double noise)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double weather = 0;

	*trace = (struct trace){ .points = POINTS, .paths = PATHS };
	trace->block = calloc(POINTS * ROUNDS, sizeof(*trace->block));
	assert_non_null(trace->block);
	gsl_rng_set(rng, 5);
	for (int r = 0; r < ROUNDS; r++)
		for (size_t i = 0; i < POINTS; i++) {
			struct trace_block *b = &trace->block[trace->blocks++];

			weather = 0.999 * weather +
				  gsl_ran_gaussian(rng, drift * 0.045);
			b->at_ns = r * ROUND_NS + (int64_t)i * 200 * NS_PER_MS;
			b->point = i;
			b->round = r;
			for (size_t p = 0; p < PATHS; p++)
				b->mbps[p] = 1000 * ratio[p] *
					     exp(weather +
						 gsl_ran_gaussian(rng, noise));
		}
	gsl_rng_free(rng);
	assert_int_equal(trace_settle(trace, NULL), 0);
}

typedef int play_fn(const struct trace *trace, size_t start,
		    struct replay *replay, struct err *err);

static int play_blocks(const struct trace *trace, size_t start,
		       struct replay *replay, struct err *err)
{
	const struct ledger_rule rule = { .precision = 0.05, .min_blocks = 12 };

	return replay_blocks(trace, start, &rule, replay, err);
}

static double cover(const struct trace *trace, play_fn *play)
{
	size_t intervals = 0, covered = 0;

	for (size_t k = 0; k < REPLAYS; k++) {
		struct replay replay;
		struct err err = ERR_INIT;

		assert_int_equal(
			play(trace, k * trace->blocks / REPLAYS, &replay, &err),
			0);
		for (size_t p = 1; p < PATHS; p++) {
			assert_int_equal(replay.path[p].intervals, POINTS);
			intervals += replay.path[p].intervals;
			covered += replay.path[p].covered;
		}
		assert_int_equal(replay.path[0].intervals, 0);
	}
	return (double)covered / (double)intervals;
}

/* What a validation has to tell apart. */
static void test_blocks_cover_and_the_old_rule_does_not(void **state)
{
	struct trace trace;
	double blocks, old;

	(void)state;
	make_trace(&trace, 1, 0.06);
	blocks = cover(&trace, play_blocks);
	old = cover(&trace, replay_rule_2007);
	print_message("covered: blocks %.3f, rule of 2007 %.3f\n", blocks, old);
	assert_true(blocks > 0.93);
	assert_true(old < 0.9);
	trace_free(&trace);
}

static void test_truth_is_the_whole_trace(void **state)
{
	struct trace trace;

	(void)state;
	make_trace(&trace, 1, 0.06);
	for (size_t i = 0; i < POINTS; i++)
		for (size_t p = 0; p < PATHS; p++)
			assert_true(fabs(trace.truth[i * PATHS + p] / ratio[p] -
					 1) < 0.02);
	trace_free(&trace);
}

/* A calm machine is done early, and no block is used twice. */
static void test_a_replay_stops(void **state)
{
	const struct ledger_rule rule = { .precision = 0.05, .min_blocks = 12 };
	const struct ledger_rule never = { .precision = 0.001,
					   .min_blocks = 12 };
	struct trace trace;
	struct replay replay;
	struct err err = ERR_INIT;

	(void)state;
	make_trace(&trace, 1, 0.01);
	assert_int_equal(replay_blocks(&trace, 17, &rule, &replay, &err), 0);
	/* the first round is cut by the start */
	assert_in_range(replay.blocks, 12 * POINTS - 1, 14 * POINTS);
	assert_int_equal(replay.reached, POINTS * (PATHS - 1));
	assert_int_equal(replay_blocks(&trace, 17, &never, &replay, &err), 0);
	assert_int_equal(replay.blocks, trace.blocks);
	assert_int_equal(replay.reached, 0);
	trace_free(&trace);
}

static void test_a_trace_without_a_path(void **state)
{
	const struct ledger_rule rule = { .precision = 0.05, .min_blocks = 12 };
	struct trace trace;
	struct replay replay;
	struct err err = ERR_INIT;

	(void)state;
	make_trace(&trace, 1, 0.01);
	for (size_t i = 0; i < trace.blocks; i++)
		trace.block[i].mbps[2] = -1;
	assert_int_equal(trace_settle(&trace, &err), 0);
	assert_int_equal(replay_blocks(&trace, 0, &rule, &replay, &err), 0);
	assert_int_equal(replay.path[2].intervals, 0);
	assert_int_equal(replay_rule_2007(&trace, 0, &replay, &err), 0);
	assert_int_equal(replay.path[2].intervals, 0);
	assert_int_equal(replay.path[1].intervals, POINTS);
	trace.blocks = 0;
	assert_int_equal(replay_rule_2007(&trace, 0, &replay, &err), -ENODATA);
	trace_free(&trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_cover_and_the_old_rule_does_not),
		cmocka_unit_test(test_truth_is_the_whole_trace),
		cmocka_unit_test(test_a_replay_stops),
		cmocka_unit_test(test_a_trace_without_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
