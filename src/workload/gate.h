/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate.h - where the pairs of one path wait for each other within a turn.
 *
 *   GATE_OPEN  every pair's first data has come, or its feeding begun: windows
 *              that are counted at this end open together, a guard later
 *   GATE_SHUT  every pair's window is over: none stops before, so that each
 *              is measured under the load of all
 *
 * Nobody sleeps at a gate: who waits goes on with his data and looks, as he
 * looks at his baton (wake.h). Who comes last wakes the others' threads by
 * SIGALRM; one that comes between their look and their blocking call is lost,
 * and their own timer makes good for it within WAKE_AGAIN_NS.
 *
 * Made by group.c, one a path with several pairs; used by turn.c.
 */
#ifndef VAZAO_WORKLOAD_GATE_H
#define VAZAO_WORKLOAD_GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gate_stage { GATE_OPEN, GATE_SHUT, GATE_STAGES };

struct gate {
	size_t members;
	pthread_t *thread; /* [members], all running */
	/* Release by who comes, acquire by who looks: behind a gate that is
	 * passed, `passed_ns` is the moment at which the last one came. */
	_Atomic size_t come[GATE_STAGES];
	_Atomic int64_t passed_ns[GATE_STAGES];
	/* One has given up: the turn is lost for all. */
	atomic_bool broken;
};

/* Before a turn, while nobody is in it. */
void gate_reset(struct gate *gate);

/* Once a member, stage and turn. */
void gate_arrive(struct gate *gate, enum gate_stage stage);

/* Have all come? *at_ns (NULL is fine): when the last one did. */
bool gate_is_passed(const struct gate *gate, enum gate_stage stage,
		    int64_t *at_ns);

void gate_break(struct gate *gate);
bool gate_is_broken(const struct gate *gate);

#endif
