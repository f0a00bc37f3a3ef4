/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zero_copy.h - sending a lane's buffer without copying it into the kernel:
 *   msg_zerocopy  send(MSG_ZEROCOPY): the pages are pinned; the kernel tells
 *		   on the error queue when it is done with them, and that has
 *		   to be read. It copies after all where the data goes to a
 *		   socket of the same kernel.
 *   sendfile	   from a memfd that holds the message
 *   splice	   vmsplice() into a pipe, splice() from there
 * The buffer is never changed, so that it may be sent again at once.
 *
 * Called by end.c and by the streams.
 */
#ifndef VAZAO_WORKLOAD_ZERO_COPY_H
#define VAZAO_WORKLOAD_ZERO_COPY_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "workload/lane.h"

/* By the point's zero_copy; the lane has its flows and its buffer. */
int zero_copy_open(struct lane *lane, struct err *err);
void zero_copy_close(struct lane *lane);

/* As send(): how much of the buffer's first `size` bytes the socket took. */
ssize_t zero_copy_send(struct lane *lane, int fd, size_t size);

#endif
