/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A container with a MAC of its own on its host's interface (Docker's network
 * driver macvlan): frames go by their MAC, the host's stack sees none.
 *
 *   container: eth0 (macvlan on) host: eth0 ==cable== M2
 */
#include "lab/container.h"

static int build_macvlan(struct lab *lab, struct lab_path *path,
			 struct err *err)
{
	struct container c;
	struct link_spec own = { .ifname = CONTAINER_ETH0 };
	char mac[18];
	int rc = container_create(lab, path, &c, err);

	if (rc)
		return rc;
	lab_format_mac(&c.cable, 2, mac);
	container_set_stacked(&c);
	own.netns = c.node->netns;
	own.mac = mac;
	rc = link_add_macvlan(&own, c.host, CONTAINER_ETH0, err);
	return rc ? rc : container_join_cable(&c, err);
}

const struct path_ops path_macvlan = {
	.kind = {
		.name = "macvlan",
		.help = "a container with a MAC of its own on its host's "
			"interface, past the host's stack",
	},
	.build = build_macvlan,
};
