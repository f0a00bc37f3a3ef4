/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao compare: two studies, or two paths or dates of one, cell by cell. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/compare.h"
#include "cmd/atomic_file.h"
#include "cmd/cmd.h"
#include "cmd/compare_side.h"
#include "report/compare.h"
#include "store/store.h"

struct options {
	const char *format, *output, *by, *procedure;
	double margin, fdr;
	bool all, force;
};

/* clang-format off */
static const struct opt_row rows[] = {
	{ "margin", 'm', OPT_FRACTION, offsetof(struct options, margin), "P",
	  "how much is no change (default: 3%)" },
	{ "by", 0, OPT_STRING, offsetof(struct options, by), "WHAT",
	  "efficiency (default) or throughput" },
	{ "format", 'f', OPT_STRING, offsetof(struct options, format), "FORMAT",
	  "txt (default), md, json, junit or html" },
	{ "output", 'o', OPT_STRING, offsetof(struct options, output), "FILE",
	  "write to FILE, whole or not at all, instead of standard output" },
	{ "all", 0, OPT_FLAG, offsetof(struct options, all), NULL,
	  "txt, md: every cell, not only those that changed" },
	{ "fdr", 0, OPT_FRACTION, offsetof(struct options, fdr), "P",
	  "share of the verdicts that may be false (default: 5%)" },
	{ "procedure", 0, OPT_STRING, offsetof(struct options, procedure), "NAME",
	  "bh (default: Benjamini and Hochberg) or by (and Yekutieli)" },
	{ "force", 0, OPT_FLAG, offsetof(struct options, force), NULL,
	  "compare what is not comparable, too; what differs is said" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};
/* clang-format on */

/* One side with what was loaded for it. */
struct side {
	struct compare_side asked;
	struct store *store;
	struct matrix *matrix;
	int path; /* -1: all */
};

static void side_close(struct side *side)
{
	matrix_free(side->matrix);
	store_close(side->store);
}

/* `reference`: another than the study's own; NULL. */
static int side_load(struct side *side, const char *reference, struct err *err)
{
	const struct matrix_query query = { .reference = reference,
					    .from_ns = side->asked.from_ns,
					    .to_ns = side->asked.to_ns };
	int rc = store_open(&side->store, side->asked.dir, STORE_READ, err);

	if (rc)
		return rc;
	rc = matrix_load_query(&side->matrix, side->store, &query, err);
	if (!rc && side->matrix->blocks == 0)
		rc = err_set(err, ENODATA, "no block in it");
	return rc ? err_wrap(err, "%s", side->asked.text) : 0;
}

static int side_find_path(struct side *side, struct err *err)
{
	side->path = -1;
	if (!*side->asked.path)
		return 0;
	for (size_t i = 0; i < side->matrix->paths; i++)
		if (!strcmp(side->matrix->path[i].name, side->asked.path))
			side->path = (int)i;
	if (side->path >= 0)
		return 0;
	return err_set(err, EINVAL, "%s: no path is called '%s'",
		       side->asked.dir, side->asked.path);
}

static bool same_study(const struct side *a, const struct side *b)
{
	struct stat x, y;

	return stat(a->asked.dir, &x) == 0 && stat(b->asked.dir, &y) == 0 &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool same_span(const struct side *a, const struct side *b)
{
	return a->asked.from_ns == b->asked.from_ns &&
	       a->asked.to_ns == b->asked.to_ns;
}

static int check_sides(const struct side *a, const struct side *b,
		       struct err *err)
{
	if (!*a->asked.path != !*b->asked.path)
		return err_set(err, EINVAL,
			       "a path on one side needs one on the other: "
			       "%s:PATH",
			       *a->asked.path ? b->asked.dir : a->asked.dir);
	if (same_study(a, b) && same_span(a, b) &&
	    strcmp(a->asked.path, b->asked.path) == 0)
		return err_set(err, EINVAL,
			       "%s and %s are the same; compare two paths with "
			       "DIR:PATH, two dates with DIR@FROM..TO",
			       a->asked.text, b->asked.text);
	return 0;
}

static int load(struct side *a, struct side *b, struct compare_args *args,
		struct err *err)
{
	int rc;

	args->paired = same_study(a, b) && same_span(a, b);
	if (args->paired) {
		rc = side_load(b, a->asked.path, err);
		args->a = args->b = b->matrix;
		a->matrix = b->matrix;
		rc = rc ? rc : side_find_path(a, err);
		a->matrix = NULL;
	} else {
		rc = side_load(a, NULL, err);
		rc = rc ? rc : side_load(b, NULL, err);
		args->a = a->matrix;
		args->b = b->matrix;
		rc = rc ? rc : side_find_path(a, err);
	}
	rc = rc ? rc : side_find_path(b, err);
	args->path_a = a->path;
	args->path_b = b->path;
	return rc;
}

static int write_out(const struct options *options,
		     const struct compare_ops *ops,
		     struct compare_report *report, struct err *err)
{
	struct atomic_file file;
	int rc;

	report->all = options->all;
	if (!options->output) {
		report->out = stdout;
		report->color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
		rc = ops->write(report, err);
		return rc == -EPIPE ? 0 : rc;
	}
	rc = atomic_open(&file, options->output, err);
	if (rc)
		return rc;
	report->out = file.out;
	return atomic_close(&file, ops->write(report, err), err);
}

/* An exit status, or -errno. */
static int carry_out(const struct options *options,
		     const struct compare_ops *ops, char **argv,
		     struct err *err)
{
	struct side a = { .path = -1 }, b = { .path = -1 };
	struct compare_args args = {
		.margin = options->margin,
		.q = options->fdr,
		.fdr = !strcmp(options->procedure, "by") ? FDR_BY : FDR_BH,
		.by = !strcmp(options->by, "throughput") ? COMPARE_THROUGHPUT
							 : COMPARE_EFFICIENCY,
		.force = options->force,
	};
	struct compare_report report = { .name_a = argv[0], .name_b = argv[1] };
	struct comparison *comparison = NULL;
	int rc = compare_side_parse(argv[0], &a.asked, err);

	rc = rc ? rc : compare_side_parse(argv[1], &b.asked, err);
	rc = rc ? rc : check_sides(&a, &b, err);
	rc = rc ? rc : load(&a, &b, &args, err);
	rc = rc ? rc : compare(&comparison, &args, err);
	if (!rc) {
		report.comparison = comparison;
		report.store_b = b.store;
		rc = write_out(options, ops, &report, err);
	}
	if (!rc && comparison->overall == VERDICT_WORSE)
		rc = CMD_VERDICT_AGAINST;
	compare_free(comparison);
	side_close(&a);
	side_close(&b);
	return rc;
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int check_usage(const struct options *o, int argc, struct err *err)
{
	if (argc != 2)
		return err_set(err, EINVAL, "two are compared, not %d: A B",
			       argc);
	if (!is_one_of(o->by, "efficiency", "throughput"))
		return err_set(err, EINVAL,
			       "--by '%s': efficiency or throughput", o->by);
	if (!is_one_of(o->procedure, "bh", "by"))
		return err_set(err, EINVAL, "--procedure '%s': bh or by",
			       o->procedure);
	if (!(o->margin > 0 && o->margin < 1))
		return err_set(err, EINVAL,
			       "--margin is above 0 and below 100%%");
	if (!(o->fdr > 0 && o->fdr < 1.0 / 3))
		return err_set(err, EINVAL, "--fdr is above 0 and below 33%%");
	return 0;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = { .format = "txt",
				   .by = "efficiency",
				   .procedure = "bh",
				   .margin = 0.03,
				   .fdr = 0.05 };
	const struct compare_ops *ops;
	struct err err = ERR_INIT;
	int status;

	if (!cmd_parse(command, &options, &argc, &argv, &status))
		return status;
	ops = compare_find(options.format, &err);
	if (!ops || check_usage(&options, argc, &err)) {
		cmd_fail(command, &err);
		return CMD_USAGE;
	}
	status = carry_out(&options, ops, argv, &err);
	return status < 0 ? cmd_fail(command, &err) : status;
}

const struct command cmd_compare = {
	.name = "compare",
	.arguments = "A B",
	.help = "what is the same, better or worse in B; exit status 1: worse",
	.options = rows,
	.run = run,
};
