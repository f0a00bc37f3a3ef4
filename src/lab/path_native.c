/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The path without virtualization: eth0 of a namespace, the cable, M2. May be
 * taken several times under other names: an A/A comparison needs two.
 */
#include "lab/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <string.h>

#include "lab/driver_domain.h"
#include "lab/nics.h"
#include "lab/uplink.h"

/* A path that is known to be slower: what a validation has to find. */
static int pace(struct lab_path *path, struct err *err)
{
	int64_t percent = path_get_number(path, "percent");

	if (!percent || percent == 100)
		return 0;
	if (!path->link_bps)
		return err_set(err, EINVAL,
			       "%s: percent is of the plan's link.rate, which "
			       "is unlimited",
			       path->name);
	path->link_bps = path->link_bps / 100 * percent;
	return 0;
}

static int add_node(struct lab *lab, const char *name, struct lab_node **node,
		    struct err *err)
{
	int rc = netns_node_new(node, name, lab_get_args(lab)->self_path, err);

	return rc ? rc : lab_add_node(lab, *node, err);
}

/* A namespace, and a cable of its own. */
static int build_pair(struct lab *lab, struct lab_path *path, struct err *err)
{
	struct link_spec eth0 = { .ifname = "eth0" };
	struct lab_cable cable = { .bps = path->link_bps };
	char address[16], name[LAB_NAME_MAX];
	struct lab_node *node;
	int rc;

	path_format_node(path, name);
	rc = add_node(lab, name, &node, err);
	if (rc)
		return rc;
	eth0.netns = node->netns;
	rc = lab_add_cable(lab, &eth0, &cable, err);
	if (rc)
		return rc;
	lab_format_address(&cable, 1, address);
	path_set_m1(path, node, "eth0", address);
	path_set_m2(path, lab_m2(lab), cable.m2_ifname, cable.m2_address);
	rc = path_add_hop(path, HOP_END, node->netns, "eth0", err);
	if (!rc)
		rc = path_add_hop(path, HOP_END, lab_m2(lab)->netns,
				  cable.m2_ifname, err);
	return rc ? rc
		  : link_add_address(node->netns, "eth0", address, 24, err);
}

/*
 * Several nodes on one cable, as guests are on the driver domain's:
 *
 *   eth0 ---- port1 - br0 - uplink ======= cable ======== ethN
 *   eth0 ---- port2 ---+
 */
struct hub {
	struct lab_netns *netns;
	struct lab_cable cable;
};

static int build_hub(struct lab *lab, struct lab_path *path, struct hub *hub,
		     struct err *err)
{
	struct link_spec bridge = { .ifname = "br0" };
	struct link_spec uplink = { .ifname = "uplink" };
	char name[LAB_NAME_MAX];
	struct lab_node *node;
	int rc;

	snprintf(name, sizeof(name), "%.*s-switch", LAB_NAME_MAX - 8,
		 path->name);
	rc = add_node(lab, name, &node, err);
	if (rc)
		return rc;
	hub->netns = bridge.netns = uplink.netns = node->netns;
	hub->cable.bps = path->link_bps;
	rc = link_add_bridge(&bridge, err);
	if (!rc)
		rc = lab_add_cable(lab, &uplink, &hub->cable, err);
	return rc ? rc : link_enslave(hub->netns, "uplink", "br0", err);
}

static int add_hub_hops(struct lab *lab, struct lab_path *path,
			const struct hub *hub, const struct link_spec *eth0,
			const char *port, struct err *err)
{
	int rc = path_add_hop(path, HOP_END, eth0->netns, eth0->ifname, err);

	if (!rc)
		rc = path_add_hop(path, HOP_PORT, hub->netns, port, err);
	if (!rc)
		rc = path_add_hop(path, HOP_BRIDGE, hub->netns, "br0", err);
	if (!rc)
		rc = path_add_hop(path, HOP_PORT, hub->netns, "uplink", err);
	return rc ? rc
		  : path_add_hop(path, HOP_END, lab_m2(lab)->netns,
				 hub->cable.m2_ifname, err);
}

static int build_on_hub(struct lab *lab, struct lab_path *path,
			const struct hub *hub, struct err *err)
{
	int host = 1 + (path->pairs > 1 ? path->pairs : 1); /* 1: uplink's */
	char address[16], mac[18], port[IFNAMSIZ], name[LAB_NAME_MAX];
	struct link_spec eth0 = { .ifname = "eth0", .mac = mac };
	struct link_spec far = { hub->netns, port, NULL };
	struct lab_node *node;
	int rc;

	path_format_node(path, name);
	rc = add_node(lab, name, &node, err);
	if (rc)
		return rc;
	eth0.netns = node->netns;
	lab_format_mac(&hub->cable, host, mac);
	lab_format_address(&hub->cable, host, address);
	snprintf(port, sizeof(port), "port%d", host - 1);
	rc = link_add_veth(&eth0, &far, err);
	if (!rc)
		rc = link_enslave(hub->netns, port, "br0", err);
	if (!rc)
		rc = add_hub_hops(lab, path, hub, &eth0, port, err);
	path_set_m1(path, node, "eth0", address);
	path_set_m2(path, lab_m2(lab), hub->cable.m2_ifname,
		    hub->cable.m2_address);
	return rc ? rc
		  : link_add_address(node->netns, "eth0", address, 24, err);
}

/* A cable each would carry more than the one of the guests. */
static bool shares_cable(const struct lab_path *path)
{
	const char *cable = path_get_choice(path, "cable");

	if (cable && strcmp(cable, "auto") != 0)
		return strcmp(cable, "shared") == 0;
	return path->link_bps && path->pairs_wanted > 1;
}

static int build_pairs(struct lab *lab, struct lab_path *path, struct err *err)
{
	struct hub hub = { 0 };
	bool shared = shares_cable(path);
	int rc = 0;

	if (shared)
		rc = build_hub(lab, path, &hub, err);
	for (int k = 0; !rc && k < path->pairs_wanted; k++) {
		if (k)
			rc = path_add_pair(path, err);
		if (!rc)
			rc = shared ? build_on_hub(lab, path, &hub, err)
				    : build_pair(lab, path, err);
	}
	return rc;
}

/*
 * Where pairs share an uplink M1 is one host with an interface for each: its
 * agents live in one namespace.
 */
static int build_lane(struct uplink *uplink, struct lab_node *node,
		      struct err *err)
{
	struct lab_path *path = uplink->path;
	struct uplink_lane lane;
	int rc = uplink_add_lane(uplink, &lane, err);

	if (rc)
		return rc;
	path_set_m1(path, node, lane.near, lane.m1_address);
	rc = path_add_hop(path, HOP_END, node->netns, lane.near, err);
	return rc ? rc : uplink_add_far_hops(uplink, &lane, err);
}

static int add_host(struct lab *lab, struct lab_path *path,
		    const struct lab_node *beside, struct lab_node **node,
		    struct err *err)
{
	char name[LAB_NAME_MAX];
	int rc;

	path_format_node(path, name);
	rc = beside ? netns_node_new_beside(node, name, beside, err)
		    : netns_node_new(node, name, lab_get_args(lab)->self_path,
				     err);
	return rc ? rc : lab_add_node(lab, *node, err);
}

/* The first of them, or, where the host's own interfaces are shared, another
 * agent in the driver domain, where they are. */
static int add_first_host(struct lab *lab, struct lab_path *path,
			  struct lab_node **node, struct err *err)
{
	struct driver_domain *domain;
	int rc;

	if (!nics_of(lab))
		return add_host(lab, path, NULL, node, err);
	rc = lab_get_driver_domain(lab, &domain, err);
	return rc ? rc : add_host(lab, path, domain->node, node, err);
}

static int check_tags(const struct lab_path *path, struct err *err)
{
	const char *tags = path_get_choice(path, "tags");

	if (!tags || strcmp(tags, "guest") != 0)
		return 0;
	return err_set(err, EINVAL,
		       "tags: guest is of the driver domain: for kind domU");
}

static int build_lanes(struct lab *lab, struct lab_path *path, struct err *err)
{
	struct lab_node *first, *node;
	struct uplink uplink = { .lanes = 0 };
	struct uplink_args args = {
		.lab = lab, .path = path, .prefix = "eth", .near_hosts = true
	};
	int rc = check_tags(path, err);

	if (!rc)
		rc = add_first_host(lab, path, &first, err);
	if (rc)
		return rc;
	args.netns = first->netns;
	rc = uplink_open(&uplink, &args, err);
	if (!rc)
		rc = build_lane(&uplink, first, err);
	for (int k = 1; !rc && k < path->pairs_wanted; k++) {
		rc = path_add_pair(path, err);
		if (!rc)
			rc = add_host(lab, path, first, &node, err);
		if (!rc)
			rc = build_lane(&uplink, node, err);
	}
	uplink_close(&uplink);
	return rc;
}

static int build_native(struct lab *lab, struct lab_path *path, struct err *err)
{
	enum uplink_spread spread;
	int rc = uplink_read_spread(path, &spread, err);

	if (!rc)
		rc = pace(path, err);
	if (rc)
		return rc;
	return spread == UPLINK_PLAIN ? build_pairs(lab, path, err)
				      : build_lanes(lab, path, err);
}

static const char *const cables[] = { "auto", "own", "shared", NULL };

static const struct kind_option options[] = {
	{ .key = "percent",
	  .min = 10,
	  .max = 100,
	  .fallback = "100",
	  .help = "of the plan's link.rate that this path's cable carries" },
	{ .key = "cable",
	  .choices = cables,
	  .fallback = "auto",
	  .help = "several pairs: a cable each, or one shared through a "
		  "bridge; auto: shared where link.rate is limited" },
	UPLINK_OPTIONS,
	{ 0 },
};

const struct path_ops path_native = {
	.kind = {
		.name = "native",
		.help = "M1 and the cable, nothing between: the usual "
			"reference",
		.options = options,
		.pairs_max = PATH_PAIRS_MAX,
	},
	.build = build_native,
};
