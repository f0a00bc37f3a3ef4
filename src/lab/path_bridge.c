/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A container on its host's bridge, its address translated, as Docker's
 * default network and rootful Podman's have it.
 *
 *   container: eth0 == veth0 - docker0 :host (masquerades): eth0 ==cable== M2
 */
#include "lab/container.h"

#define BRIDGE "docker0"

static int build_bridge(struct lab *lab, struct lab_path *path, struct err *err)
{
	struct container c;
	struct link_spec bridge = { .ifname = BRIDGE };
	char gateway[16], subnet[20];
	int rc = container_create(lab, path, &c, err);

	if (rc)
		return rc;
	bridge.netns = c.host;
	rc = link_add_bridge(&bridge, err);
	if (!rc)
		rc = container_add_veth(&c, err);
	if (!rc)
		rc = link_enslave(c.host, CONTAINER_PORT, BRIDGE, err);
	if (!rc)
		rc = path_add_hop(path, HOP_BRIDGE, c.host, BRIDGE, err);
	if (rc)
		return rc;
	container_format_address(&c, CONTAINER_GATEWAY, gateway);
	container_format_subnet(&c, subnet);
	rc = link_add_address(c.host, BRIDGE, gateway, 24, err);
	if (!rc)
		rc = netns_masquerade(c.host, subnet, BRIDGE, err);
	if (!rc)
		rc = container_forward(&c, err);
	return rc ? rc
		  : container_join_subnet(&c, CONTAINER_OWN, CONTAINER_GATEWAY,
					  err);
}

const struct path_ops path_bridge = {
	.kind = {
		.name = "bridge",
		.help = "a container on its host's bridge, its address "
			"masqueraded by nftables: Docker's default",
	},
	.build = build_bridge,
};
