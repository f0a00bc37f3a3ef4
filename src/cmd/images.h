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

#endif
