/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * toolstack.h - how a netback that serves many guests is told of each: what
 * xl writes into xenstore for a new vif comes as one message on a SOCK_SEQPACKET
 * socket,
 *
 *   "DOMID MAC [VLAN]", such as "3 00:16:3e:00:00:03" or
 *   "3 00:16:3e:00:00:03 103" for an access port of VLAN 103 (netback.h)
 *
 * with one descriptor (SCM_RIGHTS), the xenbus socket (xenbus.h) to the guest's
 * netfront. The vif is vif<DOMID>.0. The socket's end is netback's end.
 *
 * Called by netback.c and tests; whoever starts netback speaks the other side.
 */
#ifndef VAZAO_XEN_TOOLSTACK_H
#define VAZAO_XEN_TOOLSTACK_H

#include <stdint.h>

#include "base/err.h"

struct toolstack_device {
	uint16_t domid; /* 1 to 32751 */
	uint8_t mac[6];
	uint16_t vlan; /* 1 to 4094; 0: as netback_args has it */
	int xenbus_fd; /* the caller's */
};

/* 1; 0 where there is nothing; -EPIPE at the end; -EPROTO for what is no such
 * message, which is passed over. Never blocks. */
int toolstack_receive(int fd, struct toolstack_device *device, struct err *err);

#endif
