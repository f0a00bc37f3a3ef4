/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/calibration.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

#define ONE_WINDOW_NS (100 * NS_PER_MS)

int calibration_dir(char **dir, struct err *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *text = NULL;
	int n = -1;

	if (state && *state == '/')
		n = asprintf(&text, "%s/vazao", state);
	else if (home && *home == '/')
		n = asprintf(&text, "%s/.local/state/vazao", home);
	else
		return err_set(err, ENOENT,
			       "neither XDG_STATE_HOME nor HOME says where to "
			       "keep a calibration");
	if (n < 0)
		return err_sys(err, ENOMEM, "calibration");
	for (char *p = text + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(text, 0777);
		*p = '/';
	}
	if (mkdir(text, 0777) < 0 && errno != EEXIST) {
		n = err_sys(err, errno, "%s", text);
		free(text);
		return n;
	}
	*dir = text;
	return 0;
}

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

static int file_name(char **path, struct err *err)
{
	char *dir;
	int rc = calibration_dir(&dir, err);

	if (rc)
		return rc;
	rc = asprintf(path, "%s/calibration.json", dir) < 0
		     ? err_sys(err, ENOMEM, "calibration")
		     : 0;
	free(dir);
	return rc;
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

/* A kind's best finding: shown before open, shorter before longer. */
static void keep_finding(json_t *kinds, json_t *finding, const char *date)
{
	const char *kind = "", *verdict = "";
	json_t *entry = json_deep_copy(finding);

	json_get_string(finding, "kind", &kind, NULL);
	json_get_string(finding, "verdict", &verdict, NULL);
	json_object_set_new(entry, "date", json_string(date));
	if (strcmp(verdict, "refuted") == 0)
		json_object_set_new(entry, "slice_ns", json_integer(0));
	if (!json_object_get(kinds, kind) || strcmp(verdict, "refuted") != 0)
		json_object_set_new(kinds, kind, entry);
	else
		json_decref(entry);
}

int calibration_keep(const char *slices, struct err *err)
{
	json_t *found = json_loads(slices, 0, NULL), *json, *list, *finding;
	char machine[256], date[32], *path;
	size_t i;
	int rc = file_name(&path, err);

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
	if (json_dump_file(json, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6)))
		rc = err_sys(err, errno, "%s", path);
	json_decref(json);
	json_decref(found);
	free(path);
	return rc;
}

static void append(struct calibration_use *use, const char *text)
{
	size_t used = strlen(use->text);

	snprintf(use->text + used, sizeof(use->text) - used, "%s%s",
		 used ? "; " : "", text);
}

static void use_kind(const char *kind, const json_t *entry,
		     struct calibration_use *use)
{
	const char *verdict = "", *date = "";
	int64_t slice_ns = 0;
	double lo = 0, hi = 0;
	char text[160];

	if (!entry) {
		snprintf(text, sizeof(text), "%s not calibrated", kind);
		append(use, text);
		return;
	}
	json_get_string(entry, "verdict", &verdict, NULL);
	json_get_string(entry, "date", &date, NULL);
	json_get_int(entry, "slice_ns", &slice_ns, NULL);
	json_get_double(entry, "lo", &lo, NULL);
	json_get_double(entry, "hi", &hi, NULL);
	if (slice_ns == 0) {
		use->one_window = true;
		snprintf(text, sizeof(text),
			 "%s: no slice to 50 ms is right (%.10s)", kind, date);
	} else {
		snprintf(text, sizeof(text),
			 "%s: %" PRId64 " ms %s, %+.1f to %+.1f %% (%.10s)",
			 kind, slice_ns / NS_PER_MS, verdict, 100 * lo,
			 100 * hi, date);
	}
	if (slice_ns > use->slice_ns)
		use->slice_ns = slice_ns;
	append(use, text);
}

void calibration_choose(const struct plan *plan, struct calibration_use *use)
{
	json_t *json, *kinds;
	char machine[256], *path;

	*use = (struct calibration_use){ 0 };
	if (file_name(&path, NULL))
		return;
	describe_machine(machine, sizeof(machine));
	json = load(path, machine);
	free(path);
	kinds = json_object_get(json, "kinds");
	if (json_object_size(kinds) == 0)
		append(use, "this machine is not calibrated (vazao "
			    "calibrate does it)");
	for (size_t p = 1; json_object_size(kinds) && p < plan->paths; p++)
		use_kind(plan->path[p].kind,
			 json_object_get(kinds, plan->path[p].kind), use);
	if (use->one_window)
		use->slice_ns = ONE_WINDOW_NS;
	json_decref(json);
}
