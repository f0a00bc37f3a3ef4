/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * placement.h - which CPUs a node's processes run on.
 *
 * On one host M1 and M2 share what two machines would each have for
 * themselves. Left to the scheduler, the two ends of a connection land now on
 * one CPU, now on two, and a block's ratio wavers with it; so M1's side (every
 * guest, the driver domain, its helpers) gets the first half of the CPUs that
 * this process may use, M2 the other half. Children inherit: whoever starts a
 * node's processes enters its side first and leaves it afterwards.
 *
 * Called by lab.c alone. On a single CPU nothing happens.
 */
#ifndef VAZAO_LAB_PLACEMENT_H
#define VAZAO_LAB_PLACEMENT_H

#include <sched.h>

enum placement_side { PLACEMENT_M1, PLACEMENT_M2 };

struct placement {
	cpu_set_t before;
	int changed;
};

void placement_enter(struct placement *placement, enum placement_side side);
void placement_leave(const struct placement *placement);

/* A side's half of the CPUs that the caller may use; -ENODEV if that is one. */
int placement_half(enum placement_side side, cpu_set_t *half);

#endif
