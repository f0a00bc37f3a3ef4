/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: page FORMAT paper|quick
 *
 * Writes the report of a made-up study (analysis/synthetic.h) with some
 * trouble in it: what the browser test opens, by the program's own code.
 */
#include <stdio.h>
#include <string.h>

#include "analysis/synthetic.h"
#include "report/report.h"

static int write_report(const char *dir, const struct report_ops *ops,
			struct err *err)
{
	struct report_args args = { .out = stdout };
	struct matrix *matrix = NULL;
	int rc = store_open(&args.store, dir, STORE_READ, err);

	if (rc)
		return rc;
	rc = matrix_load(&matrix, args.store, err);
	args.matrix = matrix;
	if (!rc)
		rc = ops->write(&args, err);
	matrix_free(matrix);
	store_close(args.store);
	return rc;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	const struct report_ops *ops = NULL;
	struct synthetic study = synthetic_quick;
	char dir[] = "/tmp/vazao-page-XXXXXX";
	int rc;

	if (argc == 3)
		ops = report_find(argv[1], &err);
	if (!ops) {
		fprintf(stderr, "usage: page FORMAT paper|quick\n");
		return 2;
	}
	if (strcmp(argv[2], "paper") == 0)
		study = synthetic_paper;
	study.trouble = true;
	rc = synthetic_create(dir, &study, &err);
	if (!rc)
		rc = write_report(dir, ops, &err);
	synthetic_remove(dir);
	if (rc)
		fprintf(stderr, "page: %s\n", err.text);
	return rc ? 1 : 0;
}
