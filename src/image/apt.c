/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/apt.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/run.h"

#define OPTIONS_MAX  10
#define PACKAGES_MAX 64
#define NAME_MAX_LEN 128

struct apt {
	char state[PATH_MAX];
	bool own_lists;
	char option[3][PATH_MAX + 64]; /* of own lists */
	char package[PACKAGES_MAX][NAME_MAX_LEN];
	size_t packages;
};

/* "apt-get OPTION... WORD... PACKAGE...", NULL-ended. */
struct words {
	const char *argv[OPTIONS_MAX + PACKAGES_MAX + 4];
	size_t count;
};

static void add(struct words *w, const char *word)
{
	w->argv[w->count++] = word;
}

static void begin(const struct apt *apt, struct words *w, const char *program)
{
	*w = (struct words){ 0 };
	add(w, program);
	add(w, "-q");
	add(w, "-o");
	add(w, "APT::Sandbox::User=root"); /* no other user: we may be any */
	if (!apt->own_lists)
		return;
	for (size_t i = 0; i < 3; i++) {
		add(w, "-o");
		add(w, apt->option[i]);
	}
}

static int run(const struct words *w, const char *dir, char **output,
	       struct err *err)
{
	const struct run_args args = { .argv = w->argv,
				       .package = "apt",
				       .dir = dir };

	return run_program(&args, output, err);
}

int apt_open(struct apt **apt, const char *state, struct err *err)
{
	struct apt *made = calloc(1, sizeof(*made));

	if (!made)
		return err_sys(err, ENOMEM, "apt");
	snprintf(made->state, sizeof(made->state), "%s", state);
	snprintf(made->option[0], sizeof(made->option[0]),
		 "Dir::State::lists=%s/lists", state);
	snprintf(made->option[1], sizeof(made->option[1]), "Dir::Cache=%s",
		 state);
	snprintf(made->option[2], sizeof(made->option[2]),
		 "Dir::Cache::archives=%s/archives", state);
	*apt = made;
	return 0;
}

void apt_close(struct apt *apt)
{
	free(apt);
}

/* Lists of our own, where the machine's are missing. */
static int get_lists(struct apt *apt, struct err *err)
{
	static const char *const dirs[] = { "", "/lists", "/lists/partial",
					    "/archives", "/archives/partial" };
	char dir[PATH_MAX + 32];
	struct words w;
	int rc;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(dir, sizeof(dir), "%s%s", apt->state, dirs[i]);
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "%s", dir);
	}
	apt->own_lists = true;
	begin(apt, &w, "apt-get");
	add(&w, "-o");
	add(&w, "APT::Update::Error-Mode=any");
	add(&w, "update");
	rc = run(&w, NULL, NULL, err);
	return rc ? err_wrap(err, "getting Debian's package lists") : 0;
}

/* "  Depends: linux-image-6.1.0-56-amd64 (= ...)" -> the name. */
static int follow(const struct apt *apt, const char *name, char *found,
		  struct err *err)
{
	const char *at;
	struct words w;
	char *output;
	int rc;

	begin(apt, &w, "apt-cache");
	add(&w, "depends");
	add(&w, "--important");
	add(&w, name);
	rc = run(&w, NULL, &output, err);
	if (rc)
		return rc;
	at = strstr(output, "Depends: ");
	if (at)
		snprintf(found, NAME_MAX_LEN, "%.*s",
			 (int)strcspn(at + 9, " \n"), at + 9);
	else
		rc = err_set(err, ENOENT, "the package %s depends on nothing",
			     name);
	free(output);
	return rc;
}

static int name_packages(struct apt *apt, const char *const *packages,
			 struct err *err)
{
	char name[NAME_MAX_LEN];
	int rc = 0;

	apt->packages = 0;
	for (; *packages && !rc; packages++) {
		char *found = apt->package[apt->packages++];
		size_t length = strlen(*packages);

		snprintf(name, sizeof(name), "%s", *packages);
		if (name[length - 1] != '*') {
			snprintf(found, NAME_MAX_LEN, "%s", name);
			continue;
		}
		name[length - 1] = '\0';
		rc = follow(apt, name, found, err);
	}
	return rc;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* 'URI' FILE SIZE SHA256:HASH -> "FILE HASH", written back into the line. */
static bool parse_uri(char *line)
{
	char file[512], hash[128];

	if (sscanf(line, "'%*[^']' %511s %*s SHA256:%127s", file, hash) != 2)
		return false;
	sprintf(line, "%s %s", file, hash); /* shorter than what it came from */
	return true;
}

static int sort_lines(char *output, char **lines, struct err *err)
{
	char *line[PACKAGES_MAX];
	size_t count = 0, size = strlen(output) + 2;
	char *rest = output, *to;

	for (char *one; (one = strsep(&rest, "\n")) && count < PACKAGES_MAX;)
		if (parse_uri(one))
			line[count++] = one;
	qsort(line, count, sizeof(line[0]), compare);
	*lines = to = malloc(size);
	if (!to)
		return err_sys(err, ENOMEM, "apt");
	*to = '\0';
	for (size_t i = 0; i < count; i++)
		to += sprintf(to, "%s\n", line[i]);
	return 0;
}

static int list_uris(struct apt *apt, const char *const *packages,
		     char **output, struct err *err)
{
	struct words w;
	int rc = name_packages(apt, packages, err);

	if (rc)
		return rc;
	begin(apt, &w, "apt-get");
	add(&w, "download");
	add(&w, "--print-uris");
	for (size_t i = 0; i < apt->packages; i++)
		add(&w, apt->package[i]);
	return run(&w, NULL, output, err);
}

int apt_resolve(struct apt *apt, const char *const *packages, char **lines,
		struct err *err)
{
	char *output;
	int rc = list_uris(apt, packages, &output, err);

	if (rc == -ENOPKG)
		return err_wrap(err, "images are made of Debian packages");
	if (rc) {
		rc = get_lists(apt, err);
		if (!rc)
			rc = list_uris(apt, packages, &output, err);
	}
	if (rc)
		return rc;
	rc = sort_lines(output, lines, err);
	free(output);
	return rc;
}

int apt_download(struct apt *apt, const char *dir, struct err *err)
{
	struct words w;
	int rc;

	begin(apt, &w, "apt-get");
	add(&w, "download");
	for (size_t i = 0; i < apt->packages; i++)
		add(&w, apt->package[i]);
	rc = run(&w, dir, NULL, err);
	return rc ? err_wrap(err, "downloading packages") : 0;
}
