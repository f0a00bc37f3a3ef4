/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A domU of the Xen that this machine itself runs, its dom0 being the driver
 * domain's kernel:
 *
 *   eth0 = netfront - netback = vif1.0 - xenbr0 - peth0 ==cable== M2
 *
 * xenbr0, peth0 and M2 are in namespaces of dom0, as those of the other kinds
 * are in the host's: dom0's own network is not touched.
 */
#include <errno.h>

#include "lab/driver_domain.h"
#include "lab/machine.h"
#include "lab/node_xl.h"
#include "lab/xl.h"

static int check(struct err *err)
{
	char xl[PATH_MAX];

	return xl_probe("", xl, err);
}

static int make_node(struct lab *lab, const struct lab_path *path,
		     const struct driver_vif *vif, struct lab_node **node,
		     struct err *err)
{
	char xl[PATH_MAX];
	struct xl_node_args args = {
		.name = path->name,
		.xl = xl,
		.host_netns_fd = lab_get_args(lab)->host_netns_fd,
		.agent_path = lab_get_args(lab)->agent_path,
		.vif = vif->ifname,
		.mac = vif->mac,
		.domid = vif->domid,
		.memory_mib = (int)path_get_number(path, "memory"),
	};
	struct driver_domain *domain;
	int rc = xl_find("", "xl", xl, err);

	if (!rc)
		rc = lab_get_driver_domain(lab, &domain, err);
	if (!rc)
		rc = lab_find_image(lab, "domU", &args.image, err);
	if (rc)
		return rc;
	args.netns = domain->node->netns;
	rc = xl_node_new(node, &args, err);
	return rc ? rc : lab_add_node(lab, *node, err);
}

static int build(struct lab *lab, struct lab_path *path, struct err *err)
{
	struct driver_vif vif;
	struct lab_node *node;
	int rc = driver_domain_add_vif(lab, path, &vif, err);

	if (!rc)
		rc = make_node(lab, path, &vif, &node, err);
	if (!rc)
		path_set_m1(path, node, "eth0", vif.address);
	return rc;
}

static const struct kind_option options[] = {
	{ .key = "memory",
	  .min = 96,
	  .max = 65536,
	  .fallback = "256",
	  .help = "MiB of the domU" },
	{ 0 },
};

static const char *const images[] = { "domU", NULL };

const struct path_ops path_xen_host = {
	.kind = {
		.name = "xen-host",
		.help = "a domU of the Xen that this machine runs, started by "
			"xl; untried on a real machine",
		.options = options,
		.images = images,
	},
	.check = check,
	.caveat = "paths of kind xen-host were never tried on a real machine: "
		  "please tell how it went",
	.build = build,
};
