/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/doctor_proc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool proc_parse_load(const char *text, double *load1)
{
	return sscanf(text, "%lf", load1) == 1 && *load1 >= 0;
}

bool proc_parse_cpu(const char *text, struct proc_cpu_ticks *ticks)
{
	uint64_t v[8] = { 0 }; /* user nice system idle iowait irq softirq
				* steal; old kernels have the first four */

	if (strncmp(text, "cpu ", 4) != 0)
		return false;
	if (sscanf(text + 4,
		   "%" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu64
		   "%" SCNu64 "%" SCNu64 "%" SCNu64,
		   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) < 4)
		return false;
	ticks->total = 0;
	for (int i = 0; i < 8; i++)
		ticks->total += v[i];
	ticks->idle = v[3] + v[4];
	ticks->steal = v[7];
	return true;
}

double proc_steal_percent(const struct proc_cpu_ticks *before,
			  const struct proc_cpu_ticks *after)
{
	if (after->total <= before->total || after->steal < before->steal)
		return 0;
	return 100.0 * (double)(after->steal - before->steal) /
	       (double)(after->total - before->total);
}

bool proc_parse_task(const char *text, struct proc_task *task)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	uint64_t user, system;

	if (!open || !close || close < open ||
	    sscanf(text, "%d", &task->pid) != 1)
		return false;
	snprintf(task->name, sizeof(task->name), "%.*s",
		 (int)(close - open - 1), open + 1);
	/* behind the name: state(3) ppid(4) ... utime(14) stime(15) */
	if (sscanf(close + 1,
		   " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64
		   " %" SCNu64,
		   &task->parent, &user, &system) != 3)
		return false;
	task->ticks = user + system;
	return true;
}

bool proc_parse_available(const char *text, int64_t *bytes)
{
	const char *line = strstr(text, "MemAvailable:");
	int64_t kib;

	if (!line || sscanf(line, "MemAvailable: %" SCNd64 " kB", &kib) != 1)
		return false;
	*bytes = kib * 1024;
	return true;
}
