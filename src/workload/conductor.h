/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * conductor.h - one pair's end at M2: its listeners, then its connections.
 * For block_listen.c and block_conduct.c alone.
 */
#ifndef VAZAO_WORKLOAD_CONDUCTOR_H
#define VAZAO_WORKLOAD_CONDUCTOR_H

#include "workload/block.h"
#include "workload/crew.h"
#include "workload/end.h"
#include "workload/place.h"

struct block_conductor {
	int data_listener, baton_listener;
	bool has_token;
	uint8_t token[BLOCK_TOKEN_BYTES];
	int64_t strangers;
	struct point point;
	char congestion[16];
	struct place place;
	struct end end;
	struct crew crew; /* its own, where the path has several pairs */
	bool has_crew;
};

/* The baton, then the data connections; in the thread that will use them. */
int conductor_accept(struct block_conductor *c, int64_t deadline_ns,
		     struct err *err);

#endif
