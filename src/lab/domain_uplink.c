/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The driver domain's side of uplinks: which bridge a guest's vif is on. */
#include "lab/driver_domain.h"

#include <stdio.h>

#include "lab/inside.h"
#include "lab/uplink.h"

#define GATEWAY_HOST 254

static int add_bridge(struct lab_netns *netns, const char *name,
		      const char *port, struct err *err)
{
	const struct link_spec bridge = { netns, name, NULL };
	int rc = link_add_bridge(&bridge, err);

	return rc || !port ? rc : link_enslave(netns, port, name, err);
}

/* Of a trunk; of routes, which has none, the one. */
static void name_bridge(const struct uplink *u, int trunk,
			char name[static IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "xenbr%d", u->first + trunk);
}

/* Those that several guests share. */
static int add_bridges(const struct uplink *u, struct err *err)
{
	char name[IFNAMSIZ];
	int rc = 0;

	for (int i = 0; !rc && i < u->trunks; i++) {
		if (u->near_vlans[i]) /* a bridge for each VLAN */
			continue;
		name_bridge(u, i, name);
		rc = add_bridge(u->netns, name, u->near_trunk[i], err);
	}
	if (u->spread == UPLINK_ROUTES) {
		name_bridge(u, 0, name);
		rc = add_bridge(u->netns, name, NULL, err);
		if (!rc)
			rc = netns_set_sysctl(u->netns, "ipv4/ip_forward", "1",
					      err);
	}
	return rc;
}

int driver_domain_open_uplink(struct lab *lab, struct lab_path *path,
			      struct uplink *u, struct err *err)
{
	struct driver_domain *domain;
	struct uplink_args args = { .lab = lab,
				    .path = path,
				    .prefix = "peth" };
	int rc = lab_get_driver_domain(lab, &domain, err);

	if (rc)
		return rc;
	args.netns = domain->node->netns;
	args.first = 1 + domain->peths;
	domain->peths += (int)path_get_number(path, "cables");
	rc = uplink_open(u, &args, err);
	return rc ? rc : add_bridges(u, err);
}

static int add_lane_bridge(const struct uplink *u,
			   const struct uplink_lane *lane,
			   struct driver_vif *vif, struct err *err)
{
	name_bridge(u, lane->trunk, vif->bridge);
	if (lane->near[0]) {
		snprintf(vif->bridge, sizeof(vif->bridge), "xenbr%d.%d",
			 (u->first + lane->trunk) & 0xffff, lane->vlan);
		return add_bridge(u->netns, vif->bridge, lane->near, err);
	}
	if (u->spread == UPLINK_ROUTES)
		return link_add_address(u->netns, vif->bridge, vif->gateway, 24,
					err);
	vif->vlan = lane->vlan;
	return 0;
}

static void take_addresses(const struct uplink *u,
			   const struct uplink_lane *lane,
			   struct driver_vif *vif)
{
	snprintf(vif->address, sizeof(vif->address), "%s", lane->m1_address);
	if (u->spread != UPLINK_ROUTES)
		return;
	lab_format_subnet(lane->m1_subnet, GATEWAY_HOST, vif->gateway);
	snprintf(vif->beyond, sizeof(vif->beyond), "%s", lane->m2_address);
}

int driver_domain_add_lane(struct uplink *u, struct driver_vif *vif,
			   struct err *err)
{
	struct lab_path *path = u->path;
	struct driver_domain *domain;
	struct uplink_lane lane;
	int rc = lab_get_driver_domain(u->lab, &domain, err);

	if (!rc)
		rc = driver_domain_name_vif(domain, vif, err);
	if (!rc)
		rc = uplink_add_lane(u, &lane, err);
	if (rc)
		return rc;
	take_addresses(u, &lane, vif);
	rc = add_lane_bridge(u, &lane, vif, err);
	if (!rc)
		rc = path_add_hop(path, HOP_PORT, u->netns, vif->ifname, err);
	if (!rc)
		rc = path_add_hop(path, HOP_BRIDGE, u->netns, vif->bridge, err);
	if (!rc && lane.near[0])
		rc = path_add_hop(path, HOP_PORT, u->netns, lane.near, err);
	return rc ? rc : uplink_add_far_hops(u, &lane, err);
}
