/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * node_machine.h - a node that lives in a machine of QEMU's (machine.h): a
 * guest, a native host, dom0, domU. Called by the kinds of path.
 */
#ifndef VAZAO_LAB_NODE_MACHINE_H
#define VAZAO_LAB_NODE_MACHINE_H

#include "lab/machine.h"
#include "lab/node.h"
#include "lab/path.h"

struct machine_node_args {
	const char *name;
	const char *kind;	 /* "qemu", "xen" */
	struct machine *machine; /* outlives the node, or: */
	bool owns;		 /* goes with it */
	int line;
};

int machine_node_new(struct lab_node **node,
		     const struct machine_node_args *args, struct err *err);

/*
 * A machine with one node in it, `name`, that the lab owns; booted, not waited
 * for. Fills image, lines and words of args, the rest is the caller's.
 */
int machine_node_add(struct lab *lab, const char *name,
		     struct machine_args *args, struct lab_node **node,
		     struct err *err);

#endif
