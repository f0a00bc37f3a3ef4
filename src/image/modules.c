/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/modules.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/cache.h"

/* Does the path "kernel/a/virtio_net.ko" end in the module's name? */
static bool is_module(const char *path, size_t length, const char *name)
{
	size_t name_length = strlen(name);
	const char *base = path + length - name_length - 3;

	if (length < name_length + 4 || base[-1] != '/' ||
	    strncmp(base + name_length, ".ko", 3) != 0)
		return false;
	for (size_t i = 0; i < name_length; i++) {
		char a = base[i] == '-' ? '_' : base[i];
		char b = name[i] == '-' ? '_' : name[i];

		if (a != b)
			return false;
	}
	return true;
}

/* The line whose first path (up to `end`) is the module; NULL: none. */
static const char *find_line(const char *text, const char *end,
			     const char *name)
{
	while (*text) {
		if (is_module(text, strcspn(text, end), name))
			return text;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return NULL;
}

static bool has(const struct modules *modules, const char *path, size_t length)
{
	for (size_t i = 0; i < modules->count; i++)
		if (strncmp(modules->path[i], path, length) == 0 &&
		    !modules->path[i][length])
			return true;
	return false;
}

static int add(struct modules *modules, const char *path, size_t length,
	       struct err *err)
{
	char **grown;

	if (has(modules, path, length))
		return 0;
	grown = realloc(modules->path, (modules->count + 1) * sizeof(*grown));
	if (!grown)
		return err_sys(err, ENOMEM, "kernel modules");
	modules->path = grown;
	grown[modules->count] = strndup(path, length);
	if (!grown[modules->count])
		return err_sys(err, ENOMEM, "kernel modules");
	modules->count++;
	return 0;
}

/* "a.ko: b.ko c.ko": c is needed by b, and goes first; a goes last. */
static int add_line(struct modules *modules, const char *line, struct err *err)
{
	size_t first = strcspn(line, ":");
	const char *from = line + first + 1;
	const char *end = line + strcspn(line, "\n");
	int rc = 0;

	while (end > from && !rc) {
		const char *start = end;

		while (start > from && start[-1] != ' ')
			start--;
		if (end > start)
			rc = add(modules, start, (size_t)(end - start), err);
		end = start > from ? start - 1 : from;
	}
	return rc ? rc : add(modules, line, first, err);
}

int modules_close(struct modules *modules, const char *dep, const char *builtin,
		  const char *const *names, struct err *err)
{
	int rc = 0;

	*modules = (struct modules){ 0 };
	for (; *names && !rc; names++) {
		const char *line = find_line(dep, ":", *names);

		if (line)
			rc = add_line(modules, line, err);
		else if (!find_line(builtin, "\n", *names))
			rc = err_set(err, ENOENT,
				     "the kernel's package has no module %s",
				     *names);
	}
	if (rc)
		modules_free(modules);
	return rc;
}

static void name_module(const char *path, char name[static 256])
{
	snprintf(name, 256, "modules/%s", strrchr(path, '/') + 1);
}

static int add_order(struct cpio *cpio, const char *list,
		     const struct modules *modules, struct err *err)
{
	char *text = NULL, name[256];
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int rc;

	if (!out)
		return err_sys(err, ENOMEM, "an image");
	for (size_t i = 0; i < modules->count; i++) {
		name_module(modules->path[i], name);
		fprintf(out, "/%s\n", name);
	}
	fclose(out);
	rc = cpio_add_text(cpio, list, 0644, text, err);
	free(text);
	return rc;
}

static int add_files(struct cpio *cpio, const struct modules_wanted *wanted,
		     const struct modules *modules, struct err *err)
{
	char source[PATH_MAX], name[256];

	for (size_t i = 0; i < modules->count; i++) {
		snprintf(source, sizeof(source), "%s/%s", wanted->dir,
			 modules->path[i]);
		name_module(modules->path[i], name);
		cpio_add_file(cpio, name, 0644, source, NULL);
	}
	return add_order(cpio, wanted->list, modules, err);
}

int modules_add(struct cpio *cpio, const struct modules_wanted *wanted,
		struct err *err)
{
	char *dep = NULL, *builtin = NULL;
	struct modules modules = { 0 };
	int rc = cache_read_file(wanted->dir, "modules.dep", &dep, err);

	if (!rc)
		rc = cache_read_file(wanted->dir, "modules.builtin", &builtin,
				     err);
	if (!rc)
		rc = modules_close(&modules, dep, builtin, wanted->names, err);
	if (!rc)
		rc = add_files(cpio, wanted, &modules, err);
	modules_free(&modules);
	free(dep);
	free(builtin);
	return rc;
}

void modules_free(struct modules *modules)
{
	for (size_t i = 0; i < modules->count; i++)
		free(modules->path[i]);
	free(modules->path);
	*modules = (struct modules){ 0 };
}
