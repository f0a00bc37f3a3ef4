/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/tree.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
	char *name; /* in the image */
	char *source;
	mode_t mode;
};

struct entries {
	struct entry *entry;
	size_t count, room;
};

static bool matches(const char *name, const char *const *patterns)
{
	for (; patterns && *patterns; patterns++)
		if (fnmatch(*patterns, name, 0) == 0)
			return true;
	return false;
}

/* "bin/ip" -> "usr/bin/ip" */
static char *name_in_image(const char *relative)
{
	static const char *const moved[] = { "bin", "sbin", "lib", "lib64" };
	size_t first = strcspn(relative, "/");
	char *name;

	for (size_t i = 0; i < 4; i++)
		if (strlen(moved[i]) == first &&
		    strncmp(relative, moved[i], first) == 0)
			return asprintf(&name, "usr/%s", relative) < 0 ? NULL
								       : name;
	return strdup(relative);
}

static int append(struct entries *all, const char *name, const FTSENT *found,
		  struct err *err)
{
	struct entry *e;

	if (all->count == all->room) {
		size_t room = all->room ? all->room * 2 : 256;

		e = realloc(all->entry, room * sizeof(*e));
		if (!e)
			return err_sys(err, ENOMEM, "an image's files");
		all->entry = e;
		all->room = room;
	}
	e = &all->entry[all->count];
	e->name = strdup(name);
	e->source = strdup(found->fts_path);
	e->mode = found->fts_statp->st_mode;
	if (!e->name || !e->source) {
		free(e->name);
		free(e->source);
		return err_sys(err, ENOMEM, "an image's files");
	}
	all->count++;
	return 0;
}

/* One that fts_read() gave. */
static int look_at(struct entries *all, FTS *fts, FTSENT *found,
		   const struct tree_args *args, struct err *err)
{
	size_t root = strlen(args->root);
	char *name;
	int rc = 0;

	if (found->fts_info == FTS_DNR || found->fts_info == FTS_ERR ||
	    found->fts_info == FTS_NS)
		return err_sys(err, found->fts_errno, "%s", found->fts_path);
	if (found->fts_level == 0 || found->fts_info == FTS_DP)
		return 0;
	name = name_in_image(found->fts_path + root + 1);
	if (!name)
		return err_sys(err, ENOMEM, "an image's files");
	if (matches(name, args->skip))
		fts_set(fts, found, FTS_SKIP);
	else if (found->fts_info != FTS_D &&
		 (!args->only || matches(name, args->only)))
		rc = append(all, name, found, err);
	free(name);
	return rc;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name,
		      ((const struct entry *)b)->name);
}

static int collect(struct entries *all, const struct tree_args *args,
		   struct err *err)
{
	char *roots[] = { (char *)args->root, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *found;
	int rc = 0;

	if (!fts)
		return err_sys(err, errno, "%s", args->root);
	while (!rc && (found = fts_read(fts)))
		rc = look_at(all, fts, found, args, err);
	fts_close(fts);
	qsort(all->entry, all->count, sizeof(*all->entry), compare);
	return rc;
}

/* The directories of `name` that `before`, the name in front, had not. */
static void add_dirs(struct cpio *cpio, const char *name, const char *before)
{
	char dir[PATH_MAX];

	for (const char *slash = strchr(name, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		size_t length = (size_t)(slash - name) + 1;

		if (strncmp(name, before, length) == 0)
			continue;
		snprintf(dir, sizeof(dir), "%.*s", (int)length - 1, name);
		cpio_add_dir(cpio, dir, NULL);
	}
}

static int add(struct cpio *cpio, const struct entry *e, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n;

	if (!S_ISLNK(e->mode))
		return cpio_add_file(cpio, e->name,
				     e->mode & 0111 ? 0755 : 0644, e->source,
				     err);
	n = readlink(e->source, target, sizeof(target) - 1);
	if (n < 0)
		return err_sys(err, errno, "%s", e->source);
	target[n] = '\0';
	return cpio_add_symlink(cpio, e->name, target, err);
}

int tree_add(struct cpio *cpio, const struct tree_args *args, struct err *err)
{
	struct entries all = { 0 };
	const char *before = "";
	int rc = collect(&all, args, err);

	for (size_t i = 0; i < all.count && !rc; i++) {
		if (i && strcmp(all.entry[i].name, before) == 0)
			continue;
		add_dirs(cpio, all.entry[i].name, before);
		rc = add(cpio, &all.entry[i], err);
		before = all.entry[i].name;
	}
	for (size_t i = 0; i < all.count; i++) {
		free(all.entry[i].name);
		free(all.entry[i].source);
	}
	free(all.entry);
	return rc;
}
