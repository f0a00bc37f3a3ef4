/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The driver domain's side of uplinks: which bridge a guest's vif is on. */
#include "lab/driver_domain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lab/driver_kernel.h"
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

/*
 * A kernel of the driver domain's own, with its end of each trunk.
 */

static int add_trunk(const struct uplink *u, int i, struct err *err)
{
	char ifname[IFNAMSIZ], bridge[IFNAMSIZ];
	const struct link_spec tap = { u->netns, ifname, BACKEND_MAC };
	int rc;

	snprintf(ifname, sizeof(ifname), "trunk%d", u->first + i);
	name_bridge(u, i, bridge);
	rc = link_add_tap(&tap, 0, err);
	if (!rc)
		rc = link_enslave(u->netns, ifname, bridge, err);
	return rc ? rc : driver_kernel_add_trunk(u->kernel, ifname, err);
}

/* "8021q": wherever it is to be had. */
static int wants_kernel(const struct lab *lab, const struct lab_path *path,
			bool *wants, struct err *err)
{
	const char *tags = path_get_choice(path, "tags");
	enum vlan_means means = VLAN_KERNEL;
	int rc = 0;

	if (tags && strcmp(tags, "8021q") == 0)
		rc = vlan_choose(lab_m2(lab)->netns, "auto", &means, err);
	*wants = means != VLAN_KERNEL || (tags && strcmp(tags, "guest") == 0);
	return rc;
}

static int add_kernel(struct lab *lab, struct lab_path *path,
		      struct uplink_args *args, struct err *err)
{
	enum uplink_spread spread;
	char name[LAB_NAME_MAX];
	bool wants = false;
	int rc = uplink_read_spread(path, &spread, err);

	if (!rc)
		rc = wants_kernel(lab, path, &wants, err);
	if (rc || !wants)
		return rc;
	if (spread != UPLINK_VLAN || nics_of(lab))
		return err_set(err, EINVAL,
			       "tags: a driver domain's own kernel goes with "
			       "spread: vlan, without link.nics");
	rc = driver_kernel_probe(err);
	if (rc)
		return err_wrap(err, "tags: 8021q of the driver domain's own "
				     "kernel");
	snprintf(name, sizeof(name), "%.*s-driver", LAB_NAME_MAX - 8,
		 path->name);
	path->kernel_mtu = DRIVER_KERNEL_MTU;
	return driver_kernel_add(lab, name, args->netns, &args->kernel, err);
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
	rc = add_kernel(lab, path, &args, err);
	if (!rc)
		rc = uplink_open(u, &args, err);
	if (!rc)
		rc = add_bridges(u, err);
	for (int i = 0; !rc && u->kernel && i < u->trunks; i++)
		rc = add_trunk(u, i, err);
	return rc;
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
	if (u->kernel)
		return driver_kernel_add_lane(u->kernel, lane->trunk,
					      lane->vlan, vif->ifname, err);
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

/* From the guest's back end to the trunk: its own bridge's, or that of tags. */
static int add_near_hops(const struct uplink *u, const struct uplink_lane *lane,
			 struct driver_vif *vif, struct err *err)
{
	char trunk[IFNAMSIZ];
	int rc = path_add_hop(u->path, HOP_PORT, u->netns, vif->ifname, err);

	snprintf(trunk, sizeof(trunk), "trunk%d", u->first + lane->trunk);
	if (!rc && u->kernel)
		rc = path_add_hop(u->path, HOP_PORT, u->netns, trunk, err);
	if (!rc)
		rc = path_add_hop(u->path, HOP_BRIDGE, u->netns, vif->bridge,
				  err);
	if (!rc && lane->near[0])
		rc = path_add_hop(u->path, HOP_PORT, u->netns, lane->near, err);
	if (u->kernel)
		vif->bridge[0] = '\0'; /* it is no port of this one */
	return rc;
}

int driver_domain_add_lane(struct uplink *u, struct driver_vif *vif,
			   struct err *err)
{
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
		rc = add_near_hops(u, &lane, vif, err);
	return rc ? rc : uplink_add_far_hops(u, &lane, err);
}
