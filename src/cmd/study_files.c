/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/study_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/matrix.h"
#include "base/units.h"
#include "cmd/atomic_file.h"
#include "report/profile.h"
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
	struct atomic_file file;
	int rc = atomic_open(&file, path, err);

	if (rc)
		return rc;
	fputs(text, file.out);
	return atomic_close(&file, 0, err);
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

int study_files_check(const char *dir, struct err *err)
{
	char path[4096];
	int rc = join(path, sizeof(path), dir, "study.db", err);

	if (!rc && access(path, F_OK) < 0)
		rc = err_set(err, ENOENT,
			     "%s holds no study to go on with (no study.db); "
			     "without --resume a new one is begun there",
			     dir);
	return rc;
}

/* *text malloc'ed. */
static int read_meta(const char *dir, const char *key, char **text,
		     struct err *err)
{
	struct store *store;
	int rc = store_open(&store, dir, STORE_READ, err);

	if (rc)
		return rc;
	*text = NULL;
	rc = store_get_meta(store, key, text, err);
	store_close(store);
	if (!rc && !*text)
		rc = err_set(err, EPROTO,
			     "%s/study.db has no %s: the study was killed "
			     "before it began; remove it and begin anew",
			     dir, key);
	return rc;
}

int study_files_restore_plan(const char *dir, struct err *err)
{
	char path[4096], *text;
	int rc = read_meta(dir, "plan", &text, err);

	if (rc)
		return rc;
	rc = join(path, sizeof(path), dir, "plan.yaml", err);
	if (!rc)
		rc = write_text(path, text, err);
	free(text);
	return rc;
}

int study_files_read_seed(const char *dir, int64_t *seed, struct err *err)
{
	char *text;
	int rc = read_meta(dir, "seed", &text, err);

	if (rc)
		return rc;
	rc = units_parse_count(text, seed, err);
	free(text);
	return rc;
}

/* Whole or not at all: a page that somebody reads is not cut off midway. */
static int write_format(const struct report_args *args, const char *format,
			const char *path, struct err *err)
{
	struct report_args to_file = *args;
	struct atomic_file file;
	int rc = atomic_open(&file, path, err);

	if (rc)
		return rc;
	to_file.out = file.out;
	to_file.color = false;
	rc = report_find(format, err)->write(&to_file, err);
	return atomic_close(&file, rc, err);
}

/* Figures are welcome, not needed: a missing gnuplot is said, no more. */
static void draw(const struct report_args *args, const char *path)
{
	static const char *const formats[] = { "svg", NULL };
	struct err why = ERR_INIT;
	size_t count = 0;

	if (report_draw_figures(args->matrix, path, formats, &count, &why))
		fprintf(args->out, "figures: %s\n", why.text);
	else
		fprintf(args->out, "figures: %s (%zu)\n", path, count);
}

static void show_profile(const struct report_args *args, const char *path)
{
	struct err why = ERR_INIT;
	size_t files;

	if (report_write_profile(args, path, &files, &why))
		fprintf(args->out, "profile: %s\n", why.text);
	else if (files)
		fprintf(args->out, "profile: %s (%zu)\n", path, files);
}

/* A format that this build lacks (-ENOENT) is said, no more. */
static int write_all(const struct report_args *args, const char *dir,
		     struct err *err)
{
	static const struct {
		const char *format, *file, *label;
	} files[] = {
		{ "csv", "report.csv", "table:  " },
		{ "md", "report.md", "text:   " },
		{ "html", "report.html", "report: " },
	};
	char path[4096];
	int rc = join(path, sizeof(path), dir, "figures", err);

	if (rc)
		return rc;
	draw(args, path);
	rc = join(path, sizeof(path), dir, "profile", err);
	if (rc)
		return rc;
	show_profile(args, path);
	for (size_t i = 0; !rc && i < sizeof(files) / sizeof(files[0]); i++) {
		rc = join(path, sizeof(path), dir, files[i].file, err);
		if (!rc)
			rc = write_format(args, files[i].format, path, err);
		if (rc == -ENOENT) {
			fprintf(args->out, "%s %s\n", files[i].label,
				err->text);
			rc = 0;
		} else if (!rc) {
			fprintf(args->out, "%s %s\n", files[i].label, path);
		}
	}
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
		rc = report_find("txt", err)->write(&args, err);
	fputc('\n', out);
	if (!rc)
		rc = write_all(&args, dir, err);
	matrix_free(matrix);
	store_close(args.store);
	return rc;
}
