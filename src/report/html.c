/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The study in one self-contained page. web/ makes the page; here the study
 * is put into it: what the JSON format says, by the code of the JSON format,
 * and members more that only the page needs,
 *   design   facts of how it was measured, as stored (text)
 *   history  every point's good blocks in time order, each the rates of its
 *            paths: [[[941.2, 934.7, null], ...], ...]
 *   counters what was counted of each cell (cell_counters.h)
 *   profile  where the CPUs were, of a profiled study (profile.h)
 *   history_step  every how many blocks of a point; over HISTORY_MAX blocks
 *            some are left out, so that the page can still be passed on
 *
 * A study's names are strangers: as HTML they are escaped, and inside the
 * script no '<' is left, so that nothing in it ends it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/cell_counters.h"
#include "report/formats.h"
#include "report/page.h"
#include "report/profile.h"
#include "store/scan.h"

#define HISTORY_MAX 20000

static const char *const design_keys[] = {
	"rule",	  "slice_ns",	"guard_ns",    "warmup_ns",
	"cycles", "min_blocks", "seed",	       "source",
	"plan",	  "end",	"calibration", "timings",
};
#define DESIGN_KEYS (sizeof(design_keys) / sizeof(*design_keys))

/* For text and for attributes. */
static void write_html(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>\"'", *text))
			fprintf(out, "&#%d;", *text);
		else
			fputc(*text, out);
	}
}

/* In JSON a '<' is only ever part of a string, where this is the same. */
static void write_script(FILE *out, const char *json, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (json[i] == '<')
			fputs("\\u003c", out);
		else
			fputc(json[i], out);
	}
}

static int load_design(struct store *store, json_t *design, struct err *err)
{
	for (size_t i = 0; i < DESIGN_KEYS; i++) {
		char *value = NULL;
		int rc = store_get_meta(store, design_keys[i], &value, err);

		if (rc)
			return rc;
		if (value)
			json_object_set_new(design, design_keys[i],
					    json_string(value));
		free(value);
	}
	return 0;
}

static json_t *rates_of(const struct store_block *block, size_t paths)
{
	json_t *rates = json_array();

	for (size_t i = 0; i < paths; i++)
		json_array_append_new(rates, json_null());
	for (size_t i = 0; i < block->measurements; i++)
		json_array_set_new(
			rates, (size_t)block->measurement[i].path,
			json_real(block->measurement[i].throughput_mbps));
	return rates;
}

struct history {
	const struct matrix *matrix;
	json_t *points; /* [[rates of a block, ...], ...] */
	int64_t last;	/* block */
};

static int add_block(void *arg, const struct store_block *block,
		     struct err *err)
{
	struct history *history = arg;

	(void)err;
	history->last = block->id;
	if (!block->discarded)
		json_array_append_new(
			json_array_get(history->points, (size_t)block->point),
			rates_of(block, history->matrix->paths));
	return 0;
}

static int load_history(const struct report_args *args, json_t *extra,
			struct err *err)
{
	size_t step = args->matrix->blocks / HISTORY_MAX + 1;
	const struct store_scan scan = { .detail = STORE_RATES,
					 .every = (int64_t)step };
	struct history history = { args->matrix, json_array(), 0 };
	int rc;

	for (size_t i = 0; i < args->matrix->points; i++)
		json_array_append_new(history.points, json_array());
	json_object_set_new(extra, "history", history.points);
	json_object_set_new(extra, "history_step",
			    json_integer((json_int_t)step));
	rc = store_each_block(args->store, &scan, add_block, &history, err);
	if (args->live)
		json_object_set_new(extra, "live",
				    json_pack("{sI}", "after", history.last));
	return rc;
}

static int load_counters(const struct report_args *args, json_t *extra,
			 struct err *err)
{
	json_t *counters;
	int rc = cell_counters_load(args->matrix, args->store, &counters, err);

	if (!rc && counters)
		json_object_set_new(extra, "counters", counters);
	return rc;
}

static int load_profile(const struct report_args *args, json_t *extra,
			struct err *err)
{
	json_t *paths;
	int rc = report_load_profile(args, &paths, err);

	if (!rc && json_array_size(paths))
		json_object_set(extra, "profile", paths);
	json_decref(paths);
	return rc;
}

/* *text: design, history and history_step as a JSON object. */
static int dump_extra(const struct report_args *args, char **text,
		      struct err *err)
{
	json_t *design = json_object(), *extra = json_object();
	int rc = load_design(args->store, design, err);

	json_object_set_new(extra, "design", design);
	if (args->comparison)
		json_object_set(extra, "comparison",
				(json_t *)args->comparison);
	if (!rc)
		rc = load_history(args, extra, err);
	if (!rc)
		rc = load_counters(args, extra, err);
	if (!rc)
		rc = load_profile(args, extra, err);
	if (!rc) {
		*text = json_dumps(extra,
				   JSON_COMPACT | JSON_REAL_PRECISION(6));
		if (!*text)
			rc = err_set(err, ENOMEM, "the page: out of memory");
	}
	json_decref(extra);
	return rc;
}

/* *text: what the JSON format writes of the study. */
static int dump_study(const struct report_args *args, char **text, size_t *size,
		      struct err *err)
{
	struct report_args to_memory = *args;
	int rc;

	to_memory.raw = false;
	to_memory.out = open_memstream(text, size);
	if (!to_memory.out)
		return err_sys(err, errno, "the page");
	rc = report_json.write(&to_memory, err);
	if (fclose(to_memory.out) && !rc)
		rc = err_sys(err, errno, "the page");
	return rc;
}

/* One object of the two: the first without its last brace, a comma, the
 * second without its first. */
static int write_study(const struct report_args *args, struct err *err)
{
	char *study = NULL, *extra = NULL;
	size_t size = 0;
	int rc = dump_study(args, &study, &size, err);

	if (!rc)
		rc = dump_extra(args, &extra, err);
	while (!rc && size && study[size - 1] != '}')
		size--;
	if (!rc && size) {
		write_script(args->out, study, size - 1);
		fputc(',', args->out);
		write_script(args->out, extra + 1, strlen(extra + 1));
	}
	free(study);
	free(extra);
	return rc;
}

static int write_mark(const struct report_args *args, const char *mark,
		      struct err *err)
{
	const char *title = args->matrix->title;

	if (strncmp(mark, PAGE_MARK_STUDY, strlen(PAGE_MARK_STUDY)) == 0)
		return write_study(args, err);
	if (strncmp(mark, PAGE_MARK_POLICY, strlen(PAGE_MARK_POLICY)) == 0) {
		fputs(args->live ? "; connect-src 'self'" : "", args->out);
		return 0;
	}
	write_html(args->out, title && *title ? title : "Untitled study");
	return 0;
}

static int check_built(const char *page, struct err *err)
{
	size_t length = strlen(PAGE_NOT_BUILT);

	if (strncmp(page, PAGE_NOT_BUILT, length) != 0)
		return 0;
	return err_set(err, ENOENT,
		       "this vazao was built without the html format: %.*s",
		       (int)strcspn(page + length, "\n"), page + length);
}

static int html_write(const struct report_args *args, struct err *err)
{
	const char *page = report_page, *mark;
	int rc = check_built(page, err);

	while (!rc && (mark = strstr(page, PAGE_MARK))) {
		fwrite(page, 1, (size_t)(mark - page), args->out);
		rc = write_mark(args, mark, err);
		page = strstr(mark, "-->") + strlen("-->");
	}
	if (rc)
		return rc;
	fputs(page, args->out);
	return report_check_written(args->out, err);
}

const struct report_ops report_html = {
	.format = "html",
	.help = "one self-contained page, to look at and to pass on",
	.write = html_write,
};
