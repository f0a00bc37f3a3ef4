/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cage.h - the anonymous namespaces that a lab lives and dies in.
 *
 * cage_run() forks; the child is PID 1 of new PID, mount and network
 * namespaces (and of a new user namespace, where the caller lacks
 * CAP_SYS_ADMIN) and runs `inside`. The parent only waits and passes SIGINT
 * and SIGTERM on. kill -9 of the parent kills the child (PR_SET_PDEATHSIG);
 * death of the child kills everything in the PID namespace, and the kernel
 * takes namespaces, links and TAPs away with it. Nothing is named in /run, so
 * there is nothing to clean up.
 *
 * Called by cmd/ (study, lab up) and by tests.
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

/* Set by SIGINT or SIGTERM inside a cage: finish the block and return. */
int cage_stop_asked(void);

#endif
