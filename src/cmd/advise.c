/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao advise: which sizes to choose on the paths of a stored study. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/advice.h"
#include "cmd/findings.h"
#include "report/findings.h"

struct options {
	const char *format;
	double target;
};

/* clang-format off */
static const struct opt_row rows[] = {
	{ "target", 't', OPT_FRACTION, offsetof(struct options, target), "SHARE",
	  "of a path's best throughput that the advice must keep: 95%" },
	{ "format", 'f', OPT_STRING, offsetof(struct options, format), "FORMAT",
	  "txt (default), md or json" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};
/* clang-format on */

static int advise(const struct study_at_hand *study, double target,
		  const struct findings_out *out, size_t *unproven,
		  struct err *err)
{
	struct advice *advice = NULL;
	int rc = advice_find(&advice, study->matrix, study->store, target, err);

	if (rc)
		return rc;
	*unproven = advice_unproven(advice);
	if (out->json)
		rc = findings_put_json(advice_to_json(study->matrix, advice),
				       err);
	else
		advice_write(study->matrix, advice, &out->prose);
	advice_free(advice);
	return rc;
}

static int check_target(double target, struct err *err)
{
	if (target > 0 && target <= 1)
		return 0;
	return err_set(err, EINVAL,
		       "--target %g%%: it must be above 0 and at "
		       "most 100%%",
		       100 * target);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = { .format = "txt", .target = ADVICE_TARGET };
	struct study_at_hand study = { 0 };
	struct findings_out out;
	struct err err = ERR_INIT;
	size_t unproven = 0;
	int status, rc;

	if (!cmd_parse(command, &options, &argc, &argv, &status))
		return status;
	if (check_target(options.target, &err) ||
	    findings_check_usage(options.format, argc, argv, &out, &err)) {
		cmd_fail(command, &err);
		return CMD_USAGE;
	}
	rc = findings_open(&study, argv[0], &out, &err);
	rc = rc ? rc : advise(&study, options.target, &out, &unproven, &err);
	rc = rc ? rc : findings_flush(&err);
	findings_close(&study);
	if (rc)
		return cmd_fail(command, &err);
	return unproven ? CMD_VERDICT_AGAINST : CMD_DONE;
}

const struct command cmd_advise = {
	.name = "advise",
	.arguments = "DIR",
	.help = "which socket and message sizes to choose on each path",
	.options = rows,
	.run = run,
};
