/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vazao validate: are the intervals right on this machine?
 *
 * Studies whose truth is known are carried out one after another, each a
 * directory of its own, each by `vazao study`; then all that is there is
 * judged. What was measured is never measured again: an interrupted
 * validation goes on when it is called again.
 */
#include "cmd/validate.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "stats/order.h"
#include "store/store.h"

struct options {
	const char *dir;
	int64_t matrices, injections, replays, seed, trace_ns;
	double precision;
	bool judge_only;
};

/* clang-format off */
static const struct opt_row rows[] = {
	{ "output", 'o', OPT_STRING, offsetof(struct options, dir), "DIR",
	  "the validation's directory (default: vazao-validate); goes on where it was" },
	{ "matrices", 0, OPT_COUNT, offsetof(struct options, matrices), "N",
	  "studies of plan aa (default: 8)" },
	{ "injections", 0, OPT_COUNT, offsetof(struct options, injections), "N",
	  "studies of plan injection (default: 2)" },
	{ "trace", 0, OPT_DURATION, offsetof(struct options, trace_ns), "TIME",
	  "length of the trace (default: 10m); 0: none" },
	{ "replays", 0, OPT_COUNT, offsetof(struct options, replays), "N",
	  "random starts on the trace (default: 200)" },
	{ "precision", 0, OPT_FRACTION, offsetof(struct options, precision), "P",
	  "precision of a replay (default: 5%)" },
	{ "seed", 0, OPT_COUNT, offsetof(struct options, seed), "N",
	  "seed of every random order (default: 1)" },
	{ "judge-only", 0, OPT_FLAG, offsetof(struct options, judge_only), NULL,
	  "measure nothing, judge what is there" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};
/* clang-format on */

/* "" where there is no study, or one that has not ended. */
static bool has_ended(const char *dir)
{
	struct store *store;
	char *end = NULL;
	bool ended = false;

	if (store_open(&store, dir, STORE_READ, NULL))
		return false;
	if (!store_get_meta(store, "end", &end, NULL) && end)
		ended = strcmp(end, "complete") == 0 ||
			strcmp(end, "out of budget") == 0;
	free(end);
	store_close(store);
	return ended;
}

static bool has_begun(const char *dir)
{
	char path[4096 + 16];

	snprintf(path, sizeof(path), "%s/study.db", dir);
	return access(path, F_OK) == 0;
}

struct job {
	const char *plan;
	const char *name; /* of the directory below the validation's */
	uint64_t seed;
	int64_t budget_ns; /* 0: the plan's */
};

static int carry_out(const struct options *o, const struct job *job,
		     struct err *err)
{
	char dir[4096], seed[32], budget[48];
	char *begin[] = { "vazao",  "study", (char *)job->plan,
			  "-o",	    dir,     "--no-report",
			  "--seed", seed,    NULL,
			  NULL,	    NULL };
	char *go_on[] = { "vazao", "study",	  "--resume", "-o",
			  dir,	   "--no-report", NULL };

	if ((size_t)snprintf(dir, sizeof(dir), "%s/%s", o->dir, job->name) >=
	    sizeof(dir))
		return err_set(err, ENAMETOOLONG, "%.100s...", o->dir);
	if (has_ended(dir))
		return CMD_DONE;
	snprintf(seed, sizeof(seed), "%" PRIu64, job->seed);
	if (job->budget_ns) {
		snprintf(budget, sizeof(budget), "%" PRId64 "ms",
			 job->budget_ns / 1000000);
		begin[8] = "--budget";
		begin[9] = budget;
	}
	fprintf(stderr, "%s\n", job->name);
	return cmd_run_study(has_begun(dir) ? go_on : begin, err);
}

static int carry_out_many(const struct options *o, const char *plan,
			  int64_t count, uint64_t stream, struct err *err)
{
	int rc = CMD_DONE;

	for (int64_t i = 0; i < count && rc == CMD_DONE; i++) {
		char name[64];
		uint64_t seed = stats_seed(
			stats_seed((uint64_t)o->seed, stream), (uint64_t)i);
		const struct job job = { .plan = plan,
					 .name = name,
					 .seed = seed & 0xffffffff };

		snprintf(name, sizeof(name), "%s-%02" PRId64, plan, i + 1);
		rc = carry_out(o, &job, err);
	}
	return rc;
}

static int carry_out_all(const struct options *o, struct err *err)
{
	const struct job trace = { .plan = "trace",
				   .name = "trace",
				   .seed = (uint64_t)o->seed,
				   .budget_ns = o->trace_ns };
	int rc;

	if (mkdir(o->dir, 0777) < 0 && errno != EEXIST)
		return err_sys(err, errno, "%s", o->dir);
	rc = carry_out_many(o, "injection", o->injections, 2, err);
	if (rc == CMD_DONE && o->trace_ns)
		rc = carry_out(o, &trace, err);
	if (rc == CMD_DONE)
		rc = carry_out_many(o, "aa", o->matrices, 1, err);
	return rc;
}

static int write_page(const struct options *o, const struct validation *v,
		      struct err *err)
{
	struct err why = ERR_INIT;
	bool figures = validation_draw(v, o->dir, &why) == 0;
	char path[4096];
	FILE *f;
	int rc;

	if (!figures)
		fprintf(stderr, "figures: %s\n", why.text);
	snprintf(path, sizeof(path), "%s/validation.md", o->dir);
	f = fopen(path, "we");
	if (!f)
		return err_sys(err, errno, "%s", path);
	rc = validation_write(v, figures, f, err);
	if (fclose(f) && !rc)
		rc = err_sys(err, errno, "%s", path);
	return rc ? rc : validation_write(v, false, stdout, err);
}

static int judge(const struct options *o, struct err *err)
{
	const struct validate_judge_args args = {
		.dir = o->dir,
		.matrices = (size_t)o->matrices,
		.injections = (size_t)o->injections,
		.replays = (size_t)o->replays,
		.seed = (uint64_t)o->seed,
		.precision = o->precision,
	};
	struct validation v;
	int rc = validate_judge(&args, &v, err);

	if (!rc)
		rc = write_page(o, &v, err);
	if (!rc)
		rc = v.ok ? CMD_DONE : CMD_VERDICT_AGAINST;
	validate_free(&v);
	return rc;
}

static int check_usage(const struct options *o, int argc, char **argv,
		       struct err *err)
{
	if (argc > 0)
		return err_set(err, EINVAL, "no argument is taken, not '%s'",
			       argv[0]);
	if (o->matrices > 99 || o->injections > 99 || o->replays < 1 ||
	    o->replays > 100000)
		return err_set(err, EINVAL,
			       "--matrices and --injections go to 99, "
			       "--replays from 1 to 100000");
	return 0;
}

/* The study that is under way ends by it; a handler, unlike SIG_IGN, is not
 * handed down to it. */
static void on_interrupt(int number)
{
	(void)number;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options o = { .dir = "vazao-validate",
			     .matrices = 8,
			     .injections = 2,
			     .replays = 200,
			     .seed = 1,
			     .trace_ns = INT64_C(600000000000),
			     .precision = 0.05 };
	struct err err = ERR_INIT;
	int status, rc = CMD_DONE;

	if (!cmd_parse(command, &o, &argc, &argv, &status))
		return status;
	if (check_usage(&o, argc, argv, &err)) {
		cmd_fail(command, &err);
		return CMD_USAGE;
	}
	signal(SIGINT, on_interrupt);
	if (o.judge_only && access(o.dir, F_OK) < 0)
		rc = err_sys(&err, errno, "%s: no validation to judge", o.dir);
	else if (!o.judge_only)
		rc = carry_out_all(&o, &err);
	if (rc == CMD_DONE || rc == CMD_INTERRUPTED) {
		int verdict = judge(&o, &err);

		rc = rc == CMD_INTERRUPTED && verdict >= 0 ? rc : verdict;
	}
	return rc < 0 ? cmd_fail(command, &err) : rc;
}

const struct command cmd_validate = {
	.name = "validate",
	.arguments = "",
	.help = "are the intervals right on this machine? about half an hour",
	.options = rows,
	.run = run,
};
