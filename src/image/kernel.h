/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kernel.h - the kernel itself, out of the file that a boot loader takes.
 * Called by make.c alone.
 *
 * A bzImage unpacks itself as it boots, and Xen and xl unpack it for a guest:
 * under tcg that is seconds of every boot. The ELF file in it boots as it is,
 * by QEMU (PVH), by Xen and by xl.
 */
#ifndef VAZAO_IMAGE_KERNEL_H
#define VAZAO_IMAGE_KERNEL_H

#include <limits.h>

#include "base/err.h"

/*
 * Unpacks `image`, a bzImage of boot protocol 2.08 or later, into the file
 * `to`; `dir` is for what lies between. -EINVAL where it is none; -ENOPKG,
 * naming the package, where the program is missing that unpacks it.
 */
int kernel_unpack(const char *image, const char *dir, const char *to,
		  struct err *err);

#endif
