/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao figures: the 2007 study's figures of a stored study. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "analysis/matrix.h"
#include "cmd/cmd.h"
#include "report/report.h"
#include "store/store.h"

struct options {
	struct opt_list formats;
	const char *output;
};

/* clang-format off */
static const struct opt_row rows[] = {
	{ "format", 'f', OPT_LIST, offsetof(struct options, formats), "FORMAT",
	  "svg, png or pdf, may be given several times (default: all three)" },
	{ "output", 'o', OPT_STRING, offsetof(struct options, output), "DIR",
	  "where the figures go (default: figures in the study's directory)" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};
/* clang-format on */

#define FORMATS_MAX 3

/* NULL-ended; each once, however often it was asked for. */
static int choose_formats(const struct opt_list *asked,
			  const char *formats[FORMATS_MAX + 1], struct err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < asked->count; i++) {
		bool known = false;

		for (size_t j = 0; report_figure_formats[j]; j++)
			known = known || !strcmp(asked->item[i],
						 report_figure_formats[j]);
		if (!known)
			return err_set(err, EINVAL,
				       "'%s' is not a figure format: one of "
				       "svg, png, pdf",
				       asked->item[i]);
	}
	for (size_t j = 0; report_figure_formats[j]; j++) {
		bool wanted = asked->count == 0;

		for (size_t i = 0; i < asked->count; i++)
			wanted = wanted || !strcmp(asked->item[i],
						   report_figure_formats[j]);
		if (wanted)
			formats[count++] = report_figure_formats[j];
	}
	formats[count] = NULL;
	return 0;
}

static int draw(const char *study, const char *dir, const char *const *formats,
		struct err *err)
{
	struct matrix *matrix = NULL;
	struct store *store;
	size_t count;
	int rc = store_open(&store, study, STORE_READ, err);

	if (rc)
		return rc;
	rc = matrix_load(&matrix, store, err);
	if (rc)
		err_wrap(err, "%s", study);
	else
		rc = report_draw_figures(matrix, dir, formats, &count, err);
	if (rc == 0)
		printf("%zu figures in %s; index.md there says what each "
		       "shows\n",
		       count, dir);
	matrix_free(matrix);
	store_close(store);
	return rc;
}

static int run(const struct command *command, int argc, char **argv)
{
	const char *formats[FORMATS_MAX + 1];
	struct options options = { 0 };
	struct err err = ERR_INIT;
	char below[4096];
	int status;

	if (!cmd_parse(command, &options, &argc, &argv, &status))
		return status;
	if (argc == 0)
		err_set(&err, EINVAL, "DIR is missing: the study to draw");
	else if (argc > 1)
		err_set(&err, EINVAL, "one study at a time, not also '%s'",
			argv[1]);
	else
		choose_formats(&options.formats, formats, &err);
	if (err.code) {
		cmd_fail(command, &err);
		return CMD_USAGE;
	}
	snprintf(below, sizeof(below), "%s/figures", argv[0]);
	return draw(argv[0], options.output ? options.output : below, formats,
		    &err)
		       ? cmd_fail(command, &err)
		       : CMD_DONE;
}

const struct command cmd_figures = {
	.name = "figures",
	.arguments = "DIR",
	.help = "draw the 2007 study's figures 2 to 7 of a stored study",
	.options = rows,
	.run = run,
};
