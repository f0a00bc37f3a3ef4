/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * driver_kernel.h - a driver domain with a kernel of its own, for VLANs that
 * the host's kernel cannot make (its module 8021q): User Mode Linux, with a
 * VLAN device and a bridge for each guest.
 *
 *   vif1.0 --- vec1 - xenbr.101 - vec0.101 - vec0 --- trunk1 - xenbr1 - peth1
 *   netback's  |          the driver domain's            |  a TAP    a bridge
 *   TAP, by a packet socket       kernel                              for tags
 *
 * vif1.0 and trunk1 are TAPs in the namespace of the driver domain, which has
 * no part in it else. netback is the host's process, as ever.
 *
 * It is a node of the lab's; nobody speaks with its agent. Called by
 * domain_uplink.c and node_domU.c.
 */
#ifndef VAZAO_LAB_DRIVER_KERNEL_H
#define VAZAO_LAB_DRIVER_KERNEL_H

#include "lab/lab.h"
#include "lab/links.h"

/* Frames of its interfaces; VLAN tags not among them. */
#define DRIVER_KERNEL_MTU 9000

/* 0: there is such a kernel, with 8021q. -ENOPKG, naming the package. */
int driver_kernel_probe(struct err *err);

/* The lab owns it. `netns`: where the TAPs are. */
int driver_kernel_add(struct lab *lab, const char *name,
		      struct lab_netns *netns, struct lab_node **node,
		      struct err *err);

/* All trunks, then lanes; before it runs. */
int driver_kernel_add_trunk(struct lab_node *node, const char *tap,
			    struct err *err);
int driver_kernel_add_lane(struct lab_node *node, int trunk, int vlan,
			   const char *vif, struct err *err);

/* Boots it unless it runs; -EPIPE with its last words where it does not. */
int driver_kernel_run(struct lab_node *node, struct err *err);
int driver_kernel_check(struct lab_node *node, struct err *err);

#endif
