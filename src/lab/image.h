/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * image.h - a guest's first file system, built in memory: a cpio archive of
 * format "newc" (SVR4 without CRC; linux/Documentation/driver-api/early-
 * userspace/buffer-format.rst), as every Linux kernel unpacks it at boot.
 *
 * Called by the nodes that boot guests. Reproducible: the same calls with the
 * same contents give the same bytes, whatever the files' owners and times
 * are (all is root's, of 1970-01-01). Nothing is written to disk.
 */
#ifndef VAZAO_LAB_IMAGE_H
#define VAZAO_LAB_IMAGE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct image;

int image_create(struct image **image, struct err *err);
void image_free(struct image *image); /* NULL is fine */

/*
 * Names are relative ("dev/console"), directories before what is in them. An
 * error is kept: after one, every further call gives it again.
 */
int image_add_dir(struct image *image, const char *name, struct err *err);
int image_add_char_device(struct image *image, const char *name, dev_t device,
			  struct err *err);

/* The bytes of the host's file `source`, with `mode`'s permissions. */
int image_add_file(struct image *image, const char *name, mode_t mode,
		   const char *source, struct err *err);

/* Ends the archive: nothing can be added then (-EINVAL). The bytes stay the
 * image's. */
int image_finish(struct image *image, const void **bytes, size_t *size,
		 struct err *err);

/* As image_finish(), into an anonymous memory file (close-on-exec). */
int image_to_memory_file(struct image *image, int *fd, struct err *err);

#endif
