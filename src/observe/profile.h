/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * profile.h - where all CPUs were, in the turns of each path: samples of
 * kernel and user stacks, as Xenoprof gave for the 2007 study's systems.
 *
 * Called by observer.c alone. Cycles where the machine has a PMU, else the
 * kernel's clock: then what runs with interrupts off is seen where it turns
 * them on again. The samples are taken within the slices, so a block that is
 * profiled is no measurement of throughput.
 */
#ifndef VAZAO_OBSERVE_PROFILE_H
#define VAZAO_OBSERVE_PROFILE_H

#include "base/err.h"
#include "observe/source.h"

/*
 * Adds a source that reports {"profile": {"event": "cycles" | "cpu-clock",
 * "lost": n, "stacks": {"program;outer;...;inner": samples, ...}}}; functions
 * of the kernel end in "_[k]". -errno with the reason where it cannot be.
 */
int profile_add(struct source **list, size_t paths, struct err *err);

#endif
