/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/images.h"

#include <stdio.h>
#include <string.h>

#include "image/image.h"
#include "lab/check.h"
#include "lab/lab.h"

static void say(void *arg, const char *line)
{
	fprintf(stderr, "image %s: %s\n", (const char *)arg, line);
}

static const struct kind_desc *find_kind(const char *name)
{
	for (const struct kind_desc *const *k = lab_kinds(); *k; k++)
		if (strcmp((*k)->name, name) == 0)
			return *k;
	return NULL;
}

static void provide(const struct command *command, const char *name)
{
	const struct image_build build = { .name = name,
					   .say = say,
					   .arg = (void *)name };
	struct err err = ERR_INIT;
	struct image image;

	if (image_ensure(&build, &image, &err))
		fprintf(stderr, "vazao %s: %s\n", command->name, err.text);
}

#define NAMES_MAX 16

/* Several paths may boot one image: it is looked for once. */
static void provide_once(const struct command *command, const char *name,
			 const char *done[static NAMES_MAX + 1])
{
	size_t n = 0;

	while (done[n] && strcmp(done[n], name) != 0)
		n++;
	if (done[n] || n == NAMES_MAX)
		return;
	done[n] = name;
	provide(command, name);
}

void images_provide(const struct command *command, const struct plan *plan)
{
	const char *done[NAMES_MAX + 1] = { NULL };

	for (size_t i = 0; i < plan->paths; i++) {
		const struct kind_desc *kind = find_kind(plan->path[i].kind);
		const char *const *name = kind ? kind->images : NULL;

		for (; name && *name; name++)
			provide_once(command, *name, done);
	}
}

static bool is_first_of_kind(const struct plan *plan, size_t path)
{
	size_t i = 0;

	while (strcmp(plan->path[i].kind, plan->path[path].kind) != 0)
		i++;
	return i == path;
}

int images_check_kinds(const struct command *command, const struct plan *plan,
		       struct err *err)
{
	for (size_t i = 0; i < plan->paths; i++) {
		const char *caveat;

		if (!is_first_of_kind(plan, i))
			continue;
		if (lab_check_kind(plan->path[i].kind, &caveat, err))
			return err_wrap(err, "path %s", plan->path[i].name);
		if (caveat)
			fprintf(stderr, "vazao %s: %s\n", command->name,
				caveat);
	}
	return 0;
}
