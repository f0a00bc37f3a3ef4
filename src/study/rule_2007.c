/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The 2007 study's rule, kept as a control: one configuration after another,
 * in each cell 3 to 10 measurements of 7 s until a 95 % interval is narrow
 * enough. A measurement is a block of one path and one slice.
 */
#include <errno.h>
#include <stdlib.h>

#include "stats/order.h"
#include "stats/rule_2007.h"
#include "study/run.h"

static int one_measurement(struct run *run, size_t path, int point,
			   struct err *err)
{
	struct measure_args args = {
		.point = point,
		.path = (int)path,
		.seed = stats_seed(run->args->seed, run->blocks),
		.cycles = 1,
		.timing = {
			.warmup_ns = run->plan->warmup_ns,
			.slice_ns = run->plan->slice_ns,
		},
	};
	int rc = measure_block(run, &args, err);

	run_show_progress(run);
	return rc;
}

static int one_cell(struct run *run, size_t path, int point,
		    enum study_end *end, struct err *err)
{
	size_t n;
	const double *mbps = ledger_rates(run->ledger, (size_t)point, path, &n);
	int rc = 0;

	while (!rc && !ledger_failed(run->ledger, (size_t)point, path) &&
	       !rule_2007_done(mbps, n)) {
		if (run_is_over(run, end))
			return 0;
		rc = one_measurement(run, path, point, err);
		mbps = ledger_rates(run->ledger, (size_t)point, path, &n);
	}
	if (!rc && rule_2007_reached(mbps, n))
		ledger_mark_reached(run->ledger, (size_t)point, path);
	return rc;
}

int run_rule_2007(struct run *run, enum study_end *end, struct err *err)
{
	int rc = 0;

	*end = STUDY_COMPLETE;
	for (size_t p = 0; !rc && p < run->paths; p++)
		for (size_t i = 0; !rc && i < run->points; i++) {
			if (run_is_over(run, end))
				return 0;
			rc = one_cell(run, p, (int)i, end, err);
		}
	return rc;
}
