/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.h - times in nanoseconds, always int64_t, always named _ns.
 * Callable from every room.
 */
#ifndef VAZAO_BASE_CLOCK_H
#define VAZAO_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/* CLOCK_MONOTONIC: every duration and every rate. */
int64_t clock_mono_ns(void);

/* CLOCK_REALTIME since 1970: only to say when something was. */
int64_t clock_real_ns(void);

/* Sleeps; an interrupted sleep goes on to its end. */
void clock_sleep_ns(int64_t duration_ns);

/* ISO 8601 in UTC, e.g. 2026-11-23T01:02:03Z. */
void clock_format_real(int64_t real_ns, char buf[static 32]);

/* What remains until deadline_mono_ns, for poll(2): ms, rounded up, >= 0. */
int clock_poll_ms(int64_t deadline_mono_ns);

#endif
