/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statements that rest on counters, and on a mechanism that was turned. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/mechanism.h"
#include "analysis/statements.h"
#include "base/units.h"
#include "stats/rank.h"

#define TAIL_FACTOR 2.0 /* "approximate values" */
#define RESAMPLES   1000
#define SEED	    2007

/* A socket buffer of S bytes in segments of M: one of ceil(S / M) is the tail,
 * of S mod M bytes. */
struct tail {
	double segments, full, short_by;
};

static bool tail_of(int64_t socket, int64_t mss, struct tail *tail)
{
	if (mss <= 0 || socket <= mss || socket % mss == 0)
		return false;
	tail->segments = ceil((double)socket / (double)mss);
	tail->full = (double)mss;
	tail->short_by = (double)(mss - socket % mss);
	return true;
}

/* Mean payload over the MSS where one frame in `frames` is a tail. */
static double share_with(const struct tail *tail, double frames)
{
	return 1 - tail->short_by / frames / tail->full;
}

/* What was computed for a socket size, and what its cells have shown. */
static void note_tail(struct claim *claim, const struct evidence *e,
		      int64_t socket)
{
	size_t used = strlen(claim->note), n = 0;
	double sum = 0, full = 0;
	struct tail tail = { 0 };
	char size[32];

	for (size_t i = 0; i < claim->contrasts; i++) {
		const struct side *at = &claim->contrast[i].a;
		int64_t mss = usage_of(e->usage, at->point, at->path)->mss;

		if (e->matrix->point[at->point].value[AXIS_SOCKET_SIZE] !=
			    socket ||
		    !tail_of(socket, mss, &tail))
			continue;
		sum += claim->contrast[i].ratio * tail.full;
		full = tail.full - tail.short_by / tail.segments;
		n++;
	}
	units_format_bytes(socket, size, sizeof(size));
	if (n)
		snprintf(claim->note + used, sizeof(claim->note) - used,
			 "%ssocket %s: 1 frame in %.0f short computed, mean "
			 "payload %.0f; seen %.0f",
			 used ? "; " : "", size, tail.segments, full,
			 sum / (double)n);
}

static void add_tail(struct claim *claim, const struct evidence *e,
		     size_t point, size_t path)
{
	const int64_t *v = e->matrix->point[point].value;
	const struct usage_cell *cell = usage_of(e->usage, point, path);
	struct contrast c = { .a = { point, path },
			      .b = { point, path },
			      .given = true,
			      .n = cell->payload.n,
			      .nu = (double)cell->payload.n - 1 };
	struct tail tail;

	if (c.n < 2 || !tail_of(v[AXIS_SOCKET_SIZE], cell->mss, &tail))
		return;
	c.ratio = usage_value(&cell->payload) / tail.full;
	c.se = usage_error(&cell->payload) / usage_value(&cell->payload);
	c.low = share_with(&tail, tail.segments / TAIL_FACTOR);
	c.high = share_with(&tail, tail.segments * TAIL_FACTOR);
	claim_add_trial(claim, JOIN_ALL);
	claim_add(claim, &c);
}

void statement_build_tail(struct claim *claim, const struct evidence *e,
			  size_t path)
{
	static const int64_t sockets[] = { 4096, 114688 };

	for (int s = 0; s < 2; s++) {
		for (size_t i = 0; i < e->matrix->points; i++) {
			const int64_t *v = e->matrix->point[i].value;

			if (v[AXIS_MTU] == 1500 &&
			    v[AXIS_OFFLOAD] == OFFLOAD_OFF &&
			    v[AXIS_SOCKET_SIZE] == sockets[s])
				add_tail(claim, e, i, path);
		}
		note_tail(claim, e, sockets[s]);
	}
}

static const char *const collapse_names[] = { "TcpExt.TCPRcvCollapsed",
					      "TcpExt.PruneCalled", NULL };

/* Collapses per MB at the receiving end of a cell. */
static double collapses(const struct evidence *e, size_t point, size_t path)
{
	bool receive = e->matrix->point[point].value[AXIS_DIRECTION] ==
		       DIRECTION_RECEIVE;
	double sum = 0;

	for (int i = 0; collapse_names[i]; i++) {
		char name[96];
		size_t at;

		snprintf(name, sizeof(name), "%s.snmp.%s",
			 receive ? "m1" : "m2", collapse_names[i]);
		at = usage_number(e->usage, name);
		if (at != (size_t)-1)
			sum += usage_counter(usage_of(e->usage, point, path),
					     name, at);
	}
	return sum;
}

/* Were the TCP counters read at all? */
static bool has_snmp(const struct usage *usage)
{
	for (size_t i = 0; i < usage->names; i++)
		if (strstr(usage->name[i], ".snmp.Tcp"))
			return true;
	return false;
}

struct collapse {
	size_t n, with;
	size_t blocks;
	double most; /* per MB */
	double *rate, *efficiency;
};

static void gather(const struct evidence *e, size_t path,
		   struct collapse *found)
{
	for (size_t i = 0; i < e->matrix->points; i++) {
		const struct cell *cell = matrix_cell(e->matrix, i, path);
		size_t blocks = usage_of(e->usage, i, path)->blocks;
		double rate;

		if (!blocks || !cell->efficiency.valid)
			continue;
		rate = collapses(e, i, path);
		found->rate[found->n] = rate;
		found->efficiency[found->n++] = cell->efficiency.ratio;
		found->blocks += blocks;
		found->with += rate > 0;
		found->most = fmax(found->most, rate);
	}
}

/* Without a collapse there is no cause; with some there is an association at
 * most, for nothing was turned. */
static void settle(struct claim *claim, const struct collapse *found)
{
	struct stats_rank rank;

	claim->settled = true;
	claim->verdict = found->with ? OUTCOME_UNDECIDED : OUTCOME_DOES_NOT;
	if (!found->with) {
		snprintf(claim->note, sizeof(claim->note),
			 "no collapse was counted in %zu blocks of %zu cells",
			 found->blocks, found->n);
		return;
	}
	if (stats_rank_correlate(found->rate, found->efficiency, found->n,
				 RESAMPLES, SEED, &rank) ||
	    !rank.valid)
		snprintf(claim->note, sizeof(claim->note),
			 "collapses were counted in %zu of %zu cells, too few "
			 "cells for more",
			 found->with, found->n);
	else
		snprintf(
			claim->note, sizeof(claim->note),
			"collapses in %zu of %zu cells, up to %.3g a MB; with "
			"the efficiency they go by rank correlation %.2f (%.2f "
			"to %.2f): an association, nothing was turned",
			found->with, found->n, found->most, rank.rho, rank.lo,
			rank.hi);
}

void statement_build_collapse(struct claim *claim, const struct evidence *e,
			      size_t path)
{
	struct collapse found = { 0 };

	if (!has_snmp(e->usage))
		return;
	found.rate = calloc(2 * e->matrix->points, sizeof(double));
	found.efficiency = found.rate + e->matrix->points;
	if (!found.rate) {
		claim->out_of_memory = true;
		return;
	}
	gather(e, path, &found);
	if (found.n)
		settle(claim, &found);
	free(found.rate);
}

/* A turn of one option: the path that has `to` and the one that has `from`. */
struct turn {
	const char *option, *from, *to;
};

static bool is_turn(const struct mechanism *m, const struct turn *turn)
{
	return strcmp(m->option, turn->option) == 0 &&
	       strcmp(m->from, turn->from) == 0 && strcmp(m->to, turn->to) == 0;
}

static void add_turn(struct claim *claim, const struct matrix *m, size_t path,
		     size_t base)
{
	for (size_t i = 0; i < m->points; i++) {
		struct contrast c = { .a = { i, path },
				      .b = { i, base },
				      .high = 1 };

		claim_add_trial(claim, JOIN_ALL);
		claim_add(claim, &c);
	}
}

static void build_turn(struct claim *claim, const struct evidence *e,
		       const struct turn *turn)
{
	for (size_t i = 1; i < e->matrix->paths; i++)
		for (size_t j = 1; j < e->matrix->paths; j++) {
			struct mechanism found = { 0 };

			if (i == j ||
			    !mechanism_differs(&e->paths[j], &e->paths[i],
					       &found) ||
			    !is_turn(&found, turn))
				continue;
			snprintf(claim->note, sizeof(claim->note),
				 "turned: %s against %s",
				 e->matrix->path[i].name,
				 e->matrix->path[j].name);
			add_turn(claim, e->matrix, i, j);
			return;
		}
}

void statement_build_page(struct claim *claim, const struct evidence *e,
			  size_t path)
{
	(void)path;
	build_turn(claim, e, &(struct turn){ "page_a_frame", "off", "on" });
}

void statement_build_flip(struct claim *claim, const struct evidence *e,
			  size_t path)
{
	(void)path;
	build_turn(claim, e, &(struct turn){ "receive", "copy", "flip-map" });
}

void statement_build_notify(struct claim *claim, const struct evidence *e,
			    size_t path)
{
	(void)path;
	build_turn(claim, e, &(struct turn){ "notify", "asked", "always" });
}
