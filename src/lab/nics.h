/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nics.h - the lab's cables where the plan names interfaces of the host's own
 * (link.nics): how they are shared out among the paths.
 *
 *   paths without spread   each cable that a path would make is the next one
 *                          of the plan's list; so guests of the driver domain
 *                          share one, and every native path takes its own
 *   paths with spread      all share the first ones of the list, which lie in
 *                          the driver domain's namespace: VLANs, and routes'
 *                          subnets, keep them apart; native agents live there,
 *                          too. A bond is not shared: as without spread
 *
 * No plan has both. Called by lab.c and uplink.c.
 */
#ifndef VAZAO_LAB_NICS_H
#define VAZAO_LAB_NICS_H

#include <stdbool.h>

#include "base/nic_cable.h"
#include "lab/cable.h"
#include "lab/vlan.h"

/* What paths with spread have in common. */
struct nics_trunk {
	struct lab_cable cable;
	char near[IFNAMSIZ]; /* M1's side; "": not plugged yet */
	bool has_address;    /* of routes */
	struct vlan_trunk *near_vlans, *far_vlans; /* NULL: none yet */
	enum vlan_means means;
};

struct nics {
	bool shared; /* paths have spread */
	int used;    /* of the list, where not */
	struct nics_trunk trunk[NIC_CABLES_MAX];
	int lanes;	 /* VLANs given out so far */
	char text[1024]; /* lab_nics() */
};

/* -EINVAL where the paths do not go together. */
int nics_prepare(struct lab *lab, struct err *err);
void nics_close(struct nics *nics);

/* What paths with spread share; NULL: each has its own. */
struct nics *nics_of(struct lab *lab);

/* Shall this cable be of the host's interfaces? */
bool nics_wanted(const struct lab *lab, const struct lab_cable *cable);

/*
 * Instead of a veth pair: borrows both interfaces, gives them names and MACs,
 * waits for their link and for a frame that passes from the one to the other.
 * -ENODEV where the list has no further one, -ENOLINK where nothing passes.
 */
int nics_plug(struct lab *lab, struct lab_cable *cable,
	      const struct link_spec *near, const struct link_spec *far,
	      struct err *err);

#endif
