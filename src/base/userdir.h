/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * userdir.h - where vazao keeps what outlives a run, by the XDG Base Directory
 * Specification. Called by image, lab and cmd.
 */
#ifndef VAZAO_BASE_USERDIR_H
#define VAZAO_BASE_USERDIR_H

#include <limits.h>

#include "base/err.h"

enum userdir {
	USERDIR_CACHE, /* can be made again: $XDG_CACHE_HOME, ~/.cache */
	USERDIR_STATE  /* cannot: $XDG_STATE_HOME, ~/.local/state */
};

/*
 * The directory vazao/ in it, and `below` in that ("images"; "": vazao's own),
 * each made where it is not there yet. -ENOENT where no variable says where,
 * naming them; a variable that is no absolute path counts as none.
 */
int userdir_open(enum userdir which, const char *below,
		 char dir[static PATH_MAX], struct err *err);

#endif
