/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * images.h - the images that a plan's guests boot, made before they are
 * needed: inside a cage there is no network. Called by study and lab up.
 */
#ifndef VAZAO_CMD_IMAGES_H
#define VAZAO_CMD_IMAGES_H

#include "cmd/cmd.h"
#include "plan/plan.h"

/* Makes what is missing, and says so on standard error. One that cannot be
 * had is said, too: the paths that boot it will fail, the others run. */
void images_provide(const struct command *command, const struct plan *plan);

/* Before anything is made: has the plan a kind of path that this machine cannot
 * have (lab_check_kind())? What users of a kind should know is said. */
int images_check_kinds(const struct command *command, const struct plan *plan,
		       struct err *err);

#endif
