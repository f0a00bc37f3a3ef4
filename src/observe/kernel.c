/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a kernel counts for all that runs on it. */
#include "observe/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/proc.h"

/* A file of /proc is all the state that these have. */
static int fd_of(const struct source *source)
{
	return (int)(intptr_t)source->state;
}

static void close_file(struct source *source)
{
	close(fd_of(source));
}

int sources_add(struct source **list, const struct source_args *args,
		struct err *err)
{
	struct source *source = source_new(args);

	if (!source) {
		if (args->ops->close)
			args->ops->close(
				&(struct source){ .state = args->state });
		return err_set(err, ENOMEM, "out of memory");
	}
	source->next = *list;
	*list = source;
	return 0;
}

/* The kernel's unit in /proc/stat (USER_HZ). */
static int64_t tick_ns(void)
{
	long hz = sysconf(_SC_CLK_TCK);

	return NS_PER_S / (hz > 0 ? hz : 100);
}

/* The first CPU_STATES, then: */
enum { STAT_SWITCHES = CPU_STATES, STAT_INTERRUPTS, STAT_COUNT };

static bool read_stat(struct source *source, const struct source_edge *edge,
		      uint64_t *values)
{
	char text[SOURCE_FILE_MAX];

	(void)edge;
	return source_read_file(fd_of(source), text, sizeof(text)) &&
	       proc_parse_cpu_states(text, tick_ns(), values) &&
	       proc_find_number(text, "ctxt", &values[STAT_SWITCHES]) &&
	       proc_find_number(text, "intr", &values[STAT_INTERRUPTS]);
}

static bool read_vmstat(struct source *source, const struct source_edge *edge,
			uint64_t *values)
{
	char text[SOURCE_FILE_MAX];

	(void)edge;
	return source_read_file(fd_of(source), text, sizeof(text)) &&
	       proc_find_number(text, "pgfault", &values[0]) &&
	       proc_find_number(text, "pgmajfault", &values[1]);
}

static bool read_softnet(struct source *source, const struct source_edge *edge,
			 uint64_t *values)
{
	char text[SOURCE_FILE_MAX];

	(void)edge;
	return source_read_file(fd_of(source), text, sizeof(text)) &&
	       proc_parse_softnet(text, values);
}

static bool read_softirqs(struct source *source, const struct source_edge *edge,
			  uint64_t *values)
{
	char text[SOURCE_FILE_MAX];

	(void)edge;
	return source_read_file(fd_of(source), text, sizeof(text)) &&
	       proc_parse_softirqs(text, NULL, values, source->count) ==
		       source->count;
}

/* Names of STAT's; the states' stand below cpu_ns. */
static const char *const stat_names[STAT_COUNT] = {
	"cpu_ns/user",	    "cpu_ns/system", "cpu_ns/softirq", "cpu_ns/irq",
	"cpu_ns/steal",	    "cpu_ns/guest",  "cpu_ns/idle",    "cpu_ns/iowait",
	"context_switches", "interrupts",
};
static const char *const vmstat_names[] = { "page_faults",
					    "page_faults_major" };
static const char *const softnet_names[] = { "softnet/processed",
					     "softnet/dropped",
					     "softnet/time_squeeze" };

static const struct source_ops stat_ops = { .read = read_stat,
					    .close = close_file };
static const struct source_ops vmstat_ops = { .read = read_vmstat,
					      .close = close_file };
static const struct source_ops softnet_ops = { .read = read_softnet,
					       .close = close_file };
static const struct source_ops softirq_ops = { .read = read_softirqs,
					       .close = close_file };

static int add_file(struct source **list, const char *file,
		    const struct source_args *args, struct err *err)
{
	struct source_args with_file = *args;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	with_file.state = (void *)(intptr_t)fd;
	return sources_add(list, &with_file, err);
}

#define SOFTIRQS_MAX 32

/* Its rows are the kernel's. */
static int add_softirqs(struct source **list, const char *where, size_t paths,
			struct err *err)
{
	char text[SOURCE_FILE_MAX], names[SOFTIRQS_MAX][PROC_NAME_MAX];
	uint64_t values[SOFTIRQS_MAX];
	struct source_args args = { .ops = &softirq_ops,
				    .paths = paths,
				    .path = -1 };
	char object[64];
	int fd = open("/proc/softirqs", O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return 0;
	if (source_read_file(fd, text, sizeof(text)))
		args.count =
			proc_parse_softirqs(text, names, values, SOFTIRQS_MAX);
	close(fd);
	if (!args.count)
		return 0;
	snprintf(object, sizeof(object), "%s/softirqs", where);
	args.where = object;
	rc = add_file(list, "/proc/softirqs", &args, err);
	return rc ? rc : sources_name_rows(*list, names, err);
}

int sources_name_rows(struct source *source, char (*names)[PROC_NAME_MAX],
		      struct err *err)
{
	source->moved_only = true;
	source->row_names = calloc(source->count, sizeof(*names));
	if (!source->row_names)
		return err_set(err, ENOMEM, "out of memory");
	memcpy(source->row_names, names, source->count * sizeof(*names));
	return 0;
}

/* The CPUs' time last: it is read next to the turn, so that reading the rest
 * is not in it. */
int sources_add_kernel(struct source **list, const char *where, size_t paths,
		       struct err *err)
{
	struct source_args args = { .where = where,
				    .paths = paths,
				    .path = -1 };
	int rc = add_softirqs(list, where, paths, err);

	args.ops = &vmstat_ops;
	args.count = 2;
	args.names = vmstat_names;
	if (!rc)
		rc = add_file(list, "/proc/vmstat", &args, err);
	args.ops = &softnet_ops;
	args.count = 3;
	args.names = softnet_names;
	if (!rc)
		rc = add_file(list, "/proc/net/softnet_stat", &args, err);
	args.ops = &stat_ops;
	args.count = STAT_COUNT;
	args.names = stat_names;
	return rc ? rc : add_file(list, "/proc/stat", &args, err);
}

void sources_finish_kernel(json_t *root, const char *where)
{
	static const enum cpu_state busy[] = { CPU_USER, CPU_SYSTEM,
					       CPU_SOFTIRQ, CPU_IRQ,
					       CPU_GUEST };
	json_t *kernel = source_object(root, where);
	json_t *cpu = json_object_get(kernel, "cpu_ns");
	json_int_t sum = 0;

	if (!cpu)
		return;
	for (size_t i = 0; i < sizeof(busy) / sizeof(busy[0]); i++)
		sum += json_integer_value(
			json_object_get(cpu, proc_cpu_names[busy[i]]));
	json_object_set_new(kernel, "busy_ns", json_integer(sum));
	json_object_set_new(kernel, "cpus",
			    json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	json_object_set_new(kernel, "resolution_ns", json_integer(tick_ns()));
}
