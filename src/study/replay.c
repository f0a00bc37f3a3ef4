/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/replay.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "stats/rule_2007.h"
#include "store/scan.h"

/* Longest time without a block of the point before the rule gives up. */
#define PATIENCE_NS (10 * RULE_2007_RUN_NS)

struct loading {
	struct trace *trace;
	size_t room;
};

static int add_block(void *arg, const struct store_block *stored,
		     struct err *err)
{
	struct loading *loading = arg;
	struct trace *t = loading->trace;
	struct trace_block *block;

	if (stored->discarded)
		return 0;
	if (t->blocks == loading->room) {
		size_t room = loading->room ? 2 * loading->room : 256;

		block = reallocarray(t->block, room, sizeof(*block));
		if (!block)
			return err_sys(err, ENOMEM, "a trace");
		t->block = block;
		loading->room = room;
	}
	block = &t->block[t->blocks++];
	block->at_ns = stored->started_at_ns;
	block->point = (size_t)stored->point;
	block->round = stored->round;
	for (size_t p = 0; p < TRACE_PATHS; p++)
		block->mbps[p] = -1;
	for (size_t i = 0; i < stored->measurements; i++)
		if ((size_t)stored->measurement[i].path < t->paths)
			block->mbps[stored->measurement[i].path] =
				stored->measurement[i].throughput_mbps;
	return block->point < t->points
		       ? 0
		       : err_set(err, EIO, "a block of no point");
}

static int load_axes(struct trace *trace, struct store *store, struct err *err)
{
	struct store_path *paths = NULL;
	struct point *points = NULL;
	int rc = store_load_paths(store, &paths, &trace->paths, err);

	if (rc)
		return rc;
	store_paths_free(paths, trace->paths);
	if (trace->paths > TRACE_PATHS)
		return err_set(err, E2BIG, "%zu paths are more than %d",
			       trace->paths, TRACE_PATHS);
	rc = store_load_points(store, &points, &trace->points, err);
	free(points);
	return rc;
}

int trace_load(struct trace *trace, struct store *store, struct err *err)
{
	const struct store_scan scan = { .detail = STORE_RATES };
	struct loading loading = { .trace = trace };
	int rc;

	memset(trace, 0, sizeof(*trace));
	rc = load_axes(trace, store, err);
	if (!rc)
		rc = store_each_block(store, &scan, add_block, &loading, err);
	if (!rc)
		rc = trace_settle(trace, err);
	if (rc)
		trace_free(trace);
	return rc;
}

int trace_settle(struct trace *trace, struct err *err)
{
	size_t cells = trace->points * trace->paths;
	double *sum = calloc(2 * cells + 1, sizeof(*sum));

	free(trace->truth);
	trace->truth = calloc(cells + 1, sizeof(*trace->truth));
	if (!sum || !trace->truth) {
		free(sum);
		return err_sys(err, ENOMEM, "a trace");
	}
	for (size_t i = 0; i < trace->blocks; i++) {
		const struct trace_block *b = &trace->block[i];
		double *row = &sum[2 * b->point * trace->paths];

		for (size_t p = 0; p < trace->paths && b->mbps[0] >= 0; p++) {
			if (b->mbps[p] < 0)
				continue;
			row[2 * p] += b->mbps[0];
			row[2 * p + 1] += b->mbps[p];
		}
	}
	for (size_t i = 0; i < cells; i++)
		if (sum[2 * i] > 0)
			trace->truth[i] = sum[2 * i + 1] / sum[2 * i];
	free(sum);
	return 0;
}

void trace_free(struct trace *trace)
{
	free(trace->block);
	free(trace->truth);
	memset(trace, 0, sizeof(*trace));
}

static void tally(const struct trace *trace, size_t point, size_t path,
		  const struct stats_efficiency *e, struct replay *replay)
{
	double truth = trace->truth[point * trace->paths + path];

	if (!e->valid || !(truth > 0))
		return;
	replay->path[path].intervals++;
	replay->path[path].covered += e->lo <= truth && truth <= e->hi;
}

/* As measure.c leaves out what is reached. */
static void mask_reached(const struct trace *trace, const struct ledger *ledger,
			 const struct trace_block *block, double *mbps)
{
	for (size_t p = 0; p < trace->paths; p++)
		mbps[p] = p > 0 && !ledger_wants(ledger, block->point, p)
				  ? -1
				  : block->mbps[p];
}

static bool any_active(const struct trace *trace, const struct ledger *ledger)
{
	for (size_t i = 0; i < trace->points; i++)
		if (ledger_active(ledger, i))
			return true;
	return false;
}

static int play(const struct trace *trace, size_t start, struct ledger *ledger,
		struct replay *replay, struct err *err)
{
	double mbps[TRACE_PATHS];
	int rc = 0;

	ledger_judge(ledger);
	for (size_t i = 0; i < trace->blocks && !rc; i++) {
		const struct trace_block *b =
			&trace->block[(start + i) % trace->blocks];
		const struct trace_block *next =
			&trace->block[(start + i + 1) % trace->blocks];

		if (ledger_active(ledger, b->point)) {
			mask_reached(trace, ledger, b, mbps);
			rc = ledger_add(ledger, b->point, mbps, err);
			replay->blocks++;
		}
		if (next->round == b->round)
			continue;
		ledger_judge(ledger);
		if (!any_active(trace, ledger))
			break;
	}
	return rc;
}

int replay_blocks(const struct trace *trace, size_t start,
		  const struct ledger_rule *rule, struct replay *replay,
		  struct err *err)
{
	struct ledger *ledger;
	int rc = ledger_create(&ledger, trace->points, trace->paths, rule, err);

	memset(replay, 0, sizeof(*replay));
	if (rc)
		return rc;
	rc = play(trace, start, ledger, replay, err);
	for (size_t i = 0; i < trace->points && !rc; i++)
		for (size_t p = 1; p < trace->paths; p++) {
			struct stats_efficiency e;

			ledger_estimate(ledger, i, p, &e);
			tally(trace, i, p, &e, replay);
			replay->reached += ledger_reached(ledger, i, p);
		}
	ledger_free(ledger);
	return rc;
}

/* Where the rule is: a block, and the time since the replay's start. */
struct head {
	size_t index; /* not yet around: less than start + blocks */
	int64_t at_ns;
};

static int64_t time_at(const struct trace *trace, size_t index)
{
	int64_t length_ns = trace->block[trace->blocks - 1].at_ns -
			    trace->block[0].at_ns + NS_PER_S;

	return trace->block[index % trace->blocks].at_ns +
	       (int64_t)(index / trace->blocks) * length_ns;
}

/* One measurement: the mean over 7 s; false where the point is not there. */
static bool run_once(const struct trace *trace, size_t point, size_t path,
		     struct head *head, double *mbps)
{
	int64_t end_ns = head->at_ns + RULE_2007_RUN_NS;
	int64_t give_up_ns = head->at_ns + PATIENCE_NS;
	double sum = 0;
	size_t n = 0;

	while (time_at(trace, head->index) < end_ns) {
		const struct trace_block *b =
			&trace->block[head->index++ % trace->blocks];

		if (b->point == point && b->mbps[path] >= 0) {
			sum += b->mbps[path];
			n++;
		}
		if (!n && time_at(trace, head->index) >= end_ns &&
		    end_ns < give_up_ns)
			end_ns += RULE_2007_RUN_NS;
	}
	head->at_ns = end_ns;
	*mbps = n ? sum / (double)n : 0;
	return n > 0;
}

struct runs {
	double mbps[RULE_2007_MAX];
	size_t n;
};

static void run_cell(const struct trace *trace, size_t point, size_t path,
		     struct head *head, struct runs *runs)
{
	runs->n = 0;
	do {
		if (!run_once(trace, point, path, head, &runs->mbps[runs->n]))
			return;
		runs->n++;
	} while (!rule_2007_done(runs->mbps, runs->n));
}

int replay_rule_2007(const struct trace *trace, size_t start,
		     struct replay *replay, struct err *err)
{
	memset(replay, 0, sizeof(*replay));
	if (!trace->blocks)
		return err_set(err, ENODATA, "a trace without blocks");
	for (size_t i = 0; i < trace->points; i++) {
		struct head head = { start, time_at(trace, start) };
		struct runs reference, path;

		run_cell(trace, i, 0, &head, &reference);
		for (size_t p = 1; p < trace->paths; p++) {
			struct stats_efficiency e;

			run_cell(trace, i, p, &head, &path);
			rule_2007_estimate(reference.mbps, reference.n,
					   path.mbps, path.n, &e);
			tally(trace, i, p, &e, replay);
			replay->reached += rule_2007_reached(path.mbps, path.n);
		}
	}
	return 0;
}
