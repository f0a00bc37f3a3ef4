/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "observe/profile.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "observe/sources.h"
#include "observe/symbols.h"

/* A prime, so as not to beat with what goes by the clock; some 20 samples a
 * CPU in a slice of 10 ms. */
#define FREQUENCY_HZ 1997

#define RING_PAGES  64
#define STACK_DEPTH 64

struct cpu {
	int fd;
	struct perf_event_mmap_page *ring;
};

struct profile {
	struct symbols *symbols;
	const char *event;
	json_t **stacks; /* [paths]: {"a;b;c": samples} */
	uint64_t *lost;	 /* [paths] */
	long cpus;
	long page;
	struct cpu cpu[];
};

static int open_event(int cpu, uint32_t type, uint64_t config)
{
	struct perf_event_attr attr = {
		.type = type,
		.size = sizeof(attr),
		.config = config,
		.freq = 1,
		.sample_freq = FREQUENCY_HZ,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_CALLCHAIN,
		.sample_max_stack = STACK_DEPTH,
		.disabled = 1,
		.exclude_idle = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
			    PERF_FLAG_FD_CLOEXEC);
}

static int open_cpu(struct profile *p, int cpu)
{
	struct cpu *c = &p->cpu[cpu];

	c->fd = open_event(cpu, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
	p->event = "cycles";
	if (c->fd < 0) {
		c->fd = open_event(cpu, PERF_TYPE_SOFTWARE,
				   PERF_COUNT_SW_CPU_CLOCK);
		p->event = "cpu-clock";
	}
	if (c->fd < 0)
		return -errno;
	c->ring = mmap(NULL, (size_t)(p->page * (RING_PAGES + 1)),
		       PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (c->ring == MAP_FAILED) {
		c->ring = NULL;
		return -errno;
	}
	return 0;
}

/*
 * A sample: header, pid, tid, number of addresses, addresses from the inner
 * to the outer, with markers (PERF_CONTEXT_*) where user begins.
 */
struct sample {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t count;
	uint64_t address[STACK_DEPTH * 2];
};

/* pids are our namespace's; 0: another's. What vazao runs as is its second
 * word: "vazao netback". */
static void name_process(uint32_t pid, char *name, size_t size)
{
	char file[48], line[256] = "", *second, *base;
	FILE *words;
	size_t used = 0;

	snprintf(name, size, "%s", "elsewhere");
	snprintf(file, sizeof(file), "/proc/%u/cmdline", pid);
	words = pid ? fopen(file, "re") : NULL;
	if (!words)
		return;
	used = fread(line, 1, sizeof(line) - 2, words);
	fclose(words);
	base = strrchr(line, '/');
	base = base ? base + 1 : line;
	second = line + strlen(line) + 1;
	if (used && strcmp(base, "vazao") == 0)
		snprintf(name, size, "vazao %.20s", second);
	else if (used)
		snprintf(name, size, "%.40s", base);
}

/* Outermost first, ";" between; what finds no room is cut at the inner end. */
static void fold(const struct profile *p, const struct sample *s, char *text,
		 size_t size)
{
	bool user[STACK_DEPTH * 2];
	size_t count = s->count < STACK_DEPTH * 2 ? s->count : STACK_DEPTH * 2;
	bool in_user = false;
	size_t used;

	for (size_t i = 0; i < count; i++) {
		if (s->address[i] >= PERF_CONTEXT_MAX)
			in_user = s->address[i] == PERF_CONTEXT_USER;
		user[i] = in_user;
	}
	name_process(s->pid, text, size);
	for (char *c = text; *c; c++)
		if (*c == ';')
			*c = ',';
	used = strlen(text);
	for (size_t i = count; i-- > 0 && used + 2 < size;) {
		const char *name;

		if (s->address[i] >= PERF_CONTEXT_MAX)
			continue;
		name = user[i] ? symbols_of_process(p->symbols, (pid_t)s->pid,
						    s->address[i])
			       : symbols_of_kernel(p->symbols, s->address[i]);
		used += (size_t)snprintf(text + used, size - used, ";%s%s",
					 name, user[i] ? "" : "_[k]");
	}
}

static void add_sample(struct profile *p, size_t path, const struct sample *s)
{
	char text[4096];
	json_t *count;

	fold(p, s, text, sizeof(text));
	count = json_object_get(p->stacks[path], text);
	if (count)
		json_integer_set(count, json_integer_value(count) + 1);
	else
		json_object_set_new(p->stacks[path], text, json_integer(1));
}

/* One record out of the ring, which may wrap within it. */
static void copy_record(const struct profile *p, const struct cpu *c,
			uint64_t at, void *to, size_t size)
{
	const char *data = (const char *)c->ring + p->page;
	uint64_t mask = (uint64_t)(p->page * RING_PAGES) - 1;

	for (size_t i = 0; i < size; i++)
		((char *)to)[i] = data[(at + i) & mask];
}

static void drain(struct profile *p, size_t path, struct cpu *c)
{
	uint64_t head = __atomic_load_n(&c->ring->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = c->ring->data_tail;

	while (tail < head) {
		struct sample s = { 0 };
		size_t size;

		copy_record(p, c, tail, &s.header, sizeof(s.header));
		size = s.header.size;
		if (size == 0)
			break;
		copy_record(p, c, tail, &s,
			    size < sizeof(s) ? size : sizeof(s));
		if (s.header.type == PERF_RECORD_SAMPLE)
			add_sample(p, path, &s);
		else if (s.header.type == PERF_RECORD_LOST)
			p->lost[path]++;
		tail += size;
	}
	__atomic_store_n(&c->ring->data_tail, head, __ATOMIC_RELEASE);
}

/* Not a reading: samples are taken from one edge to the other. */
static bool pass_turn(struct source *source, const struct source_edge *edge,
		      uint64_t *values)
{
	struct profile *p = source->state;

	(void)values;
	for (long i = 0; i < p->cpus; i++)
		ioctl(p->cpu[i].fd,
		      edge->ends ? PERF_EVENT_IOC_DISABLE
				 : PERF_EVENT_IOC_ENABLE,
		      0);
	for (long i = 0; edge->ends && i < p->cpus; i++)
		drain(p, edge->path, &p->cpu[i]);
	return true;
}

static void prepare(struct source *source)
{
	struct profile *p = source->state;

	for (size_t i = 0; i < source->paths; i++) {
		json_object_clear(p->stacks[i]);
		p->lost[i] = 0;
	}
}

static void report(const struct source *source, size_t path, json_t *root)
{
	const struct profile *p = source->state;

	json_object_set_new(root, "profile",
			    json_pack("{ss sI sO}", "event", p->event, "lost",
				      (json_int_t)p->lost[path], "stacks",
				      p->stacks[path]));
}

static void free_profile(struct profile *p, size_t paths)
{
	for (long i = 0; i < p->cpus; i++) {
		if (p->cpu[i].ring)
			munmap(p->cpu[i].ring,
			       (size_t)(p->page * (RING_PAGES + 1)));
		if (p->cpu[i].fd >= 0)
			close(p->cpu[i].fd);
	}
	for (size_t i = 0; p->stacks && i < paths; i++)
		json_decref(p->stacks[i]);
	free(p->stacks);
	free(p->lost);
	symbols_close(p->symbols);
	free(p);
}

static void close_profile(struct source *source)
{
	free_profile(source->state, source->paths);
}

static const struct source_ops profile_ops = { .read = pass_turn,
					       .prepare = prepare,
					       .report = report,
					       .close = close_profile };

static int open_profile(struct profile *p, size_t paths, long cpus,
			struct err *err)
{
	p->page = sysconf(_SC_PAGESIZE);
	p->stacks = calloc(paths, sizeof(json_t *));
	p->lost = calloc(paths, sizeof(*p->lost));
	if (!p->stacks || !p->lost)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < paths; i++)
		p->stacks[i] = json_object();
	for (; p->cpus < cpus; p->cpus++) {
		int rc = open_cpu(p, (int)p->cpus);

		if (rc) {
			p->cpus++; /* half open */
			return err_sys(err, -rc,
				       "sampling all CPUs takes CAP_PERFMON "
				       "or kernel.perf_event_paranoid below 0");
		}
	}
	return symbols_open(&p->symbols, err);
}

int profile_add(struct source **list, size_t paths, struct err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct profile *p =
		calloc(1, sizeof(*p) + (size_t)cpus * sizeof(p->cpu[0]));
	int rc;

	if (!p)
		return err_set(err, ENOMEM, "out of memory");
	rc = open_profile(p, paths, cpus, err);
	if (rc) {
		free_profile(p, paths);
		return rc;
	}
	return sources_add(list,
			   &(struct source_args){ .ops = &profile_ops,
						  .where = "profile",
						  .paths = paths,
						  .path = -1,
						  .state = p },
			   err);
}
