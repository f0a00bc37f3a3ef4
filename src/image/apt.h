/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * apt.h - Debian packages by apt: which there are, and their files.
 *
 * apt checks what it downloads against the archive's signature. Nothing is
 * installed, no root is needed. Where the machine's own package lists are
 * missing (a fresh container), apt gets lists of its own below `state`.
 * Called by this room alone.
 */
#ifndef VAZAO_IMAGE_APT_H
#define VAZAO_IMAGE_APT_H

#include "base/err.h"

struct apt;

/* `state`: a directory, made when it is needed. */
int apt_open(struct apt **apt, const char *state, struct err *err);
void apt_close(struct apt *apt); /* NULL is fine */

/*
 * The packages' newest versions, as lines "FILE SHA256" in the order of
 * FILE, where FILE has name, version and architecture in it. A name that
 * ends in "*" (linux-image-amd64*) stands for the one package of that line
 * that it depends on: the kernel behind the name that moves.
 * *lines malloc'ed. -ENOPKG where there is no apt, -EIO with apt's own words.
 */
int apt_resolve(struct apt *apt, const char *const *packages, char **lines,
		struct err *err);

/* The .deb files of what apt_resolve() found, into dir. */
int apt_download(struct apt *apt, const char *dir, struct err *err);

#endif
