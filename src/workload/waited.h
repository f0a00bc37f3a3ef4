/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * waited.h - how long this thread was kept waiting for a processor though it
 * could have run: the second number of /proc/thread-self/schedstat
 * (CONFIG_SCHED_INFO). What a hypervisor takes away is not in it.
 *
 * Used by paced datagrams, in one thread from open to close. Where the kernel
 * has no such file nobody ever waited.
 */
#ifndef VAZAO_WORKLOAD_WAITED_H
#define VAZAO_WORKLOAD_WAITED_H

#include <stdint.h>

/* Reading it takes some 2 us: so often at most. */
#define WAITED_LOOK_NS (INT64_C(1) * 1000 * 1000)

struct waited {
	int fd;
	int64_t total_ns, looked_ns;
};

void waited_open(struct waited *waited);
void waited_close(struct waited *waited);

/* Since the look before; 0 where that is less than WAITED_LOOK_NS ago. */
int64_t waited_look(struct waited *waited, int64_t now_ns);

#endif
