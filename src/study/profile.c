/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `vazao study --profile`: after the measurement a round of blocks in which
 * stacks are sampled. Sampling takes time within the slices: these blocks are
 * stored as discarded, and no cell's estimate has them. */
#include "lab/cage.h"
#include "stats/order.h"
#include "study/run.h"

enum { SEED_OF_PROFILE = 7 };

#define PROFILE_BLOCKS 2 /* a point */

int run_profile(struct run *run, enum study_end *end, struct err *err)
{
	const struct plan *plan = run->plan;
	struct measure_args args = {
		.path = -1,
		.profile = true,
		.cycles = (size_t)plan->cycles,
		.timing = { .warmup_ns = plan->warmup_ns,
			    .guard_ns = plan->guard_ns,
			    .slice_ns = plan->slice_ns },
	};
	int rc = 0;

	run_tell(run, "profiling: %d blocks a point", PROFILE_BLOCKS);
	for (size_t i = 0; i < PROFILE_BLOCKS * run->points && !rc; i++) {
		if (cage_stop_asked()) {
			*end = STUDY_INTERRUPTED;
			break;
		}
		args.point = (int)(i % run->points);
		args.seed = stats_seed(
			stats_seed(run->args->seed, SEED_OF_PROFILE), i);
		run_time_slices(run, args.point, &args);
		rc = measure_block(run, &args, err);
		run_show_progress(run);
	}
	return rc;
}
