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

static int write_top(FILE *out, const char *path, const char *reference,
		     const json_t *stacks, const json_t *others)
{
	json_t *shares = self_shares(stacks), *theirs = self_shares(others);
	size_t count = json_object_size(shares), i = 0;
	struct function *f = calloc(count + 1, sizeof(*f));
	const char *name;
	json_t *share;

	if (f) {
		json_object_foreach(shares, name, share)
			f[i++] = (struct function){ name,
						    json_real_value(share) };
		qsort(f, count, sizeof(*f), by_share);
		fprintf(out,
			"\n## %s\n\n| %% %s | %% %s | function |\n"
			"|---:|---:|---|\n",
			path, path, reference);
		for (i = 0; i < count && i < TOP; i++)
			fprintf(out, "| %.2f | %.2f | %s |\n", 100 * f[i].share,
				100 * json_real_value(json_object_get(
					      theirs, f[i].name)),
				f[i].name);
	}
	free(f);
	json_decref(shares);
	json_decref(theirs);
	return f ? 0 : -ENOMEM;
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

static int draw(const struct report_args *args, const char *dir, size_t path,
		const json_t *profile, bool differs, struct err *err)
{
	const char *name = args->matrix->path[path].name;
	const char *reference = args->matrix->path[0].name;
	char file[128], title[256];
	FILE *out;
	int rc;

	snprintf(file, sizeof(file), differs ? "%s-against-%s.svg" : "%s.svg",
		 name, reference);
	snprintf(title, sizeof(title),
		 differs ? "%s: all CPUs in its turns; red: a larger share "
			   "than in %s's, blue: a smaller one"
			 : "%s: all CPUs in its turns (orange: kernel, blue: "
			   "user)",
		 name, reference);
	out = open_file(dir, file, err);
	if (!out)
		return -err->code;
	rc = flame_draw(out, title, json_array_get(profile, path),
			differs ? json_array_get(profile, 0) : NULL);
	if (fclose(out) && !rc)
		rc = -errno;
	return rc ? err_sys(err, -rc, "%s", file) : 0;
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
			rc = write_top(top, args->matrix->path[p].name,
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
