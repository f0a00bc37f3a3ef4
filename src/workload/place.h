/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * place.h - where the data connections of a point lead that do not go over
 * the path: a UNIX socket in a directory of its own below TMPDIR, which both
 * ends see if they are on one kernel with one file system; or a vsock, from a
 * guest to its host, or on one kernel if it has vsock_loopback.
 *
 * Called by conductor and follower.
 */
#ifndef VAZAO_WORKLOAD_PLACE_H
#define VAZAO_WORKLOAD_PLACE_H

#include "base/axis.h"
#include "base/err.h"
#include "workload/address.h"

struct place {
	char dir[ADDRESS_TEXT_MAX]; /* to be removed; "": none */
	char file[ADDRESS_TEXT_MAX];
};

/*
 * The conductor's: changes *address, which is the path's, where the point
 * wants so, and says in text[ADDRESS_TEXT_MAX] what the follower needs ("" if
 * nothing). -EOPNOTSUPP where the kernel has no such sockets.
 */
int place_choose(struct place *place, const struct point *point, char *text,
		 struct address *address, struct err *err);
void place_leave(struct place *place);

/* The follower's: `text` as the conductor said it; NULL and "" change
 * nothing. -EOPNOTSUPP where no way leads there. */
int place_find(const char *text, struct address *address, struct err *err);

#endif
