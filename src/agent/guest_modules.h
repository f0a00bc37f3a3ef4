/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guest_modules.h - kernel modules of a guest's image. Called by guest.c
 * alone, as PID 1.
 */
#ifndef VAZAO_AGENT_GUEST_MODULES_H
#define VAZAO_AGENT_GUEST_MODULES_H

#include "base/err.h"

/* Loads the files that `list` names, a line each, in that order. No list: no
 * modules. One that does not load is told, and lived without. */
int guest_load_modules(const char *list, struct err *err);

#endif
