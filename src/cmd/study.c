/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao study: the main job. The study itself runs in a cage; what outlives
 * the cage (the report) is made after it, from the stored rows. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/calibration.h"
#include "cmd/cmd.h"
#include "cmd/live.h"
#include "cmd/live_listen.h"
#include "cmd/images.h"
#include "cmd/progress.h"
#include "cmd/study_files.h"
#include "lab/cage.h"
#include "lab/lab.h"
#include "lab/nic.h"
#include "plan/plan.h"
#include "study/study.h"

#define NOT_GIVEN INT64_C(-1)

struct options {
	const char *dir;
	struct opt_list sets;
	double precision; /* < 0: not given */
	int64_t budget_ns, seed;
	bool resume, live_open, profile;
	const char *live; /* NULL: no */
	bool no_report;
};

/* clang-format off */
static const struct opt_row rows[] = {
	{ "output", 'o', OPT_STRING, offsetof(struct options, dir), "DIR",
	  "the study's directory (default: PLAN and the time)" },
	{ "set", 0, OPT_LIST, offsetof(struct options, sets), "KEY=VALUE",
	  "override a key of the plan, e.g. --set mtu=[1500]" },
	{ "precision", 0, OPT_FRACTION, offsetof(struct options, precision), "P",
	  "relative half-width of the 95 % intervals, e.g. 2.5%" },
	{ "budget", 0, OPT_DURATION, offsetof(struct options, budget_ns), "TIME",
	  "stop measuring after TIME, e.g. 10m" },
	{ "seed", 0, OPT_COUNT, offsetof(struct options, seed), "N",
	  "seed of every random order (default: a random one; it is stored)" },
	{ "resume", 0, OPT_FLAG, offsetof(struct options, resume), NULL,
	  "go on with the study in DIR" },
	{ "live", 0, OPT_MAYBE, offsetof(struct options, live), "=ADDR:PORT",
	  "serve the report as it grows to a browser (default: 127.0.0.1:2007)" },
	{ "live-open", 0, OPT_FLAG, offsetof(struct options, live_open), NULL,
	  "let --live listen where other machines can watch" },
	{ "profile", 0, OPT_FLAG, offsetof(struct options, profile), NULL,
	  "then sample all CPUs' stacks, for flame graphs in DIR/profile" },
	{ "no-report", 0, OPT_FLAG, offsetof(struct options, no_report), NULL,
	  "measure and store only: vazao report makes the report" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};
/* clang-format on */

struct job {
	struct options options;
	struct plan *plan;
	char *dir;
	char *self_path, *agent_path;
	struct live *live; /* NULL: nobody watches */
	const struct command *command;
	int host_netns_fd;	 /* opened before the cage is made */
	struct nic_keeper *nics; /* NULL: the host's stay where they are */
	struct calibration_use calibration;
};

/* Who is told: the person at the terminal, and the live page. */
struct audience {
	struct progress progress;
	struct live *live;
};

static void on_progress(void *arg, const struct study_progress *p)
{
	struct audience *audience = arg;

	progress_on_progress(&audience->progress, p);
	live_on_progress(audience->live, p);
}

static void on_event(void *arg, const char *text)
{
	struct audience *audience = arg;

	progress_on_event(&audience->progress, text);
	live_on_event(audience->live, text);
}

/* "--precision" and "--budget" are short for --set of the same name. */
static int add_set(struct plan_set *sets, size_t *count, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int add_set(struct plan_set *sets, size_t *count, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	sets[(*count)++].text = text;
	return 0;
}

static int load_plan(struct job *job, const char *name, struct err *err)
{
	struct plan_set sets[OPT_LIST_MAX + 4];
	struct plan_args args = { .name = name,
				  .sets = sets,
				  .kinds = lab_kinds() };
	const struct options *o = &job->options;
	int rc = 0;

	for (size_t i = 0; !rc && i < o->sets.count; i++)
		rc = add_set(sets, &args.set_count, "%s", o->sets.item[i]);
	if (!rc && o->precision >= 0)
		rc = add_set(sets, &args.set_count, "precision=%.9g%%",
			     100 * o->precision);
	if (!rc && o->budget_ns != NOT_GIVEN)
		rc = add_set(sets, &args.set_count, "budget=%" PRId64 "ms",
			     o->budget_ns / NS_PER_MS);
	if (!rc)
		rc = plan_load(&job->plan, &args, err);
	else
		err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < args.set_count; i++)
		free((char *)sets[i].text);
	return rc;
}

/* A plan's file name without its directory and ending, or a built-in's. */
static char *default_dir(const char *plan_name)
{
	const char *base = strrchr(plan_name, '/');
	char when[32], *dir;
	time_t now = time(NULL);
	struct tm tm;

	base = base ? base + 1 : plan_name;
	strftime(when, sizeof(when), "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
	if (asprintf(&dir, "vazao-%.*s-%s", (int)strcspn(base, "."), base,
		     when) < 0)
		return NULL;
	return dir;
}

/* The seed is stored, and read back when the study is resumed. */
static int choose_seed(struct job *job, struct err *err)
{
	if (job->options.resume)
		return study_files_read_seed(job->dir, &job->options.seed, err);
	if (job->options.seed != NOT_GIVEN)
		return 0;
	if (getrandom(&job->options.seed, sizeof(job->options.seed), 0) < 0)
		return err_sys(err, errno, "getrandom");
	job->options.seed &= INT64_C(0xffffffff); /* short enough to retype */
	return 0;
}

/* What no plan or study has to be looked at for. */
static int check_usage(const struct job *job, int argc, char **argv,
		       struct err *err)
{
	if (argc > 1)
		return err_set(err, EINVAL, "one plan at a time, not also '%s'",
			       argv[1]);
	if (job->options.live_open && !job->options.live)
		return err_set(err, EINVAL,
			       "--live-open goes with --live=ADDR:PORT");
	if (job->options.live &&
	    live_check_address(job->options.live, job->options.live_open, err))
		return -EINVAL;
	if (job->options.resume && !job->options.dir)
		return err_set(
			err, EINVAL,
			"--resume needs -o DIR, the study to go on with");
	if (job->options.resume && job->options.seed != NOT_GIVEN)
		return err_set(err, EINVAL,
			       "a resumed study keeps its seed: leave --seed "
			       "out");
	return 0;
}

/* A plan that leaves its timing at the fallbacks gets what is right here. */
static void apply_calibration(struct job *job)
{
	const struct plan *plan = job->plan;
	struct calibration_use *use = &job->calibration;

	if (plan->rule != PLAN_RULE_BLOCKS || plan->time == PLAN_TIME_EXACT)
		return;
	calibration_choose(plan, use);
	if (plan->slice_ns == PLAN_SLICE_NS &&
	    plan->guard_ns == PLAN_GUARD_NS && plan->cycles == PLAN_CYCLES)
		return;
	free(use->timings);
	*use = (struct calibration_use){ .text = "as the plan asks" };
}

/* Before anything is made; what killed ones left undone comes first. */
static int check_nics(const struct plan *plan, struct err *err)
{
	int rc = nic_leftovers(err);

	return rc ? rc : nic_check(plan->nic, plan->nics, err);
}

static int prepare(struct job *job, int argc, char **argv, struct err *err)
{
	const char *name = argc > 0 ? argv[0] : "quick";
	char *stored_plan = NULL;
	int rc = 0;

	job->dir =
		job->options.dir ? strdup(job->options.dir) : default_dir(name);
	if (!job->dir)
		return err_set(err, ENOMEM, "out of memory");
	if (job->options.resume)
		rc = study_files_check(job->dir, err);
	if (rc)
		return rc;
	if (job->options.resume && argc == 0) {
		rc = study_files_restore_plan(job->dir, err);
		if (rc)
			return rc;
		if (asprintf(&stored_plan, "%s/plan.yaml", job->dir) < 0)
			return err_set(err, ENOMEM, "out of memory");
		name = stored_plan;
	}
	rc = load_plan(job, name, err);
	if (!rc && !job->options.resume)
		apply_calibration(job);
	free(stored_plan);
	if (!rc)
		rc = images_check_kinds(job->command, job->plan, err);
	if (!rc && job->plan->nics)
		rc = check_nics(job->plan, err);
	if (!rc && !job->options.resume)
		rc = study_files_create(job->dir, job->plan->text, err);
	if (!rc)
		rc = choose_seed(job, err);
	return rc ? rc
		  : cmd_find_programs(&job->self_path, &job->agent_path, err);
}

static int measure(struct job *job, struct audience *audience, struct err *err)
{
	enum study_end end;
	struct study_args args = {
		.plan = job->plan,
		.dir = job->dir,
		.resume = job->options.resume,
		.profile = job->options.profile,
		.seed = (uint64_t)job->options.seed,
		.version = VAZAO_VERSION,
		.agent_path = job->agent_path,
		.self_path = job->self_path,
		.host_netns_fd = job->host_netns_fd,
		.nic_keeper_fd = nic_keeper_fd(job->nics),
		.calibration = job->calibration.text,
		.timings = job->calibration.timings,
		.watcher = { .progress = on_progress,
			     .event = on_event,
			     .arg = audience },
	};
	int rc = study_run(&args, &end, err);

	if (!rc && end == STUDY_INTERRUPTED)
		return CMD_INTERRUPTED;
	return rc ? rc : CMD_DONE;
}

/* Inside the cage's PID namespace our own pid tells others nothing. */
static void name_holder(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("VAZAO_PID", pid, 1);
}

/* In the cage: what it prints is all that comes out, but for the status. */
static int inside(void *arg)
{
	struct job *job = arg;
	struct audience audience = { .live = job->live };
	struct progress *progress = &audience.progress;
	struct err err = ERR_INIT;
	int rc = progress_open(progress, job->dir, &err);

	if (rc)
		return cmd_fail(job->command, &err);
	rc = measure(job, &audience, &err);
	if (rc < 0) {
		char text[sizeof(err.text) + 16];

		snprintf(text, sizeof(text), "vazao study: %s", err.text);
		progress_say(progress, text);
	}
	progress_close(progress);
	return rc < 0 ? cmd_status_of(&err) : rc;
}

static int report(struct job *job, int status)
{
	struct err err = ERR_INIT;
	int rc = job->options.no_report
			 ? 0
			 : study_files_report(job->dir, stdout, &err);

	if (rc)
		fprintf(stderr, "vazao study: the report: %s\n", err.text);
	if (status == CMD_INTERRUPTED)
		fprintf(stderr,
			"interrupted; nothing measured is lost. Go on with: "
			"vazao study --resume -o %s\n",
			job->dir);
	return rc ? CMD_REFUSED : status;
}

/* Before the cage: the page is served where the caller is. */
static int go_live(struct job *job, struct err *err)
{
	const struct live_args args = { .address = job->options.live,
					.open = job->options.live_open,
					.dir = job->dir };
	int rc;

	if (!args.address)
		return 0;
	rc = live_start(&job->live, &args, err);
	if (!rc)
		fprintf(stderr, "watch it at %s\n", live_url(job->live));
	return rc;
}

static void job_free(struct job *job)
{
	plan_free(job->plan);
	free(job->calibration.timings);
	free(job->dir);
	free(job->self_path);
	free(job->agent_path);
	if (job->host_netns_fd >= 0)
		close(job->host_netns_fd);
}

/* The host's interfaces are back when this returns. */
static int run_cage(struct job *job, int *status, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = job->plan->nics ? nic_keeper_start(&job->nics, err) : 0;

	if (rc)
		return rc;
	rc = (job->plan->outside ? cage_run_outside : cage_run)(inside, job,
								status, err);
	if (nic_keeper_end(job->nics, &why))
		fprintf(stderr, "vazao study: %s\n", why.text);
	return rc;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct job job = { .options = { .precision = -1,
					.budget_ns = NOT_GIVEN,
					.seed = NOT_GIVEN },
			   .command = command };
	struct err err = ERR_INIT;
	int status, rc;

	if (!cmd_parse(command, &job.options, &argc, &argv, &status))
		return status;
	if (check_usage(&job, argc, argv, &err)) {
		fprintf(stderr, "vazao study: %s\n", err.text);
		return CMD_USAGE;
	}
	name_holder();
	job.host_netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	rc = prepare(&job, argc, argv, &err);
	if (!rc)
		rc = go_live(&job, &err);
	if (!rc) {
		images_provide(command, job.plan);
		rc = run_cage(&job, &status, &err);
	}
	if (rc == -EINTR) {
		fprintf(stderr, "vazao study: %s\n", err.text);
		status = report(&job, CMD_INTERRUPTED);
	} else if (rc) {
		status = cmd_fail(command, &err);
	} else if (status == CMD_DONE || status == CMD_INTERRUPTED) {
		status = report(&job, status);
	} else if (!study_files_check(job.dir, &err)) {
		fprintf(stderr,
			"what was measured is kept. Once that is mended, go on "
			"with: vazao study --resume -o %s\n",
			job.dir);
	}
	live_end(job.live);
	job_free(&job);
	return status;
}

const struct command cmd_study = {
	.name = "study",
	.arguments = "[PLAN]",
	.help = "carry out a plan (a file or a built-in; default: quick)",
	.options = rows,
	.run = run,
};
