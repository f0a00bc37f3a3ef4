/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What would disturb a measurement: everything here looks, for at most a
 * second, and changes nothing. The limits are rules of thumb for a study that
 * wants half-widths of a few percent.
 */
#include "cmd/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/doctor_proc.h"

#define SAMPLE_NS	  NS_PER_S
#define FEW_CORES	  4 /* sender, receiver and two for the rest */
#define LOAD_A_CORE	  0.25
#define STEAL_PERCENT	  0.5
#define BUSY_PERCENT	  5.0 /* of one core */
#define BUSY_SHOWN	  3
#define TASKS_MAX	  4096
#define AVAILABLE_MIN_MIB 512 /* two guests of 128 MiB, and vazao */

/* The file's text, at most size - 1 bytes, without its last newline. */
static bool read_text(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return false;
	n = fread(buf, 1, size - 1, f);
	fclose(f);
	buf[n] = '\0';
	if (n && buf[n - 1] == '\n')
		buf[n - 1] = '\0';
	return true;
}

static void cannot_read(struct finding *finding, const char *path)
{
	finding_set(finding, FINDING_WARNING, "%s cannot be read", path);
}

void probe_cores(const char *argument, struct finding *finding)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	(void)argument;
	finding_set(finding, cores < FEW_CORES ? FINDING_WARNING : FINDING_OK,
		    "%ld online", cores);
}

void probe_load(const char *argument, struct finding *finding)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	char text[128];
	double load;

	(void)argument;
	if (!read_text("/proc/loadavg", text, sizeof(text)) ||
	    !proc_parse_load(text, &load)) {
		cannot_read(finding, "/proc/loadavg");
		return;
	}
	finding_set(finding,
		    load > LOAD_A_CORE * (double)cores ? FINDING_WARNING
						       : FINDING_OK,
		    "%.2f over the last minute", load);
}

static bool read_cpu(struct proc_cpu_ticks *ticks)
{
	char text[512];

	return read_text("/proc/stat", text, sizeof(text)) &&
	       proc_parse_cpu(text, ticks);
}

void probe_steal(const char *argument, struct finding *finding)
{
	struct proc_cpu_ticks before, after;
	double percent;

	(void)argument;
	if (!read_cpu(&before)) {
		cannot_read(finding, "/proc/stat");
		return;
	}
	clock_sleep_ns(SAMPLE_NS);
	if (!read_cpu(&after))
		return;
	percent = proc_steal_percent(&before, &after);
	finding_set(finding,
		    percent > STEAL_PERCENT ? FINDING_WARNING : FINDING_OK,
		    "%.1f %% over one second", percent);
}

/* Reads every process but the doctor and its probes. */
static size_t read_tasks(struct proc_task *tasks, size_t size)
{
	DIR *dir = opendir("/proc");
	pid_t doctor = getppid();
	size_t n = 0;

	for (struct dirent *e; dir && n < size && (e = readdir(dir));) {
		char path[32], text[512];
		long pid = strtol(e->d_name, NULL, 10);

		if (pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
		if (read_text(path, text, sizeof(text)) &&
		    proc_parse_task(text, &tasks[n]) &&
		    tasks[n].pid != doctor && tasks[n].parent != doctor)
			n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

static int by_pid(const void *a, const void *b)
{
	const struct proc_task *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int by_ticks_falling(const void *a, const void *b)
{
	const struct proc_task *x = a, *y = b;

	return (x->ticks < y->ticks) - (x->ticks > y->ticks);
}

/* Makes `after` hold what each process used since `before`. */
static void subtract_ticks(struct proc_task *before, size_t befores,
			   struct proc_task *after, size_t afters)
{
	qsort(before, befores, sizeof(*before), by_pid);
	for (size_t i = 0; i < afters; i++) {
		const struct proc_task *was = bsearch(
			&after[i], before, befores, sizeof(*before), by_pid);

		if (was && was->ticks <= after[i].ticks)
			after[i].ticks -= was->ticks;
	}
	qsort(after, afters, sizeof(*after), by_ticks_falling);
}

static void name_busy(const struct proc_task *tasks, size_t count,
		      struct finding *finding)
{
	/* the sample is one second: ticks are per second */
	double percent_a_tick = 100.0 / (double)sysconf(_SC_CLK_TCK);
	size_t used = 0;

	for (size_t i = 0; i < count && i < BUSY_SHOWN; i++) {
		double percent = (double)tasks[i].ticks * percent_a_tick;

		if (percent < BUSY_PERCENT)
			break;
		finding->verdict = FINDING_WARNING;
		used += (size_t)snprintf(
			finding->text + used, sizeof(finding->text) - used,
			"%s%s (%d) %.0f %%", used ? ", " : "", tasks[i].name,
			(int)tasks[i].pid, percent);
	}
	if (!used)
		finding_set(finding, FINDING_OK, "none above %.0f %% of a core",
			    BUSY_PERCENT);
}

void probe_busy(const char *argument, struct finding *finding)
{
	struct proc_task *before = calloc(TASKS_MAX, sizeof(*before));
	struct proc_task *after = calloc(TASKS_MAX, sizeof(*after));
	size_t befores, afters;

	(void)argument;
	if (before && after) {
		befores = read_tasks(before, TASKS_MAX);
		clock_sleep_ns(SAMPLE_NS);
		afters = read_tasks(after, TASKS_MAX);
		subtract_ticks(before, befores, after, afters);
		name_busy(after, afters, finding);
	}
	free(before);
	free(after);
}

void probe_memory(const char *argument, struct finding *finding)
{
	char text[2048];
	int64_t bytes;

	(void)argument;
	if (!read_text("/proc/meminfo", text, sizeof(text)) ||
	    !proc_parse_available(text, &bytes)) {
		cannot_read(finding, "/proc/meminfo");
		return;
	}
	finding_set(finding,
		    bytes >> 20 < AVAILABLE_MIN_MIB ? FINDING_WARNING
						    : FINDING_OK,
		    "%" PRId64 " MiB available", bytes >> 20);
}

void probe_governor(const char *argument, struct finding *finding)
{
	static const char path[] =
		"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
	char governor[64];

	(void)argument;
	if (!read_text(path, governor, sizeof(governor)))
		finding_set(finding, FINDING_OK,
			    "not visible: no frequency scaling here, or the "
			    "host's alone");
	else
		finding_set(finding,
			    strcmp(governor, "performance") == 0
				    ? FINDING_OK
				    : FINDING_WARNING,
			    "%s", governor);
}

void probe_turbo(const char *argument, struct finding *finding)
{
	char text[16];
	bool on;

	(void)argument;
	if (read_text("/sys/devices/system/cpu/intel_pstate/no_turbo", text,
		      sizeof(text)))
		on = strcmp(text, "0") == 0;
	else if (read_text("/sys/devices/system/cpu/cpufreq/boost", text,
			   sizeof(text)))
		on = strcmp(text, "1") == 0;
	else {
		finding_set(finding, FINDING_OK,
			    "not visible: the host's, if any");
		return;
	}
	finding_set(finding, on ? FINDING_WARNING : FINDING_OK, "%s",
		    on ? "on: the clock depends on heat and on other cores"
		       : "off");
}

void probe_smt(const char *argument, struct finding *finding)
{
	char text[16];

	(void)argument;
	if (!read_text("/sys/devices/system/cpu/smt/active", text,
		       sizeof(text)))
		finding_set(finding, FINDING_OK, "not visible");
	else if (strcmp(text, "1") == 0)
		finding_set(finding, FINDING_WARNING,
			    "on: two threads share a core");
	else
		finding_set(finding, FINDING_OK, "off");
}

void probe_clock(const char *argument, struct finding *finding)
{
	static const char path[] = "/sys/devices/system/clocksource/"
				   "clocksource0/current_clocksource";
	/* read without leaving user space; the others cost about 1 us */
	static const char *const fast[] = { "tsc",
					    "kvm-clock",
					    "hyperv_clocksource_tsc_page",
					    "arch_sys_counter",
					    "riscv_clocksource",
					    NULL };
	char name[64];

	(void)argument;
	if (!read_text(path, name, sizeof(name))) {
		cannot_read(finding, path);
		return;
	}
	finding_set(finding, FINDING_WARNING, "%s is slow to read", name);
	for (int i = 0; fast[i]; i++)
		if (strcmp(name, fast[i]) == 0)
			finding_set(finding, FINDING_OK, "%s", name);
}
