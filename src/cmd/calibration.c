/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/calibration.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "base/userdir.h"
#include "cmd/atomic_file.h"
#include "study/timing.h"

/* "AMD EPYC, 2 CPUs, Linux 6.1.0-9-amd64": what a calibration holds for. */
static void describe_machine(char *buf, size_t size)
{
	char line[256], model[128] = "unknown CPU";
	FILE *f = fopen("/proc/cpuinfo", "re");
	struct utsname u;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "model name : %127[^\n]", model) == 1)
			break;
	}
	if (f)
		fclose(f);
	uname(&u);
	snprintf(buf, size, "%s, %ld CPUs, %s %s", model,
		 sysconf(_SC_NPROCESSORS_ONLN), u.sysname, u.release);
}

static int file_name(char file[static PATH_MAX + 24], struct err *err)
{
	char dir[PATH_MAX];
	int rc = userdir_open(USERDIR_STATE, "", dir, err);

	if (rc)
		return err_wrap(err, "where calibrations are kept");
	snprintf(file, PATH_MAX + 24, "%s/calibration.json", dir);
	return 0;
}

/* This machine's; a new one where there is none, or another machine's. */
static json_t *load(const char *path, const char *machine)
{
	json_t *json = json_load_file(path, 0, NULL);
	const char *of = "";

	json_get_string(json, "machine", &of, NULL);
	if (json && strcmp(of, machine) == 0)
		return json;
	json_decref(json);
	return json_pack("{ss s{}}", "machine", machine, "kinds");
}

/* Of a kind at one socket size the last one stays: each further one is a step
 * up from what was refuted. */
static void keep_finding(json_t *kinds, json_t *finding, const char *date)
{
	const char *kind = "";
	int64_t size = 0, last = -1;
	json_t *list, *entry = json_deep_copy(finding);

	json_get_string(finding, "kind", &kind, NULL);
	json_get_int(finding, "socket_size", &size, NULL);
	json_object_set_new(entry, "date", json_string(date));
	list = json_object_get(kinds, kind);
	if (!list) {
		json_object_set_new(kinds, kind, json_array());
		list = json_object_get(kinds, kind);
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_get_int(json_array_get(list, i), "socket_size", &last,
			     NULL);
		if (last < size)
			continue;
		if (last == size)
			json_array_set_new(list, i, entry);
		else
			json_array_insert_new(list, i, entry);
		return;
	}
	json_array_append_new(list, entry);
}

/* Whole, or what was there stays: it took half an hour. */
static int write_file(const json_t *json, const char *path, struct err *err)
{
	struct atomic_file file;
	int rc = atomic_open(&file, path, err);

	if (rc)
		return rc;
	if (json_dumpf(json, file.out, JSON_INDENT(2) | JSON_REAL_PRECISION(6)))
		rc = err_sys(err, errno, "%s", path);
	return atomic_close(&file, rc, err);
}

int calibration_keep(const char *slices, struct err *err)
{
	json_t *found = json_loads(slices, 0, NULL), *json, *list, *finding;
	char machine[256], date[32], path[PATH_MAX + 24];
	size_t i;
	int rc = file_name(path, err);

	if (rc) {
		json_decref(found);
		return rc;
	}
	describe_machine(machine, sizeof(machine));
	clock_format_real(clock_real_ns(), date);
	json = load(path, machine);
	list = json_object_get(found, "findings");
	/* what an earlier run found of these kinds gives way */
	json_array_foreach(list, i, finding) {
		const char *kind = "";

		json_get_string(finding, "kind", &kind, NULL);
		json_object_del(json_object_get(json, "kinds"), kind);
	}
	json_array_foreach(list, i, finding)
		keep_finding(json_object_get(json, "kinds"), finding, date);
	rc = write_file(json, path, err);
	json_decref(json);
	json_decref(found);
	return rc;
}

/* The kind's finding that holds for sockets of this size; NULL: none. */
static const json_t *find(const json_t *list, int64_t size)
{
	const json_t *entry = NULL;
	int64_t to = 0;

	for (size_t i = 0; i < json_array_size(list) && to < size; i++) {
		entry = json_array_get(list, i);
		json_get_int(entry, "socket_size", &to, NULL);
	}
	return entry;
}

static void read_timing(const json_t *entry, struct timing *timing)
{
	int64_t cycles = 0;

	*timing = (struct timing){ 0 };
	json_get_int(entry, "guard_ns", &timing->guard_ns, NULL);
	json_get_int(entry, "slice_ns", &timing->slice_ns, NULL);
	json_get_int(entry, "cycles", &cycles, NULL);
	timing->cycles = (size_t)cycles;
}

/* The longest of what the plan's kinds need; false: none is calibrated. */
static bool choose_timing(const struct plan *plan, const json_t *kinds,
			  struct timing *row)
{
	bool any = false;

	for (size_t p = 1; p < plan->paths; p++) {
		const json_t *entry =
			find(json_object_get(kinds, plan->path[p].kind),
			     row->socket_size);
		struct timing t;

		read_timing(entry, &t);
		if (t.slice_ns <= 0 || t.cycles == 0)
			continue;
		t.socket_size = row->socket_size;
		if (!any ||
		    t.guard_ns + t.slice_ns > row->guard_ns + row->slice_ns)
			*row = t;
		any = true;
	}
	return any;
}

/* The least socket size above `above` at which the kind was calibrated, or
 * `least`, if that is less; 0: none. */
static int64_t next_size(const json_t *list, int64_t above, int64_t least)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		int64_t of = 0;

		json_get_int(json_array_get(list, i), "socket_size", &of, NULL);
		if (of > above && (!least || of < least))
			least = of;
	}
	return least;
}

/* Every socket size at which one of the plan's kinds was calibrated. */
static void choose_timings(const struct plan *plan, const json_t *kinds,
			   struct timings *timings)
{
	int64_t above = 0;

	timings->rows = 0;
	while (timings->rows < TIMINGS_MAX) {
		struct timing *row = &timings->row[timings->rows];
		int64_t size = 0;

		for (size_t p = 1; p < plan->paths; p++)
			size = next_size(
				json_object_get(kinds, plan->path[p].kind),
				above, size);
		row->socket_size = above = size;
		if (!size || !choose_timing(plan, kinds, row))
			return;
		timings->rows++;
	}
}

/* "dom0 shown -0.4 to +0.9 %, then open -3.1 to +2.2 %" */
static void say_kind(struct calibration_use *use, const char *kind,
		     const json_t *list)
{
	text_append(use->text, sizeof(use->text), "; %s", kind);
	if (json_array_size(list) == 0)
		text_append(use->text, sizeof(use->text), " not calibrated");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *verdict = "", *date = "";
		double lo = 0, hi = 0;

		json_get_string(entry, "verdict", &verdict, NULL);
		json_get_string(entry, "date", &date, NULL);
		json_get_double(entry, "lo", &lo, NULL);
		json_get_double(entry, "hi", &hi, NULL);
		if (i == 0)
			text_append(use->text, sizeof(use->text), " (%.10s)",
				    date);
		text_append(use->text, sizeof(use->text),
			    "%s %s %+.1f to %+.1f %%", i ? "," : "", verdict,
			    100 * lo, 100 * hi);
	}
}

static void say_timings(const struct plan *plan, const json_t *kinds,
			const struct timings *timings,
			struct calibration_use *use)
{
	text_append(use->text, sizeof(use->text), "as calibrated: ");
	for (size_t i = 0; i < timings->rows; i++) {
		char text[TIMING_TEXT_MAX];

		timing_format(&timings->row[i], text, sizeof(text));
		text_append(use->text, sizeof(use->text), "%s%s", i ? ", " : "",
			    text);
	}
	for (size_t p = 1; p < plan->paths; p++) {
		const char *kind = plan->path[p].kind;
		bool again = false;

		for (size_t q = 1; q < p; q++)
			again |= strcmp(plan->path[q].kind, kind) == 0;
		if (!again)
			say_kind(use, kind, json_object_get(kinds, kind));
	}
}

void calibration_choose(const struct plan *plan, struct calibration_use *use)
{
	struct timings timings;
	json_t *json, *kinds, *rows;
	char machine[256], path[PATH_MAX + 24];

	*use = (struct calibration_use){ 0 };
	if (file_name(path, NULL))
		return;
	describe_machine(machine, sizeof(machine));
	json = load(path, machine);
	kinds = json_object_get(json, "kinds");
	choose_timings(plan, kinds, &timings);
	if (timings.rows) {
		rows = timings_to_json(&timings);
		use->timings = json_dumps(rows, JSON_COMPACT);
		json_decref(rows);
		say_timings(plan, kinds, &timings, use);
	} else {
		text_append(use->text, sizeof(use->text),
			    "not calibrated for these paths on this machine "
			    "(vazao calibrate does it): where a path has not "
			    "settled within a slice, its figure is of its "
			    "beginning");
	}
	json_decref(json);
}
