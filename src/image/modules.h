/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * modules.h - which kernel modules a guest needs, in the order of loading.
 * Called by this room, and by the nodes that boot a kernel with modules of
 * its own.
 */
#ifndef VAZAO_IMAGE_MODULES_H
#define VAZAO_IMAGE_MODULES_H

#include <stddef.h>

#include "base/err.h"
#include "image/cpio.h"

struct modules {
	char **path; /* "kernel/drivers/net/mii.ko", what others need first */
	size_t count;
};

/*
 * The closure of `names` (NULL-ended; "-" and "_" are alike) over modules.dep
 * as depmod(8) writes it. What the text `builtin` (modules.builtin) has is
 * part of the kernel and left out; what neither has is -ENOENT.
 */
int modules_close(struct modules *modules, const char *dep, const char *builtin,
		  const char *const *names, struct err *err);
void modules_free(struct modules *modules);

/*
 * Adds their files to the image as modules/NAME.ko, and their order of loading
 * as the file `list` (base/guest.h). `dir` is the kernel's: it holds
 * modules.dep, modules.builtin and what they name.
 */
struct modules_wanted {
	const char *dir;
	const char *const *names; /* NULL-ended */
	const char *list;	  /* "modules/order" */
};
int modules_add(struct cpio *cpio, const struct modules_wanted *wanted,
		struct err *err);

#endif
