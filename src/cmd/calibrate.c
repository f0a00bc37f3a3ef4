/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao calibrate: how short may slices be on this machine? Carries out a plan
 * of rule slices, keeps what it found (calibration.h), and tells it. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/userdir.h"
#include "cmd/calibration.h"
#include "cmd/cmd.h"
#include "store/store.h"
#include "study/timing.h"

struct options {
	const char *dir;
	int64_t budget_ns;
	struct opt_list sets;
};

/* clang-format off */
static const struct opt_row rows[] = {
	{ "output", 'o', OPT_STRING, offsetof(struct options, dir), "DIR",
	  "the study's directory (default: by date, where calibrations are kept)" },
	{ "budget", 0, OPT_DURATION, offsetof(struct options, budget_ns), "TIME",
	  "give it TIME (default: the plan's, 20m)" },
	{ "set", 0, OPT_LIST, offsetof(struct options, sets), "KEY=VALUE",
	  "override a key of the plan, e.g. --set paths=[native,dom0]" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};
/* clang-format on */

/* By the time, so that none is overwritten; malloc'ed. */
static int default_dir(char **dir, struct err *err)
{
	char now[32], state[PATH_MAX];
	int rc = userdir_open(USERDIR_STATE, "", state, err);

	if (rc)
		return rc;
	clock_format_real(clock_real_ns(), now);
	if (asprintf(dir, "%s/calibration-%s", state, now) < 0)
		return err_sys(err, ENOMEM, "calibration");
	return 0;
}

static int measure(const struct options *o, const char *plan, const char *dir,
		   struct err *err)
{
	char *argv[2 * OPT_LIST_MAX + 10], budget[48];
	size_t n = 0;

	argv[n++] = "vazao";
	argv[n++] = "study";
	argv[n++] = (char *)plan;
	argv[n++] = "-o";
	argv[n++] = (char *)dir;
	argv[n++] = "--no-report";
	if (o->budget_ns) {
		snprintf(budget, sizeof(budget), "%" PRId64 "ms",
			 o->budget_ns / NS_PER_MS);
		argv[n++] = "--budget";
		argv[n++] = budget;
	}
	for (size_t i = 0; i < o->sets.count; i++) {
		argv[n++] = "--set";
		argv[n++] = (char *)o->sets.item[i];
	}
	argv[n] = NULL;
	return cmd_run_study(argv, err);
}

static void tell_finding(const json_t *finding)
{
	const char *path = "", *verdict = "", *worst = "";
	struct timing timing = { 0 };
	int64_t rounds = 0, cycles = 0;
	double v[6] = { 0 };
	char text[TIMING_TEXT_MAX];
	static const char *const keys[] = { "shift",	"lo",
					    "hi",	"worst_shift",
					    "worst_lo", "worst_hi" };

	json_get_string(finding, "path", &path, NULL);
	json_get_string(finding, "verdict", &verdict, NULL);
	json_get_string(finding, "worst", &worst, NULL);
	json_get_int(finding, "socket_size", &timing.socket_size, NULL);
	json_get_int(finding, "guard_ns", &timing.guard_ns, NULL);
	json_get_int(finding, "slice_ns", &timing.slice_ns, NULL);
	json_get_int(finding, "cycles", &cycles, NULL);
	timing.cycles = (size_t)cycles;
	json_get_int(finding, "rounds", &rounds, NULL);
	for (int i = 0; i < 6; i++)
		json_get_double(finding, keys[i], &v[i], NULL);
	timing_format(&timing, text, sizeof(text));
	printf("%-8s %s: %s\n", path, text, verdict);
	if (rounds < 2) {
		printf("           too few blocks for a figure\n");
		return;
	}
	printf("           %+.1f %% (%+.1f to %+.1f), %" PRId64
	       " pairs; farthest %+.1f %% (%+.1f to %+.1f): %s\n",
	       100 * v[0], 100 * v[1], 100 * v[2], rounds, 100 * v[3],
	       100 * v[4], 100 * v[5], worst);
}

/* Is each socket size's last finding on each path one that was shown? */
static bool all_shown(const json_t *findings)
{
	json_t *finding, *last = json_object();
	const char *key, *verdict;
	bool shown = json_array_size(findings) > 0;
	size_t i;

	json_array_foreach(findings, i, finding) {
		const char *path = "", *found = "";
		int64_t size = 0;
		char name[64];

		json_get_string(finding, "path", &path, NULL);
		json_get_string(finding, "verdict", &found, NULL);
		json_get_int(finding, "socket_size", &size, NULL);
		snprintf(name, sizeof(name), "%.30s %" PRId64, path, size);
		json_object_set_new(last, name, json_string(found));
	}
	json_object_foreach(last, key, finding) {
		verdict = json_string_value(finding);
		shown &= verdict && strcmp(verdict, "shown") == 0;
	}
	json_decref(last);
	return shown;
}

static int tell(const char *slices)
{
	json_t *json = json_loads(slices, 0, NULL), *finding;
	json_t *findings = json_object_get(json, "findings");
	double band = 0;
	size_t i;
	bool shown = all_shown(findings);

	json_get_double(json, "band", &band, NULL);
	printf("Efficiency in a study's blocks against that in windows of 250 ms "
	       "(after 100 ms): how much higher or lower, with 95 %% "
	       "intervals; within +-%.3g %% is asked.\n\n",
	       100 * band);
	json_array_foreach(findings, i, finding)
		tell_finding(finding);
	printf("\n%s\n",
	       shown ? "The last of each are right on all paths."
		     : "Not all was shown right in this time; studies "
		       "take the last of each, and say so.");
	json_decref(json);
	return shown ? CMD_DONE : CMD_VERDICT_AGAINST;
}

static int conclude(const char *dir, struct err *err)
{
	struct store *store;
	char *slices = NULL;
	int rc = store_open(&store, dir, STORE_READ, err);

	if (rc)
		return rc;
	rc = store_get_meta(store, "slices", &slices, err);
	store_close(store);
	if (!rc && !slices)
		rc = err_set(err, ENODATA,
			     "%s: found nothing; is its plan of rule: slices?",
			     dir);
	if (!rc)
		rc = calibration_keep(slices, err);
	if (!rc)
		rc = tell(slices);
	free(slices);
	return rc;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options o = { 0 };
	struct err err = ERR_INIT;
	char *dir = NULL;
	int status, rc = 0;

	if (!cmd_parse(command, &o, &argc, &argv, &status))
		return status;
	if (argc > 1) {
		err_set(&err, EINVAL, "one plan at a time, not also '%s'",
			argv[1]);
		cmd_fail(command, &err);
		return CMD_USAGE;
	}
	if (o.dir)
		dir = strdup(o.dir);
	else
		rc = default_dir(&dir, &err);
	if (!rc)
		rc = measure(&o, argc ? argv[0] : "calibrate", dir, &err);
	if (rc == CMD_DONE || rc == CMD_INTERRUPTED)
		rc = conclude(dir, &err);
	free(dir);
	return rc < 0 ? cmd_fail(command, &err) : rc;
}

const struct command cmd_calibrate = {
	.name = "calibrate",
	.arguments = "[PLAN]",
	.help = "how short may slices be on this machine? kept for studies",
	.options = rows,
	.run = run,
};
