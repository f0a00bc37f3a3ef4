/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wake.h - what makes a blocking send() or recv() return at the right moment.
 *
 * The hot loops of a workload read no clock and poll nothing: between one
 * blocking system call and the next they test one flag. A signal sets the
 * flag and, as it is installed without SA_RESTART, interrupts the call:
 *   SIGIO    the other end wrote on the baton (O_ASYNC, to this thread)
 *   SIGALRM  this thread's timer is due
 * Which of the two it was does not matter: who is woken looks at the baton
 * and at the clock. A wake-up for nothing is harmless.
 *
 * The race: a signal that lands after the test of the flag and before the
 * call interrupts nothing, and the call may block. Therefore a timer once due
 * goes off again every WAKE_AGAIN_NS until it is set anew or stopped, and
 * both roles keep one set: the receiver for its window's edge, the sender for
 * the moment at which STOP should have come. So nobody blocks longer than
 * WAKE_AGAIN_NS beyond what he waits for.
 *
 * Called by this room alone. SIGIO and SIGALRM belong to it from the first
 * wake_open() in the process: their handlers stay installed.
 */
#ifndef VAZAO_WORKLOAD_WAKE_H
#define VAZAO_WORKLOAD_WAKE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"

#define WAKE_AGAIN_NS (INT64_C(10) * 1000 * 1000)

/* Set by the signal handlers: the thread's stop flag. */
extern _Thread_local volatile sig_atomic_t wake_flag;

static inline bool wake_pending(void)
{
	return wake_flag;
}

/* Clear first, then look at baton and clock: what comes later sets it. */
static inline void wake_clear(void)
{
	wake_flag = 0;
}

/* The calling thread's timer; it must be used in that thread only. */
struct wake {
	timer_t timer;
};

int wake_open(struct wake *wake, struct err *err);
void wake_close(struct wake *wake);

/* From now on what arrives on the socket wakes the calling thread. */
int wake_on_data(int fd, struct err *err);

/* At this moment of CLOCK_MONOTONIC, and again every WAKE_AGAIN_NS. */
void wake_at(struct wake *wake, int64_t mono_ns);
void wake_stop(struct wake *wake);

#endif
