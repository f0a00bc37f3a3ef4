/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reaper.h - closes descriptors in a thread of its own. The last close of a
 * TAP takes 17 ms (the kernel waits for every reader of the interface), in
 * which netback would carry nobody's frames: a guest that came and went, over
 * and over, took a sixth of the others' throughput.
 *
 * Called by netback, from one thread. The thread touches nothing but what it
 * is given.
 */
#ifndef VAZAO_XEN_REAPER_H
#define VAZAO_XEN_REAPER_H

#include "base/err.h"

struct reaper;

int reaper_open(struct reaper **reaper, struct err *err);
/* Closes what is left, and waits for that. */
void reaper_close(struct reaper *reaper);

/* Takes fd over; does not block. */
void reaper_take(struct reaper *reaper, int fd);
/* Descriptors taken and not closed yet. */
int reaper_pending(const struct reaper *reaper);

#endif
