/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control.h - asking a running netfront or netback for its counters: whatever
 * comes in on the socket is answered by one line of JSON. The descriptor is a
 * connected stream socket (a parent's socketpair) or a listening one.
 * Called by netfront and netback.
 */
#ifndef VAZAO_XEN_CONTROL_H
#define VAZAO_XEN_CONTROL_H

#include <jansson.h>

#include "base/err.h"
#include "xen/loop.h"

struct control;

/* A new reference, what is told. */
typedef json_t *control_answer(void *arg);

/* Takes fd over. */
int control_open(struct control **control, struct loop *loop, int fd,
		 control_answer *answer, void *arg, struct err *err);
void control_close(struct control *control);

#endif
