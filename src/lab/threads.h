/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * threads.h - where the threads of an emulator run. A machine's CPUs are its
 * own; what its devices do, in other threads of QEMU's, is not the machine's
 * work, and a real card does it beside.
 *
 * Called by machine.c, inside a cage whose /proc is its own.
 */
#ifndef VAZAO_LAB_THREADS_H
#define VAZAO_LAB_THREADS_H

#include <sched.h>
#include <sys/types.h>

/*
 * All threads of `parent`'s children but those whose names begin with `but`
 * ("CPU " as QEMU has it under debug-threads=on) may run on `cpus`. How many
 * were set; 0 where /proc does not show them.
 */
int threads_allow(pid_t parent, const char *but, const cpu_set_t *cpus);

#endif
