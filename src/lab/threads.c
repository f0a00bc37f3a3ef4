/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/threads.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_line(const char *path, char *line, int size)
{
	FILE *in = fopen(path, "re");
	bool got = in && fgets(line, size, in);

	if (in)
		fclose(in);
	return got;
}

/* proc_pid_stat(5): "PID (NAME) STATE PPID ..."; a name may have blanks. */
static pid_t parent_of(int pid)
{
	char path[48], line[512];
	const char *end;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	end = read_line(path, line, sizeof(line)) ? strrchr(line, ')') : NULL;
	if (!end || sscanf(end + 1, " %*c %d", &parent) != 1)
		return 0;
	return parent;
}

struct wanted {
	const char *prefix;
	const cpu_set_t *own, *rest;
};

static int place_one(int pid, int tid, const struct wanted *w)
{
	const cpu_set_t *cpus = w->rest;
	char path[64], name[32];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
	if (!read_line(path, name, sizeof(name)))
		return 0;
	if (strncmp(name, w->prefix, strlen(w->prefix)) == 0)
		cpus = w->own;
	return sched_setaffinity(tid, sizeof(*cpus), cpus) == 0;
}

static int place_threads(int pid, const struct wanted *w)
{
	char path[48];
	struct dirent *e;
	int count = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (atoi(e->d_name) > 0)
			count += place_one(pid, atoi(e->d_name), w);
	if (d)
		closedir(d);
	return count;
}

int threads_place(pid_t parent, const char *prefix, const cpu_set_t *own,
		  const cpu_set_t *rest)
{
	const struct wanted w = { prefix, own, rest };
	DIR *d = opendir("/proc");
	struct dirent *e;
	int count = 0;

	while (d && (e = readdir(d))) {
		int pid = atoi(e->d_name);

		if (pid > 0 && parent_of(pid) == parent)
			count += place_threads(pid, &w);
	}
	if (d)
		closedir(d);
	return count;
}
