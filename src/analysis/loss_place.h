/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loss_place.h - where datagrams were lost: at the sender's socket, at an
 * interface on the way, at the receiver's socket, by the kernel's own counters
 * (observe/counters.h) over the turns of all good blocks.
 *
 * Called by explanation.c.
 */
#ifndef VAZAO_ANALYSIS_LOSS_PLACE_H
#define VAZAO_ANALYSIS_LOSS_PLACE_H

#include "analysis/matrix.h"
#include "base/err.h"
#include "store/store.h"

#define LOSS_PLACES 24

/* "sender's socket" (Udp.SndbufErrors: the queue of its own interface, too),
 * "receiver's socket" (Udp.RcvbufErrors), "dom0 vif1.0" (dropped, both ways).
 */
struct loss_place {
	char name[64];
	double count;
};

struct loss_cell {
	const struct cell *cell;
	size_t places; /* the largest first */
	struct loss_place place[LOSS_PLACES];
	double all; /* of them */
};

struct loss_places {
	struct loss_cell *cell;
	size_t cells; /* those that lost something, in the matrix' order */
};

/* Nothing where the study has no datagrams, or did not observe. */
int loss_places_find(struct loss_places *places, const struct matrix *matrix,
		     struct store *store, struct err *err);
void loss_places_free(struct loss_places *places);

#endif
