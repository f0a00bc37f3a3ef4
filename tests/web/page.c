/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: page FORMAT paper|quick|changed
 *
 * changed: the quick one, compared with one in which domU is slower (FORMAT of
 * a comparison). Writes the report of a made-up study (analysis/synthetic.h) with some
 * trouble in it: what the browser test opens, by the program's own code.
 */
#include <stdio.h>
#include <string.h>

#include "analysis/synthetic.h"
#include "report/compare.h"
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

/* Two draws of the quick study; in B domU lost a fifth at MTU 500. */
static int load_two(char dir[2][24], struct store *store[2],
		    struct matrix *matrix[2], struct err *err)
{
	struct synthetic study = synthetic_quick;
	int rc = 0;

	for (int i = 0; rc == 0 && i < 2; i++) {
		study.salt = 1000 * (uint64_t)i;
		study.effect = -0.2 * i;
		rc = synthetic_create(dir[i], &study, err);
		rc = rc ? rc : store_open(&store[i], dir[i], STORE_READ, err);
		rc = rc ? rc : matrix_load(&matrix[i], store[i], err);
	}
	return rc;
}

static int write_changes(const struct compare_ops *ops, struct err *err)
{
	char dir[2][24] = { "/tmp/vazao-page-XXXXXX",
			    "/tmp/vazao-page-XXXXXX" };
	struct matrix *matrix[2] = { NULL };
	struct store *store[2] = { NULL };
	struct comparison *comparison = NULL;
	int rc = load_two(dir, store, matrix, err);
	const struct compare_args args = { .a = matrix[0],
					   .b = matrix[1],
					   .path_a = -1,
					   .path_b = -1,
					   .margin = 0.03,
					   .q = 0.05 };

	rc = rc ? rc : compare(&comparison, &args, err);
	if (!rc)
		rc = ops->write(
			&(struct compare_report){ .comparison = comparison,
						  .name_a = "before",
						  .name_b = "after",
						  .store_b = store[1],
						  .out = stdout },
			err);
	compare_free(comparison);
	for (int i = 0; i < 2; i++) {
		matrix_free(matrix[i]);
		store_close(store[i]);
		synthetic_remove(dir[i]);
	}
	return rc;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	const struct report_ops *ops = NULL;
	struct synthetic study = synthetic_quick;
	char dir[] = "/tmp/vazao-page-XXXXXX";
	int rc;

	if (argc == 3 && strcmp(argv[2], "changed") == 0) {
		const struct compare_ops *compared =
			compare_find(argv[1], &err);

		rc = compared ? write_changes(compared, &err) : -1;
		if (rc)
			fprintf(stderr, "page: %s\n", err.text);
		return rc ? 1 : 0;
	}
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
