/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tally.h - what a slice has come to at the end that counts, all lanes
 * together. Called by turn.c, when the turn is over and its workers asleep.
 */
#ifndef VAZAO_WORKLOAD_TALLY_H
#define VAZAO_WORKLOAD_TALLY_H

#include "base/err.h"
#include "workload/end.h"
#include "workload/turn.h"

/* The windows of all lanes as one: the bytes of all, and the time in which
 * they come to the sum of the lanes' rates. own: lane 0's two marks. Of a turn
 * that counts also the datagrams, into the end. */
int tally_slice(struct end *end, const struct turn *turn,
		const struct mark *own, struct block_slice *slice,
		struct err *err);

#endif
