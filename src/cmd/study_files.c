/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/study_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/matrix.h"
#include "base/units.h"
#include "report/report.h"
#include "store/store.h"

static int join(char *path, size_t size, const char *dir, const char *name,
		struct err *err)
{
	if ((size_t)snprintf(path, size, "%s/%s", dir, name) >= size)
		return err_set(err, ENAMETOOLONG, "%.200s...: name too long",
			       dir);
	return 0;
}

static int write_text(const char *path, const char *text, struct err *err)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return err_sys(err, errno, "%s", path);
	fputs(text, f);
	if (fflush(f) || fsync(fileno(f))) {
		int code = errno;

		fclose(f);
		return err_sys(err, code, "%s", path);
	}
	fclose(f);
	return 0;
}

/* mkdir -p */
static int make_dirs(const char *dir, struct err *err)
{
	char path[4096];
	int rc = join(path, sizeof(path), dir, "", err);

	for (char *p = path + 1; !rc && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			rc = err_sys(err, errno, "%s", path);
		*p = '/';
	}
	return rc;
}

int study_files_create(const char *dir, const char *plan_text, struct err *err)
{
	char path[4096];
	int rc = make_dirs(dir, err);

	if (!rc)
		rc = join(path, sizeof(path), dir, "study.db", err);
	if (!rc && access(path, F_OK) == 0)
		rc = err_set(err, EEXIST,
			     "%s has a study already; --resume goes on with "
			     "it, another -o DIR begins a new one",
			     dir);
	if (!rc)
		rc = join(path, sizeof(path), dir, "plan.yaml", err);
	return rc ? rc : write_text(path, plan_text, err);
}

int study_files_read_seed(const char *dir, int64_t *seed, struct err *err)
{
	struct store *store;
	char *text = NULL;
	int rc = store_open(&store, dir, STORE_READ, err);

	if (rc)
		return rc;
	rc = store_get_meta(store, "seed", &text, err);
	store_close(store);
	if (!rc && !text)
		rc = err_set(err, EPROTO,
			     "%s/study.db has no seed: it was "
			     "never begun",
			     dir);
	if (!rc)
		rc = units_parse_count(text, seed, err);
	free(text);
	return rc;
}

static int write_format(const struct report_args *args, const char *format,
			const char *path, struct err *err)
{
	struct report_args to_file = *args;
	int rc;

	to_file.out = fopen(path, "we");
	if (!to_file.out)
		return err_sys(err, errno, "%s", path);
	rc = report_find(format, err)->write(&to_file, err);
	if (fclose(to_file.out) && !rc)
		rc = err_sys(err, errno, "%s", path);
	return rc;
}

/* Figures are welcome, not needed: a missing gnuplot is said, no more. */
static int draw(const struct report_args *args, const char *dir,
		struct err *err)
{
	static const char *const formats[] = { "svg", NULL };
	struct err why = ERR_INIT;
	char path[4096];
	size_t count = 0;
	int rc = join(path, sizeof(path), dir, "figures", err);

	if (rc)
		return rc;
	if (report_draw_figures(args->matrix, path, formats, &count, &why))
		fprintf(args->out, "figures: %s\n", why.text);
	else
		fprintf(args->out, "figures: %zu in %s\n", count, path);
	return 0;
}

static int write_all(const struct report_args *args, const char *dir,
		     struct err *err)
{
	char md[4096], csv[4096];
	int rc = report_find("txt", err)->write(args, err);

	if (!rc)
		rc = join(md, sizeof(md), dir, "report.md", err);
	if (!rc)
		rc = join(csv, sizeof(csv), dir, "report.csv", err);
	if (!rc)
		rc = write_format(args, "md", md, err);
	if (!rc)
		rc = write_format(args, "csv", csv, err);
	if (rc)
		return rc;
	fprintf(args->out, "\n");
	(void)draw;
	fprintf(args->out, "table:   %s\nreport:  %s\n", csv, md);
	return rc;
}

int study_files_report(const char *dir, FILE *out, struct err *err)
{
	struct report_args args = { .out = out, .color = isatty(fileno(out)) };
	struct matrix *matrix = NULL;
	int rc = store_open(&args.store, dir, STORE_READ, err);

	if (rc)
		return rc;
	rc = matrix_load(&matrix, args.store, err);
	args.matrix = matrix;
	if (!rc)
		rc = write_all(&args, dir, err);
	matrix_free(matrix);
	store_close(args.store);
	return rc;
}
