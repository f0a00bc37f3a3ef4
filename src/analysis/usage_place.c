/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the counters' names mean: places of CPU time, and kinds of counters. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/usage.h"

/* clang-format off */
const struct place_desc place_table[PLACES] = {
	[PLACE_APPLICATION] = { "application",
		"M1's application in user mode" },
	[PLACE_STACK] = { "stack and copy",
		"M1's application in the kernel: system calls, the copy, its stack" },
	[PLACE_FRONTEND] = { "frontend", "netfront" },
	[PLACE_BACKEND] = { "backend", "netback" },
	[PLACE_MACHINE] = { "machine",
		"UML or QEMU, without the application in its guest" },
	[PLACE_ROOTLESS] = { "rootless network",
		"pasta or slirp4netns: the container's frames as sockets" },
	[PLACE_PEER] = { "peer", "M2's application, user mode and kernel" },
	[PLACE_REST] = { "bridge, other",
		"softirqs on none of these processes, and whatever else ran" },
	[PLACE_TOTAL] = { "whole system", "all CPUs of the host" },
	[PLACE_SOFTIRQ] = { "in softirqs",
		"of the whole system, wherever it is charged: bridge, receiving stack" },
};
/* clang-format on */

static const char *const helpers[] = { "netfront", "netback",	  "uml", "qemu",
				       "pasta",	   "slirp4netns", NULL };

/* Down the keys, NULL-ended; NAN: not there. */
static double number(const json_t *at, const char *const *keys)
{
	for (; *keys; keys++)
		at = json_object_get(at, *keys);
	return json_is_number(at) ? json_number_value(at) : NAN;
}
#define NUMBER(object, ...) \
	number(object, (const char *const[]){ __VA_ARGS__, NULL })

static double helper_ns(const json_t *counters, const char *name)
{
	return NUMBER(counters, "processes", name, "cpu_ns");
}

static double known(double value)
{
	return fmax(value, 0);
}

static bool has_own_kernel(const json_t *counters)
{
	return json_object_get(json_object_get(counters, "m1"), "kernel");
}

/* Its kernel's softirqs, too, where it has one of its own. */
static double stack_ns(const json_t *counters)
{
	double cpu = NUMBER(counters, "m1", "process", "cpu_ns");
	double user = NUMBER(counters, "m1", "process", "user_ns");

	if (isnan(cpu))
		return NAN;
	return known(cpu - known(user)) +
	       known(NUMBER(counters, "m1", "kernel", "cpu_ns", "softirq"));
}

static double machine_ns(const json_t *counters)
{
	double uml = helper_ns(counters, "uml");
	double qemu = helper_ns(counters, "qemu");
	double inside = 0;

	if (isnan(uml) && isnan(qemu))
		return NAN;
	if (has_own_kernel(counters))
		inside = known(NUMBER(counters, "m1", "process", "user_ns")) +
			 known(stack_ns(counters));
	return known(known(uml) + known(qemu) - inside);
}

static double rootless_ns(const json_t *counters)
{
	double pasta = helper_ns(counters, "pasta");

	return isnan(pasta) ? helper_ns(counters, "slirp4netns") : pasta;
}

/* Less than 0 by chance, ticks being coarse: the sum over blocks is right. */
static double rest_ns(const json_t *counters)
{
	double rest = NUMBER(counters, "host", "busy_ns");

	for (int i = 0; helpers[i]; i++)
		rest -= known(helper_ns(counters, helpers[i]));
	if (!has_own_kernel(counters))
		rest -= known(NUMBER(counters, "m1", "process", "cpu_ns"));
	return rest - known(NUMBER(counters, "m2", "process", "cpu_ns"));
}

double place_ns(const json_t *counters, enum place place)
{
	switch (place) {
	case PLACE_APPLICATION:
		return NUMBER(counters, "m1", "process", "user_ns");
	case PLACE_STACK:
		return stack_ns(counters);
	case PLACE_FRONTEND:
		return helper_ns(counters, "netfront");
	case PLACE_BACKEND:
		return helper_ns(counters, "netback");
	case PLACE_MACHINE:
		return machine_ns(counters);
	case PLACE_ROOTLESS:
		return rootless_ns(counters);
	case PLACE_PEER:
		return NUMBER(counters, "m2", "process", "cpu_ns");
	case PLACE_REST:
		return rest_ns(counters);
	case PLACE_TOTAL:
		return NUMBER(counters, "host", "busy_ns");
	case PLACE_SOFTIRQ:
		return NUMBER(counters, "host", "cpu_ns", "softirq");
	default:
		return NAN;
	}
}

static const char *last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static bool is_among(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

/* Read at a turn's end, not summed up. */
static bool is_mean(const char *name)
{
	static const char *const means[] = { "rtt_us",
					     "rttvar_us",
					     "min_rtt_us",
					     "cwnd",
					     "snd_wnd_bytes",
					     "rcv_space_bytes",
					     "notsent_bytes",
					     "delivery_rate_bytes_per_s",
					     NULL };

	return is_among(last_part(name), means);
}

static bool is_time(const char *name)
{
	static const char *const times[] = { "run_queue_wait_ns", NULL };

	return is_among(last_part(name), times);
}

const char *usage_unit(const char *name)
{
	return is_mean(name)   ? "mean"
	       : is_time(name) ? "share of the time"
			       : "per MB";
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

/*
 * What goes with the clock or with the bytes goes with every throughput, and
 * tells nothing; delivery_rate is the throughput; CPU times are the account's.
 */
bool usage_is_event(const char *name)
{
	static const char *const clocks[] = {
		"turns",       "observe_ns",
		"turn_bytes",  "turn_ns",
		"cpus",	       "resolution_ns",
		"flows",       "TIMER",
		"SCHED",       "RCU",
		"HRTIMER",     "delivery_rate_bytes_per_s",
		"busy_us",     "bytes_received",
		"bytes_sent",  "InOctets",
		"OutOctets",   "OutTransmits",
		"InNoECTPkts", NULL
	};

	if (is_time(name))
		return true;
	return !is_among(last_part(name), clocks) && !ends_with(name, "_ns") &&
	       strncmp(name, "ebpf.cpu_ns", 11) != 0 &&
	       strncmp(name, "ebpf.softirq_ns", 15) != 0 &&
	       !strstr(name, ".cpu_ns.") && !ends_with(name, "rx_bytes") &&
	       !ends_with(name, "tx_bytes");
}

double usage_counter(const struct usage_cell *cell, const char *name, size_t at)
{
	double sum = at < cell->room ? cell->sum[at] : 0;
	size_t seen = at < cell->room ? cell->seen[at] : 0;

	if (is_mean(name))
		return seen ? sum / (double)seen : -1;
	if (is_time(name))
		return cell->turn_s > 0 ? sum / cell->turn_s / 1e9 : -1;
	return cell->turn_kb > 0 ? sum * 1024 / cell->turn_kb : -1;
}
