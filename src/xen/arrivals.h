/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How fast guests may come to one netback. A vif that is made and taken away
 * again costs the others more than netback's own time: measured, some 12 ms of
 * what eight of them carry, as the kernel waits for every CPU before an
 * interface is gone. So who comes and goes without end is made to wait.
 *
 * A bucket: `burst` guests at once, then one every `every_ns`; what is not used
 * comes back at that rate. Called by netback.c alone.
 */
#ifndef XEN_ARRIVALS_H
#define XEN_ARRIVALS_H

#include <stdint.h>

struct arrivals {
	int64_t every_ns; /* 0: no limit */
	int64_t ahead_ns; /* (burst - 1) every_ns */
	int64_t due_ns;	  /* when the next would come, all at one pace */
};

void arrivals_init(struct arrivals *arrivals, int64_t burst, int64_t every_ns);

/* 0: one may come now, and is counted; else ns until one may. */
int64_t arrivals_wait_ns(struct arrivals *arrivals, int64_t now_ns);

#endif
