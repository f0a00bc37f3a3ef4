/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rounds of interleaved blocks until every cell is precise enough. */
#include <errno.h>
#include <stdlib.h>

#include "stats/order.h"
#include "study/run.h"

/* Streams of seeds that all follow from the study's one. */
enum { SEED_OF_ROUNDS = 1, SEED_OF_BLOCKS = 2 };

static uint64_t seed_of(const struct run *run, uint64_t stream, uint64_t count)
{
	return stats_seed(stats_seed(run->args->seed, stream), count);
}

void run_time_slices(const struct run *run, int point,
		     struct measure_args *args)
{
	const struct timing *timing =
		timings_find(&run->timings, &run->point[point]);

	if (!timing)
		return;
	args->cycles = timing->cycles;
	args->timing.guard_ns = timing->guard_ns;
	args->timing.slice_ns = timing->slice_ns;
}

static int one_block(struct run *run, int point, struct err *err)
{
	const struct plan *plan = run->plan;
	struct measure_args args = {
		.point = point,
		.path = -1,
		.wanted = true,
		.seed = seed_of(run, SEED_OF_BLOCKS, run->blocks),
		.cycles = (size_t)plan->cycles,
		.timing = {
			.warmup_ns = plan->warmup_ns,
			.guard_ns = plan->guard_ns,
			.slice_ns = plan->slice_ns,
		},
	};
	int rc;

	run_time_slices(run, point, &args);
	rc = measure_block(run, &args, err);
	run_show_progress(run);
	return rc;
}

/* Every active point once, in a fresh random order. */
static int one_round(struct run *run, int *order, enum study_end *end,
		     struct err *err)
{
	int rc = 0;

	stats_order(seed_of(run, SEED_OF_ROUNDS, (uint64_t)run->round), order,
		    run->points);
	for (size_t i = 0; !rc && i < run->points; i++) {
		if (!ledger_active(run->ledger, (size_t)order[i]))
			continue;
		if (run_is_over(run, end))
			return 0;
		rc = one_block(run, order[i], err);
	}
	return rc;
}

static bool any_active(const struct run *run)
{
	for (size_t i = 0; i < run->points; i++)
		if (ledger_active(run->ledger, i))
			return true;
	return false;
}

int run_rounds(struct run *run, enum study_end *end, struct err *err)
{
	int *order = calloc(run->points, sizeof(*order));
	int rc = 0;

	if (!order)
		return err_set(err, ENOMEM, "out of memory");
	ledger_judge(run->ledger);
	while (!rc && any_active(run) && !run_is_over(run, end)) {
		rc = one_round(run, order, end, err);
		ledger_judge(run->ledger);
		run->round++;
	}
	free(order);
	if (!rc && !any_active(run))
		*end = STUDY_COMPLETE;
	return rc;
}
