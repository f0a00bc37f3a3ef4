/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "report/flame.h"
#include "store/profile.h"

#define TOP 30

/* {"function": share of the samples in which it was the innermost} */
static json_t *self_shares(const json_t *stacks)
{
	json_t *shares = json_object(), *samples;
	const char *stack;
	double total = 0;

	json_object_foreach((json_t *)stacks, stack, samples)
		total += json_number_value(samples);
	json_object_foreach((json_t *)stacks, stack, samples) {
		const char *inner = strrchr(stack, ';');
		double sum;

		inner = inner ? inner + 1 : stack;
		sum = json_number_value(json_object_get(shares, inner)) +
		      json_number_value(samples) / total;
		json_object_set_new(shares, inner, json_real(sum));
	}
	return shares;
}

struct function {
	const char *name;
	double share;
};

static int by_share(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return (x->share < y->share) - (x->share > y->share);
}

/* All functions, the largest share first; *count. NULL without memory. */
static struct function *sort_shares(json_t *shares, size_t *count)
{
	size_t i = 0;
	struct function *f;
	const char *name;
	json_t *share;

	*count = json_object_size(shares);
	f = calloc(*count + 1, sizeof(*f));
	if (!f)
		return NULL;
	json_object_foreach(shares, name, share)
		f[i++] = (struct function){ name, json_real_value(share) };
	qsort(f, *count, sizeof(*f), by_share);
	return f;
}

/* [[function, share, share on the reference], ...], the TOP first. */
static json_t *top_of(const json_t *stacks, const json_t *others)
{
	json_t *shares = self_shares(stacks), *theirs = self_shares(others);
	json_t *top = json_array();
	size_t count;
	struct function *f = sort_shares(shares, &count);

	for (size_t i = 0; f && i < count && i < TOP; i++)
		json_array_append_new(top,
				      json_pack("[sff]", f[i].name, f[i].share,
						json_real_value(json_object_get(
							theirs, f[i].name))));
	free(f);
	json_decref(shares);
	json_decref(theirs);
	return top;
}

static void write_top(FILE *out, const char *path, const char *reference,
		      const json_t *stacks, const json_t *others)
{
	json_t *top = top_of(stacks, others), *row;
	size_t i;

	fprintf(out,
		"\n## %s\n\n| %% %s | %% %s | function |\n"
		"|---:|---:|---|\n",
		path, path, reference);
	json_array_foreach(top, i, row)
		fprintf(out, "| %.2f | %.2f | %s |\n",
			100 * json_number_value(json_array_get(row, 1)),
			100 * json_number_value(json_array_get(row, 2)),
			json_string_value(json_array_get(row, 0)));
	json_decref(top);
}

static FILE *open_file(const char *dir, const char *name, struct err *err)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%.3000s/%.900s", dir, name);
	out = fopen(path, "we");
	if (!out)
		err_sys(err, errno, "%s", path);
	return out;
}

static int draw_on(FILE *out, const struct report_args *args, size_t path,
		   const json_t *profile, bool differs)
{
	const char *name = args->matrix->path[path].name;
	const char *reference = args->matrix->path[0].name;
	char title[256];

	snprintf(title, sizeof(title),
		 differs ? "%s: all CPUs in its turns; red: a larger share "
			   "than in %s's, blue: a smaller one"
			 : "%s: all CPUs in its turns (orange: kernel, blue: "
			   "user)",
		 name, reference);
	return flame_draw(out, title, json_array_get(profile, path),
			  differs ? json_array_get(profile, 0) : NULL);
}

static int draw(const struct report_args *args, const char *dir, size_t path,
		const json_t *profile, bool differs, struct err *err)
{
	char file[128];
	FILE *out;
	int rc;

	snprintf(file, sizeof(file), differs ? "%s-against-%s.svg" : "%s.svg",
		 args->matrix->path[path].name, args->matrix->path[0].name);
	out = open_file(dir, file, err);
	if (!out)
		return -err->code;
	rc = draw_on(out, args, path, profile, differs);
	if (fclose(out) && !rc)
		rc = -errno;
	return rc ? err_sys(err, -rc, "%s", file) : 0;
}

/* The same drawing as a string; null where it cannot be had. */
static json_t *draw_text(const struct report_args *args, size_t path,
			 const json_t *profile, bool differs)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	json_t *drawing;
	int rc = out ? draw_on(out, args, path, profile, differs) : -ENOMEM;

	if (out)
		fclose(out);
	drawing = rc ? json_null() : json_string(text);
	free(text);
	return drawing;
}

static bool has_samples(const json_t *profile, size_t path)
{
	return json_object_size(json_array_get(profile, path)) > 0;
}

static int write_files(const struct report_args *args, const char *dir,
		       const json_t *profile, size_t *files, struct err *err)
{
	FILE *top = open_file(dir, "top.md", err);
	int rc = 0;

	if (!top)
		return -err->code;
	fputs("# Where the CPUs were, in each path's turns\n", top);
	for (size_t p = 0; p < args->matrix->paths && !rc; p++) {
		if (!has_samples(profile, p))
			continue;
		rc = draw(args, dir, p, profile, false, err);
		if (!rc && p > 0)
			rc = draw(args, dir, p, profile, true, err);
		if (!rc)
			write_top(top, args->matrix->path[p].name,
				  args->matrix->path[0].name,
				  json_array_get(profile, p),
				  json_array_get(profile, 0));
		*files += p > 0 ? 2 : 1;
	}
	*files += 1;
	if (fclose(top) && !rc)
		rc = err_sys(err, errno, "top.md");
	return rc;
}

int report_write_profile(const struct report_args *args, const char *dir,
			 size_t *files, struct err *err)
{
	json_t *profile;
	bool any = false;
	int rc = store_load_profile(args->store, args->matrix->paths, &profile,
				    err);

	*files = 0;
	if (rc)
		return rc;
	for (size_t p = 0; p < args->matrix->paths; p++)
		any |= has_samples(profile, p);
	if (any && mkdir(dir, 0777) < 0 && errno != EEXIST)
		rc = err_sys(err, errno, "%s", dir);
	else if (any)
		rc = write_files(args, dir, profile, files, err);
	json_decref(profile);
	return rc;
}

int report_load_profile(const struct report_args *args, json_t **paths,
			struct err *err)
{
	json_t *profile;
	int rc = store_load_profile(args->store, args->matrix->paths, &profile,
				    err);

	*paths = NULL;
	if (rc)
		return rc;
	*paths = json_array();
	for (size_t p = 0; p < args->matrix->paths; p++) {
		if (!has_samples(profile, p))
			continue;
		json_array_append_new(
			*paths,
			json_pack("{ss so so so}", "path",
				  args->matrix->path[p].name, "top",
				  top_of(json_array_get(profile, p),
					 json_array_get(profile, 0)),
				  "flame", draw_text(args, p, profile, false),
				  "against",
				  p ? draw_text(args, p, profile, true)
				    : json_null()));
	}
	json_decref(profile);
	return 0;
}
