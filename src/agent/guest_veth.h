/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guest_veth.h - a veth pair, which busybox's ip cannot make: dom0's eth0 and
 * vif0.0, an errand's cable. Called by guest.c and errand*.c.
 */
#ifndef VAZAO_AGENT_GUEST_VETH_H
#define VAZAO_AGENT_GUEST_VETH_H

#include "base/err.h"

int guest_add_veth(const char *one, const char *other, struct err *err);

/* Into the network namespace of the process. */
int guest_move_link(const char *ifname, int pid, struct err *err);

#endif
