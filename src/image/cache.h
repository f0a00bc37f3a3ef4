/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cache.h - the directory where images are kept. Called by image.c alone.
 */
#ifndef VAZAO_IMAGE_CACHE_H
#define VAZAO_IMAGE_CACHE_H

#include <limits.h>
#include <stdint.h>

#include "base/err.h"

/* ".../vazao/images"; made where it is not there yet. */
int cache_open(char dir[static PATH_MAX], struct err *err);

/* One builder at a time: waits for the other. *fd: close() lets go. */
int cache_lock(const char *dir, int *fd, struct err *err);

/* A new, empty directory in it, "tmp.XXXXXX", and the room left on its disk.
 * Remains of builders that died are removed first: call it under the lock. */
int cache_make_scratch(const char *dir, char scratch[static PATH_MAX],
		       int64_t *free_bytes, struct err *err);

/* A directory with all that is in it. */
int cache_remove(const char *dir, struct err *err);

/* Whole file, NUL-ended, malloc'ed. */
int cache_read_file(const char *dir, const char *name, char **text,
		    struct err *err);
int cache_write_file(const char *dir, const char *name, const void *bytes,
		     size_t size, struct err *err);

/* What the files of a directory take. */
int64_t cache_measure(const char *dir);

#endif
