/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * initrd.h - a machine's first file system: an image's archive, and behind it
 * one of the lab's own with the agent as /init. A kernel unpacks both.
 * Called by machine.c, exact.c and node_xl.c.
 */
#ifndef VAZAO_LAB_INITRD_H
#define VAZAO_LAB_INITRD_H

#include "base/err.h"

/* A file more, "errand". */
struct initrd_text {
	const char *name, *text;
};

/* Written to fd from where it stands. `text` as below. */
int initrd_write(int fd, const char *image_dir, const char *agent_path,
		 const struct initrd_text *text, struct err *err);

/* *fd: an anonymous memory file, the caller's to close also on failure; -1
 * where there is none. `text`: ended by name == NULL; or NULL. */
int initrd_make(int *fd, const char *image_dir, const char *agent_path,
		const struct initrd_text *text, struct err *err);

#endif
