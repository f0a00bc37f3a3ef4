/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vazao image: the guests' kernels and file systems in the user's cache. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "image/image.h"

struct values {
	bool all;
};

/* clang-format off */
static const struct opt_row options[] = {
	{ "all", 0, OPT_FLAG, offsetof(struct values, all), NULL,
	  "clean: the newest of each as well" },
	{ .name = NULL },
};
/* clang-format on */

static void say(void *arg, const char *line)
{
	printf("image %s: %s\n", (const char *)arg, line);
	fflush(stdout);
}

static void print_image(const struct image *image)
{
	time_t when = (time_t)image->made_at_s;
	char date[32];
	struct tm tm;

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M", localtime_r(&when, &tm));
	printf("%-6s %6.1f MiB  %s  %s%s\n       %s\n", image->name,
	       (double)image->bytes / (1 << 20), date, image->kernel,
	       image->current ? "" : "  (of another version of vazao)",
	       image->dir);
}

static int list(void)
{
	struct err err = ERR_INIT;
	struct image *images;
	size_t count;

	if (image_list(&images, &count, &err))
		return cmd_fail(&cmd_image, &err);
	for (size_t i = 0; i < count; i++)
		print_image(&images[i]);
	if (!count)
		printf("no images yet; a study makes those it needs, and so "
		       "does `vazao image build`\n");
	printf("\nwhat can be made:\n");
	for (const struct image_kind *k = image_kinds(); k->name; k++)
		opt_print_row(stdout, k->name, k->help, 10);
	free(images);
	return CMD_DONE;
}

static int build_one(const char *name)
{
	const struct image_build build = { .name = name,
					   .say = say,
					   .arg = (void *)name };
	struct err err = ERR_INIT;
	struct image image;
	bool made;

	if (image_make(&build, &image, &made, &err))
		return cmd_fail(&cmd_image, &err);
	printf("image %s: %s, %s\n", name,
	       made ? "made" : "there already, of the newest packages",
	       image.dir);
	return CMD_DONE;
}

static int build_all(int argc, char **argv)
{
	int status = CMD_DONE;

	for (int i = 0; i < argc && status == CMD_DONE; i++)
		status = build_one(argv[i]);
	if (argc)
		return status;
	for (const struct image_kind *k = image_kinds();
	     k->name && status == CMD_DONE; k++)
		status = build_one(k->name);
	return status;
}

/* Without --all, the newest of each name that fits stays. */
static int clean(const struct values *values)
{
	struct err err = ERR_INIT;
	struct image *images, newest;
	size_t count, removed = 0;

	if (image_list(&images, &count, &err))
		return cmd_fail(&cmd_image, &err);
	for (size_t i = 0; i < count && !err.code; i++) {
		if (!values->all &&
		    !image_find(images[i].name, &newest, NULL) &&
		    strcmp(newest.dir, images[i].dir) == 0)
			continue;
		removed += image_remove(&images[i], &err) == 0;
	}
	free(images);
	printf("%zu removed, %zu left\n", removed, count - removed);
	return err.code ? cmd_fail(&cmd_image, &err) : CMD_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct values values = { 0 };
	int status;

	if (!cmd_parse(command, &values, &argc, &argv, &status))
		return status;
	if (argc == 1 && strcmp(argv[0], "list") == 0)
		return list();
	if (argc >= 1 && strcmp(argv[0], "build") == 0)
		return build_all(argc - 1, argv + 1);
	if (argc == 1 && strcmp(argv[0], "clean") == 0)
		return clean(&values);
	fprintf(stderr, "vazao image: list, build [NAME]... or clean "
			"[--all]; see vazao image --help\n");
	return CMD_USAGE;
}

const struct command cmd_image = {
	.name = "image",
	.arguments = "list | build [NAME]... | clean",
	.help = "kernels and file systems of guests, made of Debian packages",
	.options = options,
	.run = run,
};
