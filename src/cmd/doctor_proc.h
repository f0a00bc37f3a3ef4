/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * doctor_proc.h - what /proc says of load, steal and busy processes.
 *
 * Pure: each takes the file's text. Used by doctor_noise.c. False where the
 * text is not what proc(5) says.
 */
#ifndef VAZAO_CMD_DOCTOR_PROC_H
#define VAZAO_CMD_DOCTOR_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* /proc/loadavg: means over 1, 5 and 15 minutes; only the first is used. */
bool proc_parse_load(const char *text, double *load1);

/* The "cpu " line of /proc/stat, in clock ticks of all cores together. */
struct proc_cpu_ticks {
	uint64_t total; /* guest time is in user time already */
	uint64_t idle;	/* idle and iowait */
	uint64_t steal;
};
bool proc_parse_cpu(const char *text, struct proc_cpu_ticks *ticks);

/* Percent of the time between two readings; 0 where no time went by. */
double proc_steal_percent(const struct proc_cpu_ticks *before,
			  const struct proc_cpu_ticks *after);

/* /proc/PID/stat; the name may hold blanks and parentheses. */
struct proc_task {
	pid_t pid, parent;
	char name[32];
	uint64_t ticks; /* user and system time so far */
};
bool proc_parse_task(const char *text, struct proc_task *task);

/* "MemAvailable:" of /proc/meminfo. */
bool proc_parse_available(const char *text, int64_t *bytes);

#endif
