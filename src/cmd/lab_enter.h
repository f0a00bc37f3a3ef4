/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lab_enter.h - a command in a node, at the caller's terminal. Called by lab.c.
 */
#ifndef VAZAO_CMD_LAB_ENTER_H
#define VAZAO_CMD_LAB_ENTER_H

#include "base/err.h"
#include "cmd/lab_door.h"

/*
 * Joins the namespaces that the lab's door gave (and closes them) and runs
 * the command there; *status as of wait(2). Ctrl-C and Ctrl-Z are the
 * command's, not ours. -errno also where the command cannot be run.
 */
int enter_and_run(int ns[DOOR_FDS_MAX], char *const argv[], int *status,
		  struct err *err);

#endif
