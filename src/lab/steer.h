/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * steer.h - which CPUs take in what arrives at M2.
 *
 * A veth hands a frame to the far side's stack on the CPU that sent it: left
 * so, M1's CPUs do M2's work of receiving as well, and how much of it changes
 * from one connection to the next and within it. Receive packet steering
 * (Documentation/networking/scaling.rst of the kernel) has M2's half of the
 * CPUs (placement.h) take in what its ends of the cables get, as a machine of
 * its own would.
 *
 * It is a file of sysfs, and sysfs shows the interfaces of the namespace in
 * which it was mounted: a child mounts one of its own. Called by lab.c alone.
 */
#ifndef VAZAO_LAB_STEER_H
#define VAZAO_LAB_STEER_H

#include <sched.h>

#include "base/err.h"
#include "lab/links.h"

/* Holds the mask of all CPUs that a cpu_set_t knows. */
#define STEER_MASK_MAX (CPU_SETSIZE / 32 * 9)

/* "3" for CPUs 0 and 1, "1,00000000" for CPU 32: as the kernel reads masks. */
void steer_format_mask(const cpu_set_t *cpus, char *buf, size_t size);

/*
 * Every interface of the namespace, on all its queues, to the caller's half
 * of M2. *mask is what was set. -ENODEV on a single CPU; where no sysfs can
 * be mounted or written, the errno and the words for it.
 */
int steer_netns(const struct lab_netns *netns, char mask[static STEER_MASK_MAX],
		struct err *err);

#endif
