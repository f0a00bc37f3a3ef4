/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * way.h - how two machines that are there already reach each other: what
 * their agents say of addresses and interfaces.
 *
 * Called by team.c alone.
 */
#ifndef VAZAO_STUDY_WAY_H
#define VAZAO_STUDY_WAY_H

#include <stdbool.h>

#include "agent/agent.h"
#include "base/err.h"
#include "lab/outside.h"
#include "store/store.h"

struct way_args {
	struct agent *m1, *m2;
	struct lab_outside wish;
	bool ipv4, ipv6; /* that are wanted: one at least */
};

/*
 * M2's address as M1 reaches it: as wished; or where ssh reached M2; or, where
 * M2 is this machine, where M1's ssh came from; or M2's first. Then the
 * interface and address that each end uses towards the other. An address of a
 * family that is not wanted is "". -EADDRNOTAVAIL, with what to give.
 */
int way_find(struct lab_way *way, const struct way_args *args, struct err *err);

int way_read_boot_id(struct agent *agent, char id[static 64], struct err *err);

/* A machine that is left as it is: may its sockets choose this one? */
bool way_allows(struct agent *agent, const char *congestion);

/* What the end has, and keeps where the plan says as-is, as the node's
 * settings: its MTU, and whether it offloads. */
int way_store_end(struct store *store, struct agent *agent,
		  const struct lab_end *end, struct err *err);

#endif
