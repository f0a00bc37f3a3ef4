/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/gate.h"

#include <signal.h>

#include "base/clock.h"

void gate_reset(struct gate *gate)
{
	for (int i = 0; i < GATE_STAGES; i++) {
		atomic_store(&gate->come[i], 0);
		atomic_store(&gate->passed_ns[i], 0);
	}
	atomic_store(&gate->broken, false);
}

static void wake_others(const struct gate *gate)
{
	pthread_t self = pthread_self();

	for (size_t i = 0; i < gate->members; i++)
		if (!pthread_equal(gate->thread[i], self))
			pthread_kill(gate->thread[i], SIGALRM);
}

void gate_arrive(struct gate *gate, enum gate_stage stage)
{
	if (atomic_fetch_add(&gate->come[stage], 1) + 1 < gate->members)
		return;
	atomic_store(&gate->passed_ns[stage], clock_mono_ns());
	wake_others(gate);
}

bool gate_is_passed(const struct gate *gate, enum gate_stage stage,
		    int64_t *at_ns)
{
	int64_t passed_ns = atomic_load(&gate->passed_ns[stage]);

	if (at_ns)
		*at_ns = passed_ns;
	return passed_ns != 0;
}

void gate_break(struct gate *gate)
{
	atomic_store(&gate->broken, true);
	wake_others(gate);
}

bool gate_is_broken(const struct gate *gate)
{
	return atomic_load(&gate->broken);
}
