/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * node_domU.h - a guest behind Xen's split network driver: another node, whose
 * agent it is, and the pair netfront and netback that its frames pass.
 *
 * Called by path_domU.c. The guest and the pair are started, and restarted,
 * together.
 */
#ifndef VAZAO_LAB_NODE_DOMU_H
#define VAZAO_LAB_NODE_DOMU_H

#include "lab/node.h"
#include "lab/split_driver.h"

struct domU_node_args {
	struct lab_node *guest; /* taken over, also on failure */
	/* Where netfront's eth0 is, if that is not the guest's own namespace:
	 * taken over as well; else NULL. */
	struct lab_netns *wire;
	struct lab_node *lead; /* a domU node that it shares netback with; NULL:
				* this one is the first */
	struct lab_node *kernel; /* driver_kernel.h: to run with it; or NULL */
	struct split_driver_args driver; /* front, lead: filled in here */
};

int domU_node_new(struct lab_node **node, const struct domU_node_args *args,
		  struct err *err);

/* Starts the pair without an agent, for whoever enters the node. */
int domU_node_connect(struct lab_node *node, struct err *err);

/* split_driver_pid() */
pid_t domU_node_pid(struct lab_node *node, const char *program);

int domU_node_read_counters(struct lab_node *node, json_t **counters,
			    struct err *err);

#endif
