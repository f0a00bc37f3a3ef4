/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A container that its host routes, on no bridge, as Kubernetes' network
 * plugins without overlay and Docker's routed mode have it: every address is
 * known on the wire, nothing is translated.
 *
 *   container: eth0 == veth0 :host (forwards): eth0 ==cable== M2
 */
#include "lab/container.h"

static int build_veth(struct lab *lab, struct lab_path *path, struct err *err)
{
	struct container c;
	char gateway[16];
	int rc = container_create(lab, path, &c, err);

	if (!rc)
		rc = container_add_veth(&c, err);
	if (rc)
		return rc;
	container_format_address(&c, CONTAINER_GATEWAY, gateway);
	rc = link_add_address(c.host, CONTAINER_PORT, gateway, 24, err);
	if (!rc)
		rc = container_forward(&c, err);
	if (!rc)
		rc = container_route_back(&c, err);
	return rc ? rc
		  : container_join_subnet(&c, CONTAINER_OWN, CONTAINER_GATEWAY,
					  err);
}

const struct path_ops path_veth = {
	.kind = {
		.name = "veth",
		.help = "a container that its host routes: eth0 is one end of "
			"a veth pair, no bridge, no translation",
	},
	.build = build_veth,
};
