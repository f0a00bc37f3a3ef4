/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/driver_domain.h"

#include <errno.h>
#include <stdio.h>

#include "lab/inside.h"

#define DOMAIN_NAME "dom0"
#define VIFS_MAX    250 /* of the cable's 254 addresses */

/*
 *            node dom0                                       node M2
 *   eth0 ---- vif0.0 - xenbr0 - peth0 ======= cable ======== ethN
 *                        |
 *              vif1.0 ---+   (guests)
 */
static int build_domain(struct lab *lab, struct driver_domain *domain,
			struct err *err)
{
	struct lab_netns *netns = domain->node->netns;
	struct link_spec eth0 = { netns, "eth0", NULL };
	const struct link_spec vif = { netns, "vif0.0", BACKEND_MAC };
	const struct link_spec peth = { netns, "peth0", BACKEND_MAC };
	const struct link_spec bridge = { netns, BRIDGE_NAME, NULL };
	char address[16], mac[18];
	int rc;

	rc = link_add_bridge(&bridge, err);
	if (!rc)
		rc = lab_add_cable(lab, &peth, &domain->cable, err);
	if (!rc)
		rc = link_enslave(netns, "peth0", BRIDGE_NAME, err);
	if (rc)
		return rc;
	/* the physical interface's MAC goes to eth0, as Xen has it */
	lab_format_mac(&domain->cable, 1, mac);
	eth0.mac = mac;
	rc = link_add_veth(&eth0, &vif, err);
	if (!rc)
		rc = link_enslave(netns, "vif0.0", BRIDGE_NAME, err);
	if (rc)
		return rc;
	lab_format_address(&domain->cable, 1, address);
	return link_add_address(netns, "eth0", address, 24, err);
}

int lab_get_driver_domain(struct lab *lab, struct driver_domain **domain,
			  struct err *err)
{
	struct driver_domain *made = &lab->domain;
	int rc;

	*domain = made;
	if (made->broken.code) {
		*err = made->broken;
		return -made->broken.code;
	}
	if (made->node)
		return 0;
	rc = netns_node_new(&made->node, DOMAIN_NAME, lab->args.self_path, err);
	if (rc)
		return rc;
	rc = lab_add_node(lab, made->node, err);
	if (rc)
		made->node = NULL;
	if (!rc)
		rc = build_domain(lab, made, err);
	if (rc)
		made->broken = *err;
	return rc;
}

static int add_far_hops(struct driver_domain *domain, struct lab_path *path,
			struct lab_node *m2, struct err *err)
{
	int rc = path_add_hop(path, HOP_BRIDGE, domain->node->netns,
			      BRIDGE_NAME, err);

	if (!rc)
		rc = path_add_hop(path, HOP_PORT, domain->node->netns, "peth0",
				  err);
	if (!rc)
		rc = path_add_hop(path, HOP_END, m2->netns,
				  domain->cable.m2_ifname, err);
	path_set_m2(path, m2, domain->cable.m2_ifname,
		    domain->cable.m2_address);
	return rc;
}

int driver_domain_name_vif(struct driver_domain *domain, struct driver_vif *vif,
			   struct err *err)
{
	if (domain->vifs == VIFS_MAX)
		return err_set(err, E2BIG, "more than %d guests", VIFS_MAX);
	*vif = (struct driver_vif){ .domid = ++domain->vifs,
				    .bridge = BRIDGE_NAME };
	snprintf(vif->ifname, sizeof(vif->ifname), "vif%u.0",
		 vif->domid & 0xffU);
	/* 00:16:3e: Xen's own prefix (OUI) for guests */
	snprintf(vif->mac, sizeof(vif->mac), "00:16:3e:00:00:%02x",
		 vif->domid & 0xffU);
	return 0;
}

int driver_domain_add_vif(struct lab *lab, struct lab_path *path,
			  struct driver_vif *vif, struct err *err)
{
	struct driver_domain *domain;
	int rc = lab_get_driver_domain(lab, &domain, err);

	if (!rc)
		rc = driver_domain_name_vif(domain, vif, err);
	if (rc)
		return rc;
	lab_format_address(&domain->cable, 1 + vif->domid, vif->address);
	rc = path_add_hop(path, HOP_PORT, domain->node->netns, vif->ifname,
			  err);
	return rc ? rc : add_far_hops(domain, path, lab->m2, err);
}

int driver_domain_add_tap(struct driver_domain *domain,
			  const struct driver_vif *vif, int flags,
			  struct err *err)
{
	const struct link_spec tap = { domain->node->netns, vif->ifname,
				       BACKEND_MAC };
	int rc = link_add_tap(&tap, flags, err);

	if (rc || !vif->bridge[0])
		return rc;
	return link_enslave(tap.netns, vif->ifname, vif->bridge, err);
}

/*
 * The path dom0 itself.
 */
static int build_dom0(struct lab *lab, struct lab_path *path, struct err *err)
{
	struct driver_domain *domain;
	char address[16];
	int rc = lab_get_driver_domain(lab, &domain, err);

	if (rc)
		return rc;
	if (domain->owner)
		return err_set(err, EEXIST,
			       "a lab has one driver domain, and path '%s' is "
			       "it already",
			       domain->owner);
	domain->owner = path->name;
	lab_format_address(&domain->cable, 1, address);
	path_set_m1(path, domain->node, "eth0", address);
	rc = path_add_hop(path, HOP_END, domain->node->netns, "eth0", err);
	if (!rc)
		rc = path_add_hop(path, HOP_PORT, domain->node->netns, "vif0.0",
				  err);
	return rc ? rc : add_far_hops(domain, path, lab->m2, err);
}

const struct path_ops path_dom0 = {
	.kind = {
		.name = "dom0",
		.help = "the driver domain: eth0/vif0.0 on the bridge xenbr0 "
			"with peth0, the cable's end",
	},
	.build = build_dom0,
};
