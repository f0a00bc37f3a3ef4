/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * driver_domain.h - dom0's network, shared by the paths dom0 and all guests.
 *
 * Called by kinds of path from build() (path.h). Made on the first call, it
 * lives as long as the lab.
 */
#ifndef VAZAO_LAB_DRIVER_DOMAIN_H
#define VAZAO_LAB_DRIVER_DOMAIN_H

#include "lab/path.h"

/*
 * The driver domain, as figure 1 of the 2007 study draws it: node "dom0" with
 * eth0 / vif0.0, xenbr0 and peth0, the end of its cable to M2. Made by the
 * first path that asks for it; dom0 and all guests share it.
 */
struct driver_domain {
	struct lab_node *node; /* eth0 is .1 on the cable */
	struct lab_cable cable;
	int vifs;	   /* guests so far: the next is vif<vifs + 1>.0 */
	int peths;	   /* cables of uplinks so far: from peth1 on */
	struct err broken; /* why it could not be built: told to every path */
	const char *owner; /* the path of kind dom0, if there is one */
};
int lab_get_driver_domain(struct lab *lab, struct driver_domain **domain,
			  struct err *err);

/*
 * The next guest's virtual interface: names the back end "vif<n>.0", gives
 * the guest's MAC and its address (.<1+n>), and adds the hops vif<n>.0 -
 * xenbr0 - peth0 - M2's plug to the path and M2 as its far end. The caller
 * makes the interface of that name (for a TAP: driver_domain_add_tap(), else
 * in domain->node->netns with the MAC BACKEND_MAC, enslaved to BRIDGE_NAME)
 * and calls path_set_m1(); what lies on the guest's side of vif<n>.0 and is
 * not the guest's own eth0, it adds as a hop before this call. `flags` of a
 * TAP: link_add_tap().
 */
#define BRIDGE_NAME "xenbr0"

/* Of every back end and of peth0, as Xen's network-bridge script sets it. */
#define BACKEND_MAC "fe:ff:ff:ff:ff:ff"

struct driver_vif {
	int domid;
	char ifname[IFNAMSIZ]; /* "vif1.0" */
	char bridge[IFNAMSIZ]; /* that it is a port of; "": none */
	char mac[18];	       /* the guest's eth0 */
	char address[16];
	int vlan;	  /* that netback tags its frames with; 0: none */
	char gateway[16]; /* the guest's way to `beyond`; "": it needs none */
	char beyond[16];
};
int driver_domain_add_vif(struct lab *lab, struct lab_path *path,
			  struct driver_vif *vif, struct err *err);

/*
 * The same where the path has an uplink of its own (uplink.h), opened by
 * driver_domain_open_uplink():
 *
 *   kernel 8021q   vif1.0 - xenbr1.101 - peth1.101 - peth1
 *   else           vif1.0 (netback tags) - xenbr1 - peth1
 *   routes         vif1.0 - xenbr1, the guest's gateway, and dom0's routes by
 *                  peth1, peth2 ...
 */
struct uplink;
int driver_domain_name_vif(struct driver_domain *domain, struct driver_vif *vif,
			   struct err *err); /* its names and MAC alone */
int driver_domain_open_uplink(struct lab *lab, struct lab_path *path,
			      struct uplink *uplink, struct err *err);
int driver_domain_add_lane(struct uplink *uplink, struct driver_vif *vif,
			   struct err *err);

int driver_domain_add_tap(struct driver_domain *domain,
			  const struct driver_vif *vif, int flags,
			  struct err *err);

#endif
