/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * group.h - the threads of a path with several pairs: one for each, asleep
 * between turns, all at work in one. What a pair's end of the path binds to a
 * thread (its timer, its baton's signal) is bound to the pair's own.
 *
 * Called by the conductor alone.
 */
#ifndef VAZAO_WORKLOAD_GROUP_H
#define VAZAO_WORKLOAD_GROUP_H

#include <stddef.h>

#include "base/err.h"
#include "workload/gate.h"

struct group;

int group_open(struct group **group, size_t members, struct err *err);
void group_close(struct group *group); /* NULL is fine */

/* The gate of all turns; reset before each group_run(). */
struct gate *group_gate(struct group *group);

typedef int group_task(void *arg, size_t member, struct err *err);

/*
 * The task once for each member, each in its thread; returns when all have. A
 * task that fails breaks the gate. The first failure that is no -ECANCELED (a
 * consequence of another's) is returned, with *failed its member.
 */
int group_run(struct group *group, group_task *task, void *arg, size_t *failed,
	      struct err *err);

#endif
