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

static int allow_one(int pid, int tid, const char *but, const cpu_set_t *cpus)
{
	char path[64], name[32];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
	return read_line(path, name, sizeof(name)) &&
	       strncmp(name, but, strlen(but)) != 0 &&
	       sched_setaffinity(tid, sizeof(*cpus), cpus) == 0;
}

static int allow_threads(int pid, const char *but, const cpu_set_t *cpus)
{
	char path[48];
	struct dirent *e;
	int count = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (atoi(e->d_name) > 0)
			count += allow_one(pid, atoi(e->d_name), but, cpus);
	if (d)
		closedir(d);
	return count;
}

int threads_allow(pid_t parent, const char *but, const cpu_set_t *cpus)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int count = 0;

	while (d && (e = readdir(d))) {
		int pid = atoi(e->d_name);

		if (pid > 0 && parent_of(pid) == parent)
			count += allow_threads(pid, but, cpus);
	}
	if (d)
		closedir(d);
	return count;
}
