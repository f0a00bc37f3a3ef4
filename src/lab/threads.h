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
 * The threads of `parent`'s children whose names begin with `prefix` ("CPU " as
 * QEMU has it under debug-threads=on) run on `own` from now on, all others on
 * `rest`. How many were set; 0 where /proc does not show them.
 */
int threads_place(pid_t parent, const char *prefix, const cpu_set_t *own,
		  const cpu_set_t *rest);

#endif
