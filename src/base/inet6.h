/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inet6.h - IPv6 addresses of an interface of the calling thread's network
 * namespace; by rtnetlink without a library, for the agent inside a guest.
 *
 * Called by the agent (op_node.c).
 */
#ifndef VAZAO_BASE_INET6_H
#define VAZAO_BASE_INET6_H

#include "base/err.h"

/*
 * "fd00::1/64", beside what is there, and usable at once: without duplicate
 * address detection (RFC 4862, 5.4). Turns IPv6 on where the interface has it
 * off, and has it ask no router and make up no address of its own, so that
 * nothing is sent that nobody asked for. -EINVAL also where the interface's
 * MTU is under 1280: the kernel then has no IPv6 on it.
 */
int inet6_add_address(const char *ifname, const char *address, struct err *err);

#endif
