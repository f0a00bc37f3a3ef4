/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_real_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

void clock_sleep_ns(int64_t duration_ns)
{
	struct timespec ts = { .tv_sec = duration_ns / NS_PER_S,
			       .tv_nsec = duration_ns % NS_PER_S };

	if (duration_ns <= 0)
		return;
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
}

void clock_format_real(int64_t real_ns, char buf[static 32])
{
	time_t seconds = (time_t)(real_ns / NS_PER_S);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

int clock_poll_ms(int64_t deadline_mono_ns)
{
	int64_t left_ns = deadline_mono_ns - clock_mono_ns();

	if (left_ns <= 0)
		return 0;
	if (left_ns / NS_PER_MS >= INT_MAX)
		return INT_MAX;
	return (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS);
}
