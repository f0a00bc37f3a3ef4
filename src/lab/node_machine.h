/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * node_machine.h - a node that lives in a machine of QEMU's (machine.h): a
 * guest, a native host, dom0, domU. Called by the kinds of path.
 */
#ifndef VAZAO_LAB_NODE_MACHINE_H
#define VAZAO_LAB_NODE_MACHINE_H

#include "lab/machine.h"
#include "lab/node.h"

struct machine_node_args {
	const char *name;
	const char *kind;	 /* "qemu", "xen" */
	struct machine *machine; /* outlives the node, or: */
	bool owns;		 /* goes with it */
	int line;
};

int machine_node_new(struct lab_node **node,
		     const struct machine_node_args *args, struct err *err);

#endif
