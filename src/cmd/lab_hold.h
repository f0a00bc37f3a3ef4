/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lab_hold.h - the processes of a lab that stays: build it, say so, and answer
 * at its door until it is ended. Called by lab.c.
 */
#ifndef VAZAO_CMD_LAB_HOLD_H
#define VAZAO_CMD_LAB_HOLD_H

#include "plan/plan.h"

struct nic_keeper;

struct hold {
	const char *name;
	const struct plan *plan;
	const char *self_path, *agent_path;
	int host_netns_fd;	 /* lab.h */
	struct nic_keeper *nics; /* while it holds */
	int door;		 /* bound by door_open(), not listening yet */

	/*
	 * Where it is said how building went, once: {"ready": [text...]}, the
	 * texts telling which paths and guests are missing and why; or
	 * {"error": {"code", "text"}}.
	 */
	int word;
};

/* Returns when the lab has ended; for a process of its own. */
void hold_lab(struct hold *hold);

#endif
