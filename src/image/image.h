/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * image.h - kernels and first file systems for guests, made of Debian
 * packages that apt downloads and verifies; nothing is installed, no root is
 * needed.
 *
 * An image is a directory below the user's cache directory ($XDG_CACHE_HOME
 * or ~/.cache, then vazao/images/):
 *
 *   kernel     vmlinuz
 *   initrd     a cpio archive (cpio.h), to which the lab appends the agent
 *   xen        the hypervisor, an ELF multiboot file; the image "xen" only
 *   packages   a line "recipe HASH", then the packages' files and SHA256
 *
 * The same packages and recipe give the same bytes on every machine. A
 * directory appears by rename(2), complete or not at all.
 *
 * Called by cmd/ (image, study, lab), and by the lab's nodes, which only look
 * for what is there: inside a cage there is no network.
 */
#ifndef VAZAO_IMAGE_IMAGE_H
#define VAZAO_IMAGE_IMAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct image {
	char name[32]; /* "linux" */
	char dir[PATH_MAX];
	char kernel[128]; /* the kernel's package file, without ".deb" */
	int64_t bytes;
	int64_t made_at_s; /* since 1970 */
	bool current;	   /* made by this program's recipe */
};

/* Names of all images that can be made, NULL-ended, with a line of help. */
struct image_kind {
	const char *name, *help;
};
const struct image_kind *image_kinds(void);

/* The newest of that name that fits this program. -ENOENT with what to run. */
int image_find(const char *name, struct image *image, struct err *err);

/*
 * Asks apt for the newest packages and makes the image if there is none of
 * them yet (*made tells). `say` hears what is being done, a line each; NULL:
 * nobody. -EIO with apt's words where it cannot be had, -ENOSPC, -ENOPKG with
 * the package that brings a missing program; what was there before stays.
 */
typedef void image_say(void *arg, const char *line);
struct image_build {
	const char *name;
	image_say *say;
	void *arg;
};
int image_make(const struct image_build *build, struct image *image, bool *made,
	       struct err *err);

/* image_find(), else image_make(). */
int image_ensure(const struct image_build *build, struct image *image,
		 struct err *err);

/* All images of the cache, oldest first; *images malloc'ed. */
int image_list(struct image **images, size_t *count, struct err *err);

/* Removes one that image_list() gave. */
int image_remove(const struct image *image, struct err *err);

#endif
