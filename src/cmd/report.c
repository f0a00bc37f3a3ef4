/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao report: a stored study in one format, on standard output or, whole or
 * not at all, in a file. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/matrix.h"
#include "cmd/atomic_file.h"
#include "cmd/cmd.h"
#include "report/report.h"
#include "store/store.h"

struct options {
	const char *format, *output;
	bool raw;
};

/* clang-format off */
static const struct opt_row rows[] = {
	{ "format", 'f', OPT_STRING, offsetof(struct options, format), "FORMAT",
	  "txt (default), csv, json, md, html or openmetrics" },
	{ "output", 'o', OPT_STRING, offsetof(struct options, output), "FILE",
	  "write to FILE, whole or not at all, instead of standard output" },
	{ "raw", 0, OPT_FLAG, offsetof(struct options, raw), NULL,
	  "json: with every block, its slices and settings" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};
/* clang-format on */

static bool wants_color(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && term &&
	       strcmp(term, "dumb") != 0;
}

static int write_report(const struct options *options,
			const struct report_ops *ops, struct report_args *args,
			struct err *err)
{
	struct atomic_file file;
	int rc;

	if (!options->output) {
		args->out = stdout;
		args->color = wants_color();
		rc = ops->write(args, err);
		/* `| head` has seen enough: no fault. */
		return rc == -EPIPE ? 0 : rc;
	}
	rc = atomic_open(&file, options->output, err);
	if (rc)
		return rc;
	args->out = file.out;
	return atomic_close(&file, ops->write(args, err), err);
}

static int report(const char *dir, const struct options *options,
		  const struct report_ops *ops, struct err *err)
{
	struct report_args args = { .raw = options->raw };
	struct matrix *matrix = NULL;
	struct store *store;
	int rc = store_open(&store, dir, STORE_READ, err);

	if (rc)
		return rc;
	rc = matrix_load(&matrix, store, err);
	if (rc) {
		err_wrap(err, "%s", dir);
	} else {
		args.matrix = matrix;
		args.store = store;
		rc = write_report(options, ops, &args, err);
	}
	matrix_free(matrix);
	store_close(store);
	return rc;
}

/* NULL, with what is wrong in err. */
static const struct report_ops *check_usage(const struct options *options,
					    int argc, char **argv,
					    struct err *err)
{
	const struct report_ops *ops = report_find(options->format, err);

	if (!ops)
		return NULL;
	if (argc == 0)
		err_set(err, EINVAL, "DIR is missing: the study to report");
	else if (argc > 1)
		err_set(err, EINVAL, "one study at a time, not also '%s'",
			argv[1]);
	else if (options->raw && strcmp(ops->format, "json") != 0)
		err_set(err, EINVAL, "--raw is for --format json, not %s",
			ops->format);
	else
		return ops;
	return NULL;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = { .format = "txt" };
	const struct report_ops *ops;
	struct err err = ERR_INIT;
	int status;

	if (!cmd_parse(command, &options, &argc, &argv, &status))
		return status;
	ops = check_usage(&options, argc, argv, &err);
	if (!ops) {
		cmd_fail(command, &err);
		return CMD_USAGE;
	}
	return report(argv[0], &options, ops, &err) ? cmd_fail(command, &err)
						    : CMD_DONE;
}

const struct command cmd_report = {
	.name = "report",
	.arguments = "DIR",
	.help = "a stored study as table, CSV, JSON, Markdown or page",
	.options = rows,
	.run = run,
};
