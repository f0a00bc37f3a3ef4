/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage.h - what was counted beside the throughput, summed up by cell: CPU
 * time by place, and every counter by its name. Of this room alone. The names
 * and what they mean are observe/counters.h's.
 *
 * A place is where CPU time was charged to. The kernel charges to whoever runs
 * when it is spent: what the bridge and the receiver's stack do in softirqs on
 * the back of a sending process is that process's time. So places say who was
 * on the CPU, and their sum is the whole system's; what a layer costs by
 * itself is told by the difference of two paths that differ by it.
 */
#ifndef VAZAO_ANALYSIS_USAGE_H
#define VAZAO_ANALYSIS_USAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "analysis/matrix.h"
#include "base/err.h"
#include "store/store.h"

enum place {
	PLACE_APPLICATION, /* M1's end in user mode */
	PLACE_STACK,	/* M1's end in its kernel: system calls, copy, stack */
	PLACE_FRONTEND, /* netfront */
	PLACE_BACKEND,	/* netback */
	PLACE_MACHINE,	/* UML or QEMU, without what its guest has above */
	PLACE_ROOTLESS, /* pasta or slirp4netns */
	PLACE_PEER,	/* M2's end */
	PLACE_REST,	/* of the whole host: bridge and softirqs on nobody's
			    * back, and what else ran */
	PLACE_TOTAL,	/* the whole host, busy */
	PLACE_SOFTIRQ,	/* of the total, in softirqs, wherever charged */
	PLACES
};

struct place_desc {
	const char *id, *what;
};
extern const struct place_desc place_table[PLACES];

/* CPU ns of one measurement's counters; NAN: not measured. */
double place_ns(const json_t *counters, enum place place);

/* a over b, summed over blocks: R = a / b, and its standard error from the
 * spread of a - R b over the blocks. */
struct usage_ratio {
	size_t n;
	double a, b, aa, bb, ab;
};
void usage_add(struct usage_ratio *ratio, double a, double b);
double usage_value(const struct usage_ratio *ratio); /* NAN: none */
double usage_error(const struct usage_ratio *ratio); /* of R; 0: n < 2 */

struct usage_cell {
	size_t blocks;			  /* with turns counted */
	double turn_kb, turn_s;		  /* sums */
	struct usage_ratio place[PLACES]; /* us over KB */
	struct usage_ratio payload; /* bytes over data segments, M1's or M2's
				     * end, whoever sends */
	int64_t mss;		    /* of the last block */
	double *sum;		    /* [names]: over blocks */
	size_t *seen;		    /* [names]: blocks that have it */
	size_t room;
};

struct usage {
	size_t paths, cells;
	struct usage_cell *cell; /* [point * paths + path] */
	json_t *index;		 /* name: number */
	const char **name;	 /* borrowed of the index */
	size_t names;
	size_t blocks; /* with turns counted */
};

int usage_load(struct usage *usage, const struct matrix *matrix,
	       struct store *store, struct err *err);
void usage_free(struct usage *usage);

const struct usage_cell *usage_of(const struct usage *usage, size_t point,
				  size_t path);

/* A counter of a cell, per KB or, of means and shares, itself. < 0: none. */
double usage_counter(const struct usage_cell *cell, const char *name,
		     size_t number);
const char *usage_unit(const char *name); /* "per MB", "share of time", ... */
/* Is it of use in comparisons? Clocks, sizes and CPU times are not. */
bool usage_is_event(const char *name);
size_t usage_number(const struct usage *usage, const char *name); /* or -1 */

#endif
