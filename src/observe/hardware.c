/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The processors' own counters, of all CPUs, user and kernel. Virtual machines
 * mostly have none: then there is no source, and nothing is reported.
 */
#include "observe/sources.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CACHE(id, op, result)                                          \
	(PERF_COUNT_HW_CACHE_##id | PERF_COUNT_HW_CACHE_OP_##op << 8 | \
	 PERF_COUNT_HW_CACHE_RESULT_##result << 16)

static const struct {
	const char *name;
	uint32_t type;
	uint64_t config;
} events[] = {
	{ "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	{ "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	{ "cache_references", PERF_TYPE_HARDWARE,
	  PERF_COUNT_HW_CACHE_REFERENCES },
	{ "cache_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES },
	{ "branch_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES },
	{ "dtlb_misses", PERF_TYPE_HW_CACHE, CACHE(DTLB, READ, MISS) },
	{ "itlb_misses", PERF_TYPE_HW_CACHE, CACHE(ITLB, READ, MISS) },
};

#define EVENTS (sizeof(events) / sizeof(events[0]))

/* One event on every CPU. */
struct hardware {
	const char *name;
	long cpus;
	int fd[]; /* [cpus] */
};

/* With what the kernel did when more events are asked for than there are
 * counters: it shares them in time, and tells how long each one counted. */
struct reading {
	uint64_t value, enabled_ns, running_ns;
};

static int open_event(size_t event, int cpu)
{
	struct perf_event_attr attr = {
		.type = events[event].type,
		.size = sizeof(attr),
		.config = events[event].config,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
			       PERF_FORMAT_TOTAL_TIME_RUNNING,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
			    PERF_FLAG_FD_CLOEXEC);
}

static bool read_hardware(struct source *source, const struct source_edge *edge,
			  uint64_t *values)
{
	const struct hardware *hardware = source->state;

	(void)edge;
	values[0] = 0;
	for (long cpu = 0; cpu < hardware->cpus; cpu++) {
		struct reading r;

		if (read(hardware->fd[cpu], &r, sizeof(r)) != sizeof(r) ||
		    r.running_ns == 0)
			return false;
		values[0] += (uint64_t)((double)r.value * (double)r.enabled_ns /
					(double)r.running_ns);
	}
	return true;
}

static void close_hardware(struct source *source)
{
	struct hardware *hardware = source->state;

	for (long cpu = 0; cpu < hardware->cpus; cpu++)
		close(hardware->fd[cpu]);
	free(hardware);
}

static const struct source_ops hardware_ops = { .read = read_hardware,
						.close = close_hardware };

static int add_event(struct source **list, size_t event, const char *where,
		     size_t paths, struct err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct hardware *h = calloc(1, sizeof(*h) + (size_t)cpus * sizeof(int));
	struct source_args args = { .ops = &hardware_ops,
				    .where = where,
				    .count = 1,
				    .paths = paths,
				    .path = -1,
				    .state = h };

	if (!h)
		return err_set(err, ENOMEM, "out of memory");
	h->name = events[event].name;
	args.names = &h->name;
	for (; h->cpus < cpus; h->cpus++) {
		h->fd[h->cpus] = open_event(event, (int)h->cpus);
		if (h->fd[h->cpus] < 0) {
			close_hardware(&(struct source){ .state = h });
			return 0;
		}
	}
	return sources_add(list, &args, err);
}

int sources_add_hardware(struct source **list, const char *where, size_t paths,
			 struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < EVENTS && !rc; i++)
		rc = add_event(list, i, where, paths, err);
	return rc;
}
