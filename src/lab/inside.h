/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inside.h - the lab's own memory, for lab.c, hops.c and driver_domain.c.
 * Kinds of node and path use path.h and node.h alone.
 */
#ifndef VAZAO_LAB_INSIDE_H
#define VAZAO_LAB_INSIDE_H

#include "image/image.h"
#include "lab/driver_domain.h"
#include "lab/machine.h"
#include "lab/nics.h"
#include "lab/path.h"

#define LAB_NODES_MAX  512
#define LAB_CABLES_MAX 250 /* a subnet 10.77.n.0/24 each */
#define LAB_IMAGES_MAX 4

/* The two ends of a cable: where its rate is set. */
struct lab_plug {
	struct lab_netns *netns;
	char ifname[IFNAMSIZ];
	bool tagged;
};

/* The machine that runs Xen, for the paths to its dom0 and its domU
 * (path_xen.c); the first of them makes it. */
struct xen_host {
	struct machine *machine;
	struct lab_cable cable;
	bool plain_bridge; /* of its dom0's network, as its first path has it */
	struct err broken; /* why it could not be made: told to every path */
};

struct lab {
	struct lab_args args; /* its strings are the caller's */
	cpu_set_t cpus;	      /* all that it may use */
	struct lab_node *m2;
	struct lab_node *node[LAB_NODES_MAX]; /* without M2 */
	size_t nodes;
	struct lab_plug plug[LAB_CABLES_MAX][2];
	int cables;
	int subnets;			    /* lab_take_subnet() */
	struct driver_domain domain;	    /* node == NULL: not made */
	struct xen_host xen;		    /* machine == NULL: not made */
	struct image image[LAB_IMAGES_MAX]; /* lab_find_image() */
	int images;
	struct nics nics;
	struct lab_path *path; /* [args.paths] */
	bool outside;	       /* outside.h */
	char steering[512];    /* lab_steering() */
};

#endif
