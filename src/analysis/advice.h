/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * advice.h - which socket and message size to choose on a path.
 *
 * Called by report/ and cmd/advise.c. A group is the cells of one path that
 * differ by socket and message size alone (one MTU, direction ...). Within it:
 *
 * Multiple comparisons with the best (J. C. Hsu, Multiple Comparisons, 1996,
 * chapter 4), on logarithms, k cells:
 *   D_i = min over j != i of (log(r_i / r_j) - d se_ij)
 *   U_i = min over j != i of (log(r_i / r_j) + d se_ij)
 * where d = t(0.95, nu) at level 0.05 / (k - 1): Bonferroni's bound in place
 * of Dunnett's constant, for unlike variances. With 95 % confidence the share
 * of cell i of the group's best rate lies in exp(D_i) .. min(1, exp(U_i)), for
 * all i at once, so that one may pick after looking.
 *
 * A cell REACHES the target T where exp(D_i) >= T: it loses no more than 1 - T
 * against the best, shown. The advice is the smallest such cell: by socket
 * size, then by message size; 0, the kernel's own sizing, is behind all sizes,
 * for it grows to tcp_wmem's and tcp_rmem's maximum. Where none reaches it, the
 * advice is the smallest whose estimate does, marked LIKELY.
 */
#ifndef VAZAO_ANALYSIS_ADVICE_H
#define VAZAO_ANALYSIS_ADVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/contrast.h"
#include "analysis/matrix.h"
#include "store/store.h"

#define ADVICE_TARGET 0.95 /* where nobody says otherwise */
#define ADVICE_NONE   ((size_t)-1)

enum advice_status {
	ADVICE_REACHED, /* shown */
	ADVICE_LIKELY,	/* by the estimate alone */
	ADVICE_NO_DATA
};

const char *advice_status_name(enum advice_status status);

struct advice_cell {
	size_t point;
	double share, lo, hi; /* of the best rate of the group; hi <= 1 */
};

struct advice_front {
	size_t point;
	double throughput_mbps, cpu_us_per_kb, rtt_us; /* < 0: not measured */
};

struct advice_group {
	size_t path, first; /* first: a point of it, for the other axes */
	enum advice_status status;
	size_t cells;		   /* that were measured */
	size_t not_worse;	   /* cells not shown to be below the best */
	struct advice_cell best;   /* the largest estimate */
	struct advice_cell choice; /* the advice */
	/* The choice's message with the kernel's own sizing; its rate over
	 * that of the choice. default_point: ADVICE_NONE where not measured. */
	size_t default_point;
	struct contrast default_loss;
	/* The choice's rate over that of MTU 1500's choice, all else alike.
	 * Not valid for 1500 itself, nor where there is none. */
	struct contrast mtu_gain;
	/* Points that no other beats in all of throughput, CPU us/KB and the
	 * connections' round-trip time under this load, as far as measured in
	 * every cell; by the estimates, by falling throughput. */
	struct advice_front *front;
	size_t front_count;
	bool front_has_cpu, front_has_rtt;
};

struct advice {
	double target;
	struct advice_group *group;
	size_t groups;
};

int advice_find(struct advice **advice, const struct matrix *matrix,
		struct store *store, double target, struct err *err);
void advice_free(struct advice *advice);

/* Groups without a cell that is shown to reach the target. */
size_t advice_unproven(const struct advice *advice);

#endif
