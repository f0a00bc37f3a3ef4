/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/findings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIGITS 9 /* as report --format json */

static bool wants_color(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && term &&
	       strcmp(term, "dumb") != 0;
}

int findings_check_usage(const char *format, int argc, char **argv,
			 struct findings_out *out, struct err *err)
{
	*out = (struct findings_out){ .json = strcmp(format, "json") == 0 };
	out->prose.out = stdout;
	out->prose.markdown = strcmp(format, "md") == 0;
	out->prose.color = !out->prose.markdown && wants_color();
	if (!out->json && !out->prose.markdown && strcmp(format, "txt") != 0)
		return err_set(err, EINVAL,
			       "--format: '%s' is not one of: txt, md, json",
			       format);
	if (argc == 0)
		return err_set(err, EINVAL,
			       "DIR is missing: the study to look at");
	if (argc > 1)
		return err_set(err, EINVAL,
			       "one study at a time, not also '%s'", argv[1]);
	return 0;
}

int findings_open(struct study_at_hand *study, const char *dir,
		  const struct findings_out *out, struct err *err)
{
	int rc = store_open(&study->store, dir, STORE_READ, err);

	if (rc)
		return rc;
	rc = matrix_load(&study->matrix, study->store, err);
	if (rc)
		return err_wrap(err, "%s", dir);
	if (study->matrix->blocks == 0)
		return err_set(err, ENODATA,
			       "%s: no good block was measured yet", dir);
	if (!out->json)
		prose_title(&out->prose, *study->matrix->title
						 ? study->matrix->title
						 : "untitled study");
	return 0;
}

void findings_close(struct study_at_hand *study)
{
	matrix_free(study->matrix);
	if (study->store)
		store_close(study->store);
}

int findings_put_json(json_t *json, struct err *err)
{
	int rc = json ? json_dumpf(json, stdout,
				   JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS))
		      : -1;

	fputc('\n', stdout);
	if (!json)
		return err_sys(err, ENOMEM, "JSON");
	json_decref(json);
	return rc && errno != EPIPE ? err_sys(err, errno, "standard output")
				    : 0;
}

int findings_flush(struct err *err)
{
	if (fflush(stdout) == 0 || errno == EPIPE)
		return 0;
	return err_sys(err, errno, "standard output");
}
