/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cage.h - the anonymous namespaces that a lab lives and dies in.
 *
 * cage_run() makes three processes of one:
 *
 *   parent   the caller; waits and passes SIGINT and SIGTERM on
 *   init     PID 1 of new PID, mount and network namespaces (and of a new
 *            user namespace, where the caller lacks CAP_SYS_ADMIN); reaps
 *            what the others leave behind, passes signals on
 *   inside   runs the caller's function; its children are its own to wait for
 *
 * kill -9 of the parent kills init (PR_SET_PDEATHSIG), the end of inside ends
 * init, and with init the kernel kills everything in the PID namespace and
 * takes namespaces, links and TAPs away. Nothing is named in /run, so there is
 * nothing to clean up.
 *
 * Ctrl-C reaches all three through their process group; a signal from the
 * terminal is therefore not passed on, and one signal that comes twice within
 * 0.3 s counts once (timeout(1) signals a process and then its group).
 *
 * /proc is that of the new PID namespace where the machine allows it to be
 * mounted; in some containers the old one stays, and only /proc/self and
 * /proc/thread-self are of use then.
 *
 * Called by cmd/ (study, lab up) and by tests, from a single thread.
 */
#ifndef VAZAO_LAB_CAGE_H
#define VAZAO_LAB_CAGE_H

#include "base/err.h"

/* What `inside` returns becomes the exit status. */
typedef int cage_main(void *arg);

/*
 * 0 and *status = what inside() returned; -EINTR if it died of a signal
 * (*status = 128 + signal). -EPERM where the machine allows no namespaces,
 * with what to allow.
 */
int cage_run(cage_main *inside, void *arg, int *status, struct err *err);

/*
 * The same without namespaces, for a study of machines that are there already
 * (outside.h): ssh has the network, the user and the files it always has. Two
 * processes; the one inside dies with its parent, and all it has started with
 * it, as far as they asked for that.
 */
int cage_run_outside(cage_main *inside, void *arg, int *status,
		     struct err *err);

/* How often SIGINT or SIGTERM came inside a cage. 1: finish the block and
 * return; more: give up what is under way and return. */
int cage_stop_asked(void);

#endif
