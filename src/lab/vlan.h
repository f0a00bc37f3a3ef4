/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vlan.h - interfaces for the VLANs of a trunk (IEEE 802.1Q), in the trunk's
 * own namespace: what goes out by "eth1.101" leaves eth1 with tag 101, what
 * comes to eth1 with that tag comes in by "eth1.101" without it.
 *
 *   kernel  the kernel's own VLAN devices (its module 8021q)
 *   eBPF    where it has none: a veth's end, and a program at the trunk and at
 *           that end which takes the tag off, or puts it on, and hands the
 *           frame to the other interface. Needs CAP_BPF and CAP_NET_ADMIN,
 *           that is, root.
 *
 * Both show the same: the interface has the trunk's MAC, a frame of a VLAN
 * that is not there goes nowhere. One difference: in eBPF a frame that comes
 * in waits once more in its CPU's backlog.
 *
 * Called by uplink.c, inside a cage.
 */
#ifndef VAZAO_LAB_VLAN_H
#define VAZAO_LAB_VLAN_H

#include "base/err.h"
#include "lab/links.h"

#define VLAN_ID_MIN 1

enum vlan_means { VLAN_KERNEL, VLAN_EBPF };

/* "auto", "guest": the kernel's where it has them (tried out in `netns`), else eBPF;
 * "kernel" where it has none: -EOPNOTSUPP with what is missing. */
int vlan_choose(struct lab_netns *netns, const char *choice,
		enum vlan_means *means, struct err *err);

struct vlan_trunk;

/* The trunk is there and up. Its MAC: for the VLANs' interfaces. */
int vlan_trunk_open(struct vlan_trunk **trunk, const struct link_spec *link,
		    enum vlan_means means, struct err *err);

/* Makes the interface `ifname` for the VLAN; up. */
int vlan_trunk_add(struct vlan_trunk *trunk, int id, const char *ifname,
		   struct err *err);

/* Frees memory; interfaces and programs live as long as the namespace. */
void vlan_trunk_close(struct vlan_trunk *trunk);

/* vlan_ebpf.c, for vlan.c: the programs of one trunk. */
struct vlan_programs;
int vlan_programs_open(struct vlan_programs **programs,
		       const struct link_spec *trunk, struct err *err);
int vlan_programs_add(struct vlan_programs *programs, int id,
		      const char *ifname, struct err *err);
void vlan_programs_close(struct vlan_programs *programs);

#endif
