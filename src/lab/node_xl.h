/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * node_xl.h - a domU of the Xen that this machine runs: the machine itself is
 * dom0. xl(1) makes the domain; netback's two devices leave dom0's network
 * for a namespace of the lab by a hotplug script (xl.h): the first is the
 * path's, the second carries the agent's stream.
 *
 * The domain goes by xl destroy. Should vazao be killed, the domain's agent
 * loses its stream and shuts down; what is left of it then, the next lab
 * destroys.
 *
 * Called by path_xen_host.c.
 */
#ifndef VAZAO_LAB_NODE_XL_H
#define VAZAO_LAB_NODE_XL_H

#include "image/image.h"
#include "lab/links.h"
#include "lab/node.h"

struct xl_node_args {
	const char *name;
	const char *xl;	   /* xl_probe() */
	int host_netns_fd; /* where xl and its scripts run */
	const struct image *image;
	const char *agent_path;
	struct lab_netns *netns; /* the driver domain's */
	const char *vif, *mac, *bridge;
	int domid; /* 1, 2, ...: of the lab, not Xen's */
	int memory_mib;
};
int xl_node_new(struct lab_node **node, const struct xl_node_args *args,
		struct err *err);

#endif
