/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The path without virtualization: eth0 of a namespace, the cable, M2. May be
 * taken several times under other names: an A/A comparison needs two.
 */
#include "lab/path.h"

#include <errno.h>
#include <stdio.h>

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

/* A namespace, and a cable of its own. */
static int build_pair(struct lab *lab, struct lab_path *path, struct err *err)
{
	struct link_spec eth0 = { .ifname = "eth0" };
	struct lab_cable cable = { .bps = path->link_bps };
	char address[16], name[LAB_NAME_MAX];
	struct lab_node *node;
	int rc;

	path_format_node(path, name);
	rc = netns_node_new(&node, name, lab_get_args(lab)->self_path, err);
	if (!rc)
		rc = lab_add_node(lab, node, err);
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

static int build_native(struct lab *lab, struct lab_path *path, struct err *err)
{
	int rc = pace(path, err);

	if (!rc)
		rc = build_pair(lab, path, err);
	for (int k = 1; !rc && k < path->pairs_wanted; k++) {
		rc = path_add_pair(path, err);
		if (!rc)
			rc = build_pair(lab, path, err);
	}
	return rc;
}

static const struct kind_option options[] = {
	{ .key = "percent",
	  .min = 10,
	  .max = 100,
	  .fallback = "100",
	  .help = "of the plan's link.rate that this path's cable carries" },
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
