/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cpio.h - a guest's first file system, built in memory: a cpio archive of
 * format "newc" (SVR4 without CRC; linux/Documentation/driver-api/early-
 * userspace/buffer-format.rst), as every Linux kernel unpacks it at boot.
 *
 * Called by image.c and by the nodes that boot guests. Reproducible: the same calls with the
 * same contents give the same bytes, whatever the files' owners and times
 * are (all is root's, of 1970-01-01). Nothing is written to disk.
 */
#ifndef VAZAO_IMAGE_CPIO_H
#define VAZAO_IMAGE_CPIO_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct cpio;

int cpio_create(struct cpio **image, struct err *err);
void cpio_free(struct cpio *image); /* NULL is fine */

/*
 * Names are relative ("dev/console"), directories before what is in them. An
 * error is kept: after one, every further call gives it again.
 */
int cpio_add_dir(struct cpio *image, const char *name, struct err *err);
int cpio_add_char_device(struct cpio *image, const char *name, dev_t device,
			 struct err *err);

/* The bytes of the host's file `source`, with `mode`'s permissions. */
int cpio_add_file(struct cpio *image, const char *name, mode_t mode,
		  const char *source, struct err *err);

/* `target` may be relative. */
int cpio_add_symlink(struct cpio *image, const char *name, const char *target,
		     struct err *err);
int cpio_add_text(struct cpio *image, const char *name, mode_t mode,
		  const char *text, struct err *err);

/* Ends the archive: nothing can be added then (-EINVAL). The bytes stay the
 * image's. */
int cpio_finish(struct cpio *image, const void **bytes, size_t *size,
		struct err *err);

/* As cpio_finish(), into an anonymous memory file (close-on-exec). */
int cpio_to_memory_file(struct cpio *image, int *fd, struct err *err);

#endif
