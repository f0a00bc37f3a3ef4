/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tree.h - what of unpacked packages goes into an image, in one order.
 *
 * Debian 12's /bin, /sbin, /lib and /lib64 are links into /usr; packages
 * still have files in both places. In the image all are below usr/.
 * Called by this room alone.
 */
#ifndef VAZAO_IMAGE_TREE_H
#define VAZAO_IMAGE_TREE_H

#include "base/err.h"
#include "image/cpio.h"

/*
 * Adds all files and links below `root` but those that match a pattern of
 * `skip` (fnmatch(3) on the name in the image, such as "usr/sha*"; a
 * directory that matches is left out with what is in it), with the
 * directories above them, sorted by name. With `only`, nothing but what
 * matches one of its patterns. Either may be NULL.
 */
struct tree_args {
	const char *root;
	const char *const *skip, *const *only;
};
int tree_add(struct cpio *cpio, const struct tree_args *args, struct err *err);

#endif
