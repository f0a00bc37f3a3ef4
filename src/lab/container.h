/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * container.h - what the paths of containers share: a namespace whose only
 * interface is eth0, and the host that it is a container of, a namespace with
 * the cable's end.
 *
 *   node NAME              node NAME.host                     M2
 *     eth0 --- (the kind's own) --- eth0 ======= cable ======= ethN
 *
 * Each container has a host of its own, so that what one kind switches on there
 * (forwarding, connection tracking) costs no other path anything. M1 is the
 * container: its agent makes every connection, whichever way the data flow, so
 * that address translation needs no rule for what comes from outside.
 *
 * Called by the kinds of path of containers from build() (path.h): first
 * container_create(), or the two calls it is made of, then the kind's own
 * links and hops, at last one of the two joins.
 */
#ifndef VAZAO_LAB_CONTAINER_H
#define VAZAO_LAB_CONTAINER_H

#include "lab/path.h"
#include "lab/stacked.h"

/* The container's interface; and the host's, its end of the cable. */
#define CONTAINER_ETH0 "eth0"

struct container {
	struct lab *lab;
	struct lab_path *path;
	struct lab_node *node;	/* M1 */
	struct lab_netns *host; /* its eth0 is .1 on the cable */
	struct lab_cable cable;
	int subnet; /* behind the host: lab_take_subnet() */
};

/* The host with its end of the cable, and a container without an interface;
 * the lab owns both. The first hop is the container's eth0. */
int container_create(struct lab *lab, struct lab_path *path,
		     struct container *c, struct err *err);

/* Its two parts, for a kind whose container is a node of another kind: that
 * is taken over, also on failure. */
int container_create_host(struct lab *lab, struct lab_path *path,
			  struct container *c, struct err *err);
int container_adopt(struct container *c, struct lab_node *node,
		    struct err *err);

/* A pair between the container's eth0 and the host's veth0, the next hop. */
int container_add_veth(struct container *c, struct err *err);
#define CONTAINER_PORT "veth0"

/* eth0 stands on the host's: HOP_STACKED. */
void container_set_stacked(struct container *c);

/* The subnet behind the host, 10.78.<n>.0/24. */
#define CONTAINER_GATEWAY 1 /* where the host itself has an address there */
#define CONTAINER_OWN	  2
void container_format_address(const struct container *c, int host,
			      char address[static 16]);
void container_format_subnet(const struct container *c, char subnet[static 20]);

/* The host forwards; M2 knows the way back to the subnet. */
int container_forward(struct container *c, struct err *err);
int container_route_back(struct container *c, struct err *err);

/*
 * The last hops, the host's eth0 and M2's plug, and the ends. The container
 * is .`host` of the subnet, and its way out is .`gateway`; or it is on the
 * cable itself, as .2.
 */
int container_join_subnet(struct container *c, int host, int gateway,
			  struct err *err);
int container_join_cable(struct container *c, struct err *err);

#endif
