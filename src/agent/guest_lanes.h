/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guest_lanes.h - the network of a guest that is a driver domain: a VLAN device
 * for each of its own guests, on a bridge of its own. Called by guest.c alone,
 * as PID 1.
 */
#ifndef VAZAO_AGENT_GUEST_LANES_H
#define VAZAO_AGENT_GUEST_LANES_H

#include "base/err.h"

/* GUEST_LANES (base/guest.h): "vec0.101=vec1:vec0.102=vec2"; NULL: none. */
int guest_add_lanes(const char *text, struct err *err);

#endif
