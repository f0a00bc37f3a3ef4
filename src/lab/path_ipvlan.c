/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A container that shares its host's MAC (Docker's network driver ipvlan):
 * frames go by their IP address.
 *
 *   container: eth0 (ipvlan on) host: eth0 ==cable== M2
 *
 * Mode l2 is on the cable's subnet, as macvlan is. Modes l3 and l3s route:
 * the container has a subnet of its own, M2 knows the way there by the host's
 * address, and l3s passes the host's netfilter, too.
 */
#include <string.h>

#include "lab/container.h"

static const char *const modes[] = { "l2", "l3", "l3s", NULL };

static int join_routed(struct container *c, struct err *err)
{
	int rc = container_route_back(c, err);

	return rc ? rc
		  : container_join_subnet(c, CONTAINER_OWN, CONTAINER_GATEWAY,
					  err);
}

static int build_ipvlan(struct lab *lab, struct lab_path *path, struct err *err)
{
	const char *mode = path_get_choice(path, "mode");
	struct container c;
	struct link_spec own = { .ifname = CONTAINER_ETH0 };
	int rc = container_create(lab, path, &c, err);

	if (rc)
		return rc;
	container_set_stacked(&c);
	own.netns = c.node->netns;
	rc = link_add_ipvlan(&own, c.host, CONTAINER_ETH0, mode, err);
	if (rc)
		return rc;
	return strcmp(mode, "l2") == 0 ? container_join_cable(&c, err)
				       : join_routed(&c, err);
}

static const struct kind_option options[] = {
	{ .key = "mode",
	  .choices = modes,
	  .fallback = "l2",
	  .help = "by the neighbor's MAC, or routed on the host" },
	{ 0 },
};

const struct path_ops path_ipvlan = {
	.kind = {
		.name = "ipvlan",
		.help = "a container that shares its host's MAC, told apart by "
			"its address",
		.options = options,
	},
	.build = build_ipvlan,
};
