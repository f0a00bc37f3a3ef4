/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * modules.h - which kernel modules a guest needs, in the order of loading.
 * Called by this room alone.
 */
#ifndef VAZAO_IMAGE_MODULES_H
#define VAZAO_IMAGE_MODULES_H

#include <stddef.h>

#include "base/err.h"

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

#endif
