/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire.h - have interfaces a link, and are two joined by a cable? Called by
 * nics.c, driver_kernel.c.
 */
#ifndef VAZAO_LAB_WIRE_H
#define VAZAO_LAB_WIRE_H

#include "lab/links.h"

/* Both are up. Waits until both have a carrier: drivers agree on a speed in
 * seconds. -ENOLINK, naming the one that has none, after 15 s. */
int wire_await_link(const struct link_spec *a, const struct link_spec *b,
		    struct err *err);

/*
 * Sends frames (broadcast, of IEEE's type for local experiments) from the one
 * until one of them comes in by the other. -ENOLINK after 3 s.
 */
int wire_check(const struct link_spec *from, const struct link_spec *to,
	       struct err *err);

#endif
