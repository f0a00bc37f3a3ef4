/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A User Mode Linux guest in the driver domain:
 *
 *   guest: eth0 ==TAP== vif1.0 - xenbr0 - peth0 ==cable== M2
 */
#include "lab/driver_domain.h"
#include "lab/node_uml.h"

static int build_guest(struct lab *lab, struct lab_path *path, struct err *err)
{
	char name[LAB_NAME_MAX];
	struct driver_domain *domain;
	struct driver_vif vif;
	struct lab_node *node;
	int rc = lab_get_driver_domain(lab, &domain, err);

	path_format_node(path, name);
	if (!rc)
		rc = driver_domain_add_vif(lab, path, &vif, err);
	if (!rc)
		rc = uml_node_new(
			&node,
			&(struct uml_node_args){
				.name = name,
				.agent_path = lab_get_args(lab)->agent_path,
				.netns = domain->node->netns,
				.tap = vif.ifname,
				.mac = vif.mac,
				.memory_mib =
					(int)path_get_number(path, "memory"),
				.modules = uml_modules_for(lab_get_args(lab)),
			},
			err);
	if (!rc)
		rc = lab_add_node(lab, node, err);
	if (!rc)
		rc = driver_domain_add_tap(domain, &vif, 0, err);
	if (rc)
		return rc;
	path_set_m1(path, node, "eth0", vif.address);
	return 0;
}

static int build_uml(struct lab *lab, struct lab_path *path, struct err *err)
{
	int rc = build_guest(lab, path, err);

	for (int k = 1; !rc && k < path->pairs_wanted; k++) {
		rc = path_add_pair(path, err);
		if (!rc)
			rc = build_guest(lab, path, err);
	}
	return rc;
}

static void list_processes(const struct lab_path *path, json_t *processes)
{
	const struct lab_node *node = path->pair[0].m1.node;

	if (node->pid)
		json_object_set_new(processes, "uml", json_integer(node->pid));
}

static const struct kind_option options[] = {
	{ .key = "memory",
	  .min = 48,
	  .max = 4096,
	  .fallback = "128",
	  .help = "the guest's memory in MiB" },
	{ 0 },
};

const struct path_ops path_uml = {
	.kind = {
		.name = "uml",
		.help = "a User Mode Linux guest, its eth0 a TAP (vif1.0) on "
			"the bridge xenbr0; MTU to 1500; needs no KVM",
		.options = options,
		.pairs_max = 9, /* kernels: memory, and threads that spin */
	},
	.build = build_uml,
	.list_processes = list_processes,
};
