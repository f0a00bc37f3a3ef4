/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/image.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/apt.h"
#include "image/cache.h"
#include "image/make.h"
#include "image/recipe.h"

#define KERNEL_PREFIX	"linux-image-"
#define IMAGE_KINDS_MAX 8

const struct image_kind *image_kinds(void)
{
	static struct image_kind kinds[IMAGE_KINDS_MAX + 1];

	for (size_t i = 0; i < IMAGE_KINDS_MAX && image_recipes[i].name; i++)
		kinds[i] = (struct image_kind){ image_recipes[i].name,
						image_recipes[i].help };
	return kinds;
}

/* NULL where there is none. */
static const struct recipe *find_recipe(const char *name)
{
	for (const struct recipe *r = image_recipes; r->name; r++)
		if (strcmp(r->name, name) == 0)
			return r;
	return NULL;
}

/*
 * What identifies an image: FNV-1a, 64 bits, of all that it is made of. Two
 * images with one hash would still differ in their file "packages".
 */

#define FNV_START 0xcbf29ce484222325u
#define LAYOUT	  "kernel unpacked" /* what make.c makes of recipes */

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return (hash ^ '\n') * 0x100000001b3u;
}

static uint64_t hash_list(uint64_t hash, const char *const *list)
{
	for (; list && *list; list++)
		hash = hash_text(hash, *list);
	return hash_text(hash, "");
}

static uint64_t hash_recipe(const struct recipe *r)
{
	uint64_t hash = hash_text(FNV_START, LAYOUT);

	hash = hash_list(hash, r->packages);
	hash = hash_list(hash, r->modules);
	hash = hash_list(hash, r->guest_modules);
	hash = hash_list(hash, r->skip);
	for (const struct recipe_text *t = r->texts; t && t->name; t++)
		hash = hash_text(hash_text(hash, t->name), t->text);
	for (const struct recipe_link *l = r->links; l && l->name; l++)
		hash = hash_text(hash_text(hash, l->name), l->target);
	return hash;
}

static void format_first_line(const struct recipe *r, char line[static 32])
{
	snprintf(line, 32, "recipe %016" PRIx64, hash_recipe(r));
}

/*
 * What there is.
 */

static void read_kernel(struct image *image, const char *packages)
{
	const char *at = strstr(packages, "\n" KERNEL_PREFIX);

	at = at ? at + 1 : "";
	snprintf(image->kernel, sizeof(image->kernel), "%.*s",
		 (int)strcspn(at, " \n"), at);
	at = strstr(image->kernel, ".deb");
	if (at)
		image->kernel[at - image->kernel] = '\0';
}

/* Fills what the directory tells; false where it is no image's. */
static bool read_image(const char *cache, const char *entry,
		       struct image *image)
{
	const struct recipe *recipe;
	char *packages, first[32];
	struct stat st;

	*image = (struct image){ 0 };
	snprintf(image->name, sizeof(image->name), "%.*s",
		 (int)strcspn(entry, "-"), entry);
	if (snprintf(image->dir, PATH_MAX, "%s/%s", cache, entry) >= PATH_MAX ||
	    stat(image->dir, &st) < 0 || !S_ISDIR(st.st_mode) ||
	    cache_read_file(image->dir, "packages", &packages, NULL))
		return false;
	image->made_at_s = st.st_mtime;
	image->bytes = cache_measure(image->dir);
	read_kernel(image, packages);
	recipe = find_recipe(image->name);
	if (recipe) {
		format_first_line(recipe, first);
		image->current = strncmp(packages, first, strlen(first)) == 0;
	}
	free(packages);
	return true;
}

static int compare_age(const void *a, const void *b)
{
	const struct image *x = a, *y = b;

	return x->made_at_s < y->made_at_s   ? -1
	       : x->made_at_s > y->made_at_s ? 1
					     : strcmp(x->dir, y->dir);
}

int image_list(struct image **images, size_t *count, struct err *err)
{
	char cache[PATH_MAX];
	struct dirent *e;
	DIR *d;
	int rc = cache_open(cache, err);

	*images = NULL;
	*count = 0;
	if (rc)
		return rc;
	d = opendir(cache);
	if (!d)
		return err_sys(err, errno, "%s", cache);
	while (!rc && (e = readdir(d))) {
		struct image *more;

		if (!strchr(e->d_name, '-'))
			continue;
		more = realloc(*images, (*count + 1) * sizeof(*more));
		if (!more) {
			rc = err_sys(err, ENOMEM, "%s", cache);
			continue;
		}
		*images = more;
		*count += read_image(cache, e->d_name, &more[*count]);
	}
	closedir(d);
	if (!rc)
		qsort(*images, *count, sizeof(**images), compare_age);
	return rc;
}

int image_find(const char *name, struct image *image, struct err *err)
{
	struct image *images;
	size_t count;
	int rc = image_list(&images, &count, err);
	bool found = false;

	for (size_t i = 0; !rc && i < count; i++)
		if (images[i].current && strcmp(images[i].name, name) == 0) {
			*image = images[i];
			found = true;
		}
	free(images);
	if (rc || found)
		return rc;
	return err_set(err, ENOENT,
		       "there is no image '%s' yet: `vazao image build %s` "
		       "makes it",
		       name, name);
}

int image_remove(const struct image *image, struct err *err)
{
	return cache_remove(image->dir, err);
}

/*
 * Making one.
 */

/* "linux-0123456789abcdef": by recipe and packages. */
static int name_dir(char dir[static PATH_MAX], const char *cache,
		    const struct recipe *recipe, const char *packages,
		    struct err *err)
{
	int n = snprintf(dir, PATH_MAX, "%s/%s-%016" PRIx64, cache,
			 recipe->name, hash_text(FNV_START, packages));

	return n < PATH_MAX ? 0 : err_set(err, ENAMETOOLONG, "%s", cache);
}

/* The file "packages" as apt would have it now. */
static int resolve(struct apt *apt, const struct recipe *recipe, char **text,
		   struct err *err)
{
	char first[32], *lines;
	int rc = apt_resolve(apt, recipe->packages, &lines, err);

	if (rc)
		return rc;
	format_first_line(recipe, first);
	if (asprintf(text, "%s\n%s", first, lines) < 0)
		rc = err_sys(err, ENOMEM, "an image");
	free(lines);
	return rc;
}

/* Under the lock. */
static int make_newest(const struct image_build *build,
		       const struct recipe *recipe, const char *cache,
		       bool *made, struct err *err)
{
	char state[PATH_MAX + 8], dir[PATH_MAX], *packages = NULL;
	struct apt *apt;
	int rc;

	snprintf(state, sizeof(state), "%s/apt", cache);
	rc = apt_open(&apt, state, err);
	if (rc)
		return rc;
	rc = resolve(apt, recipe, &packages, err);
	if (!rc)
		rc = name_dir(dir, cache, recipe, packages, err);
	if (!rc && access(dir, F_OK) < 0) {
		*made = true;
		rc = make_image(&(struct make_args){ .recipe = recipe,
						     .build = build,
						     .apt = apt,
						     .packages = packages,
						     .cache = cache,
						     .dir = dir },
				err);
	}
	free(packages);
	apt_close(apt);
	return rc;
}

int image_make(const struct image_build *build, struct image *image, bool *made,
	       struct err *err)
{
	const struct recipe *recipe = find_recipe(build->name);
	char cache[PATH_MAX];
	int lock_fd, rc;

	*made = false;
	if (!recipe)
		return err_set(err, EINVAL,
			       "there is no image '%s': `vazao image list` "
			       "names them",
			       build->name);
	rc = cache_open(cache, err);
	if (!rc)
		rc = cache_lock(cache, &lock_fd, err);
	if (rc)
		return rc;
	rc = make_newest(build, recipe, cache, made, err);
	close(lock_fd);
	if (rc)
		return err_wrap(err, "image %s", build->name);
	return image_find(build->name, image, err);
}

int image_ensure(const struct image_build *build, struct image *image,
		 struct err *err)
{
	bool made;

	if (image_find(build->name, image, NULL) == 0)
		return 0;
	return image_make(build, image, &made, err);
}
