/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/placement.h"

#include <errno.h>

/* The first half of `all`, or the rest. */
static void take_half(const cpu_set_t *all, enum placement_side side,
		      cpu_set_t *half)
{
	int first = (CPU_COUNT(all) + 1) / 2;
	int seen = 0;

	CPU_ZERO(half);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, all))
			continue;
		if ((seen < first) == (side == PLACEMENT_M1))
			CPU_SET(cpu, half);
		seen++;
	}
}

void placement_enter(struct placement *placement, enum placement_side side)
{
	cpu_set_t half;

	placement->changed = 0;
	if (sched_getaffinity(0, sizeof(placement->before),
			      &placement->before) < 0 ||
	    CPU_COUNT(&placement->before) < 2)
		return;
	take_half(&placement->before, side, &half);
	placement->changed = !sched_setaffinity(0, sizeof(half), &half);
}

void placement_leave(const struct placement *placement)
{
	if (placement->changed)
		sched_setaffinity(0, sizeof(placement->before),
				  &placement->before);
}

int placement_half(enum placement_side side, cpu_set_t *half)
{
	cpu_set_t all;

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return -errno;
	if (CPU_COUNT(&all) < 2)
		return -ENODEV;
	take_half(&all, side, half);
	return 0;
}
