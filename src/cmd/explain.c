/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao explain: why the paths of a stored study lose what they lose. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/explanation.h"
#include "cmd/findings.h"
#include "report/findings.h"

struct options {
	const char *format;
};

/* clang-format off */
static const struct opt_row rows[] = {
	{ "format", 'f', OPT_STRING, offsetof(struct options, format), "FORMAT",
	  "txt (default), md or json" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};
/* clang-format on */

static int explain(const struct study_at_hand *study,
		   const struct findings_out *out, struct err *err)
{
	struct explanation *explanation = NULL;
	int rc = explanation_find(&explanation, study->matrix, study->store,
				  err);

	if (rc)
		return rc;
	if (out->json)
		rc = findings_put_json(
			explanation_to_json(study->matrix, explanation), err);
	else
		explanation_write(study->matrix, explanation, &out->prose);
	explanation_free(explanation);
	return rc;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = { .format = "txt" };
	struct study_at_hand study = { 0 };
	struct findings_out out;
	struct err err = ERR_INIT;
	int status, rc;

	if (!cmd_parse(command, &options, &argc, &argv, &status))
		return status;
	if (findings_check_usage(options.format, argc, argv, &out, &err)) {
		cmd_fail(command, &err);
		return CMD_USAGE;
	}
	rc = findings_open(&study, argv[0], &out, &err);
	rc = rc ? rc : explain(&study, &out, &err);
	rc = rc ? rc : findings_flush(&err);
	findings_close(&study);
	return rc ? cmd_fail(command, &err) : CMD_DONE;
}

const struct command cmd_explain = {
	.name = "explain",
	.arguments = "DIR",
	.help = "why the paths of a stored study lose what they lose",
	.options = rows,
	.run = run,
};
