/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What processes cost.
 *
 * A process's CPU clock is the scheduler's sum of its threads, those that have
 * ended among them, exact to the moment it is read. What lies between a
 * thread's schedstat and now is less than a tick; at the edges of turns the
 * others sleep, and theirs is exact.
 */
#include "observe/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/proc.h"

/* UML has a process for each of its guest's and some helpers. */
#define PROCESSES_MAX 32
#define THREADS_MAX   64

static uint64_t ns_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * NS_PER_S + (uint64_t)t->tv_nsec;
}

static uint64_t us_to_ns(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * NS_PER_S +
	       (uint64_t)t->tv_usec * NS_PER_US;
}

/*
 * Files of one thread: "schedstat" has what it ran and waited in ns, "sched"
 * how often it was switched and moved.
 */

struct thread {
	int schedstat_fd, sched_fd; /* -1: the kernel has none */
};

static void open_thread(struct thread *thread, const char *dir)
{
	char file[80];

	snprintf(file, sizeof(file), "%s/schedstat", dir);
	thread->schedstat_fd = open(file, O_RDONLY | O_CLOEXEC);
	snprintf(file, sizeof(file), "%s/sched", dir);
	thread->sched_fd = open(file, O_RDONLY | O_CLOEXEC);
}

static void close_thread(struct thread *thread)
{
	if (thread->schedstat_fd >= 0)
		close(thread->schedstat_fd);
	if (thread->sched_fd >= 0)
		close(thread->sched_fd);
}

static bool read_wait(const struct thread *thread, uint64_t *wait_ns)
{
	char text[128];
	uint64_t ran;

	return source_read_file(thread->schedstat_fd, text, sizeof(text)) &&
	       sscanf(text, "%" SCNu64 " %" SCNu64, &ran, wait_ns) == 2;
}

static bool read_sched(const struct thread *thread, uint64_t *voluntary,
		       uint64_t *involuntary, uint64_t *migrations)
{
	char text[8192];

	return source_read_file(thread->sched_fd, text, sizeof(text)) &&
	       proc_find_number(text, "nr_voluntary_switches", voluntary) &&
	       proc_find_number(text, "nr_involuntary_switches", involuntary) &&
	       proc_find_number(text, "se.nr_migrations", migrations);
}

/*
 * The agent itself.
 */

static const char *const self_names[] = {
	"cpu_ns",
	"user_ns",
	"system_ns",
	"switches_voluntary",
	"switches_involuntary",
	"faults_minor",
	"faults_major",
};

#define SELF_NAMES (sizeof(self_names) / sizeof(self_names[0]))

static bool read_self(struct source *source, const struct source_edge *edge,
		      uint64_t *values)
{
	struct timespec cpu;
	struct rusage usage;

	(void)source;
	(void)edge;
	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) < 0 ||
	    getrusage(RUSAGE_SELF, &usage) < 0)
		return false;
	values[0] = ns_of(&cpu);
	values[1] = us_to_ns(&usage.ru_utime);
	values[2] = us_to_ns(&usage.ru_stime);
	values[3] = (uint64_t)usage.ru_nvcsw;
	values[4] = (uint64_t)usage.ru_nivcsw;
	values[5] = (uint64_t)usage.ru_minflt;
	values[6] = (uint64_t)usage.ru_majflt;
	return true;
}

static const struct source_ops self_ops = { .read = read_self };

static bool read_self_wait(struct source *source,
			   const struct source_edge *edge, uint64_t *values)
{
	(void)edge;
	return read_wait(source->state, values);
}

static bool read_self_sched(struct source *source,
			    const struct source_edge *edge, uint64_t *values)
{
	uint64_t voluntary, involuntary;

	(void)edge;
	return read_sched(source->state, &voluntary, &involuntary, values);
}

static void close_self(struct source *source)
{
	close_thread(source->state);
	free(source->state);
}

static const struct source_ops self_wait_ops = { .read = read_self_wait,
						 .close = close_self };
static const struct source_ops self_sched_ops = { .read = read_self_sched,
						  .close = close_self };
static const char *const wait_names[] = { "run_queue_wait_ns" };
static const char *const migration_names[] = { "migrations" };

/* One number of the agent's own thread; its kernel may not have it. */
static int add_self_file(struct source **list, const struct source_args *args,
			 struct err *err)
{
	struct source_args one = *args;
	struct thread *thread = calloc(1, sizeof(*thread));
	uint64_t value;

	if (!thread)
		return err_set(err, ENOMEM, "out of memory");
	open_thread(thread, "/proc/thread-self");
	one.count = 1;
	one.state = thread;
	if (!args->ops->read(&(struct source){ .state = thread }, NULL,
			     &value)) {
		close_self(&(struct source){ .state = thread });
		return 0;
	}
	return sources_add(list, &one, err);
}

/* The clock last: it is read next to the turn. */
int sources_add_self(struct source **list, const char *where, size_t paths,
		     struct err *err)
{
	struct source_args args = { .where = where,
				    .paths = paths,
				    .path = -1 };
	int rc;

	args.ops = &self_sched_ops;
	args.names = migration_names;
	rc = add_self_file(list, &args, err);
	args.ops = &self_wait_ops;
	args.names = wait_names;
	if (!rc)
		rc = add_self_file(list, &args, err);
	args.ops = &self_ops;
	args.count = SELF_NAMES;
	args.names = self_names;
	return rc ? rc : sources_add(list, &args, err);
}

/*
 * Others.
 */

struct one_process {
	clockid_t clock;
	int stat_fd;
};

struct family {
	pid_t root;
	struct one_process process[PROCESSES_MAX];
	size_t processes;
	struct thread thread[THREADS_MAX];
	size_t threads;
};

enum {
	FAMILY_CPU,
	FAMILY_WAIT,
	FAMILY_VOLUNTARY,
	FAMILY_INVOLUNTARY,
	FAMILY_MIGRATIONS,
	FAMILY_MINOR,
	FAMILY_MAJOR,
	FAMILY_COUNT
};

static const char *const family_names[FAMILY_COUNT] = {
	"cpu_ns",
	"run_queue_wait_ns",
	"switches_voluntary",
	"switches_involuntary",
	"migrations",
	"faults_minor",
	"faults_major",
};

static void forget_family(struct family *family)
{
	for (size_t i = 0; i < family->processes; i++)
		if (family->process[i].stat_fd >= 0)
			close(family->process[i].stat_fd);
	for (size_t i = 0; i < family->threads; i++)
		close_thread(&family->thread[i]);
	family->processes = family->threads = 0;
}

static void add_process(struct family *family, pid_t pid);

/* Of one thread: "12 13 ". Without CONFIG_PROC_CHILDREN there is no file. */
static void add_children(struct family *family, const char *dir)
{
	char file[96], text[1024];
	int fd;

	snprintf(file, sizeof(file), "%s/children", dir);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (source_read_file(fd, text, sizeof(text)))
		for (char *at = text, *end;; at = end) {
			long pid = strtol(at, &end, 10);

			if (end == at)
				break;
			add_process(family, (pid_t)pid);
		}
	close(fd);
}

static void add_threads(struct family *family, pid_t pid)
{
	char name[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(name, sizeof(name), "/proc/%d/task", (int)pid);
	dir = opendir(name);
	while (dir && (entry = readdir(dir))) {
		char thread[80];

		if (entry->d_name[0] == '.' || family->threads == THREADS_MAX)
			continue;
		snprintf(thread, sizeof(thread), "%s/%.10s", name,
			 entry->d_name);
		open_thread(&family->thread[family->threads++], thread);
		add_children(family, thread);
	}
	if (dir)
		closedir(dir);
}

static void add_process(struct family *family, pid_t pid)
{
	struct one_process *p = &family->process[family->processes];
	char file[64];

	if (family->processes == PROCESSES_MAX ||
	    clock_getcpuclockid(pid, &p->clock))
		return;
	snprintf(file, sizeof(file), "/proc/%d/stat", (int)pid);
	p->stat_fd = open(file, O_RDONLY | O_CLOEXEC);
	family->processes++;
	add_threads(family, pid);
}

static void prepare_family(struct source *source)
{
	struct family *family = source->state;

	forget_family(family);
	add_process(family, family->root);
}

static bool read_process(const struct one_process *p, uint64_t *values)
{
	struct timespec cpu;
	uint64_t minor, major;
	char text[1024];

	if (clock_gettime(p->clock, &cpu) < 0 ||
	    !source_read_file(p->stat_fd, text, sizeof(text)) ||
	    !proc_parse_faults(text, &minor, &major))
		return false;
	values[FAMILY_CPU] += ns_of(&cpu);
	values[FAMILY_MINOR] += minor;
	values[FAMILY_MAJOR] += major;
	return true;
}

static bool read_thread(const struct thread *thread, uint64_t *values)
{
	uint64_t wait, voluntary, involuntary, migrations;

	if (!read_wait(thread, &wait) ||
	    !read_sched(thread, &voluntary, &involuntary, &migrations))
		return false;
	values[FAMILY_WAIT] += wait;
	values[FAMILY_VOLUNTARY] += voluntary;
	values[FAMILY_INVOLUNTARY] += involuntary;
	values[FAMILY_MIGRATIONS] += migrations;
	return true;
}

/* One that ended since the block began breaks the sum: it is not reported. */
static bool read_family(struct source *source, const struct source_edge *edge,
			uint64_t *values)
{
	const struct family *family = source->state;
	bool whole = family->processes > 0;

	(void)edge;
	memset(values, 0, source->count * sizeof(*values));
	for (size_t i = 0; whole && i < family->processes; i++)
		whole = read_process(&family->process[i], values);
	for (size_t i = 0; whole && i < family->threads; i++)
		whole = read_thread(&family->thread[i], values);
	return whole;
}

static void close_family(struct source *source)
{
	forget_family(source->state);
	free(source->state);
}

static const struct source_ops family_ops = { .prepare = prepare_family,
					      .read = read_family,
					      .close = close_family };

int sources_add_process(struct source **list, const char *where, size_t paths,
			int path, pid_t pid, struct err *err)
{
	struct family *family = calloc(1, sizeof(*family));
	const struct source_args args = { .ops = &family_ops,
					  .where = where,
					  .count = FAMILY_COUNT,
					  .names = family_names,
					  .paths = paths,
					  .path = path,
					  .state = family };

	if (!family)
		return err_set(err, ENOMEM, "out of memory");
	family->root = pid;
	return sources_add(list, &args, err);
}
