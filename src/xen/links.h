/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * links.h - hears of changed interfaces in the caller's network namespace
 * (rtnetlink), so that a driver can heed what ethtool set on its own.
 * Called by netfront and netback.
 */
#ifndef VAZAO_XEN_LINKS_H
#define VAZAO_XEN_LINKS_H

#include "base/err.h"
#include "xen/loop.h"

struct links {
	struct loop *loop;
	struct loop_source source;
	/* ifindex 0: any may have changed */
	void (*changed)(void *arg, int ifindex);
	void *arg;
};

/* The caller set `changed` and `arg`. */
int links_open(struct links *links, struct loop *loop, struct err *err);
void links_close(struct links *links);

#endif
