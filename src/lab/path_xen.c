/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Real Xen, on machines that QEMU emulates. Roles:
 *
 *   native   eth0 ==card, TAP== M2                   the machine without Xen
 *   dom0     eth0 / vif0.0 - xenbr0 - peth0 ==card, TAP== M2
 *   domU     eth0 = netfront - netback = vif1.0 - xenbr0, as above
 *
 * dom0 and domU share one machine, and its cable. Everything on it is Xen's
 * and Debian's own: hypervisor, toolstack, netback, netfront, bridge.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/guest.h"
#include "lab/inside.h"
#include "lab/node_machine.h"

#define NATIVE_BOOT_LIMIT_S 60
#define XEN_BOOT_LIMIT_S    180
#define XEN_OWN_MIB	    96 /* hypervisor, and what it sets aside */
#define DOM0_MAC	    "00:16:3e:00:01:01"
#define DOMU_MAC	    "00:16:3e:00:01:02"

enum { HOST_DOM0 = 1, HOST_DOMU = 2 }; /* of the cable's addresses */
enum { LINE_DOM0, LINE_DOMU, LINES };

static bool has_role(const json_t *options, const char *role)
{
	const char *is = json_string_value(json_object_get(options, "role"));

	return is && strcmp(is, role) == 0;
}

/* Does the plan want a domU? Known before the machine boots. */
static bool wants_domU(const struct lab *lab)
{
	const struct lab_args *args = lab_get_args(lab);

	for (size_t i = 0; i < args->paths; i++)
		if (strcmp(args->path[i].kind, "xen") == 0 &&
		    has_role(args->path[i].options, "domU"))
			return true;
	return false;
}

static struct machine_args common_args(const struct lab *lab,
				       const struct lab_path *path,
				       const struct lab_cable *cable)
{
	return (struct machine_args){
		.name = path->name,
		.agent_path = lab_get_args(lab)->agent_path,
		.accel = "tcg", /* Xen needs a whole CPU; see docs */
		.cpus = 1,
		.netns = lab->m2->netns,
		.tap = cable->m2_ifname,
		.mac = DOM0_MAC,
		.model = path_get_choice(path, "model"),
		.queues = 1,
		.device_offload = true,
	};
}

/* Has dom0 its address on the bridge itself, as is done today? */
static bool is_plain_bridge(const struct lab_path *path)
{
	return strcmp(path_get_choice(path, "network"), "bridge") == 0;
}

/* What all roles have in common once the node is there. */
static int finish_path(struct lab *lab, struct lab_path *path,
		       struct lab_node *node, const struct lab_cable *cable,
		       int host, struct err *err)
{
	/* the machine is one: its network is what its first path asked for */
	const bool on_bridge =
		has_role(path->options, "dom0") && lab->xen.plain_bridge;
	char address[16];

	lab_format_address(cable, host, address);
	path_set_m1(path, node, on_bridge ? "xenbr0" : "eth0", address);
	path_set_m2(path, lab->m2, cable->m2_ifname, cable->m2_address);
	return path_add_hop(path, HOP_END, lab->m2->netns, cable->m2_ifname,
			    err);
}

static int build_native(struct lab *lab, struct lab_path *path, struct err *err)
{
	struct machine_args args;
	struct lab_cable cable;
	struct lab_node *node;
	int rc = lab_add_tap_cable(lab, 1, &cable, err);

	if (rc)
		return rc;
	args = common_args(lab, path, &cable);
	args.memory_mib = (int)path_get_number(path, "memory");
	args.boot_limit_s = NATIVE_BOOT_LIMIT_S;
	rc = machine_node_add(lab, path->name, &args, &node, err);
	return rc ? rc : finish_path(lab, path, node, &cable, HOST_DOM0, err);
}

/*
 * The machine with Xen, made by the first of its paths.
 */

static void format_words(const struct lab *lab, const struct lab_path *path,
			 char words[static 512])
{
	int n = snprintf(words, 512,
			 GUEST_NODE "=dom0 " GUEST_LINE "=vport0p1 " GUEST_SETUP
				    "=/etc/vazao/dom0 vazao_network=%s %s",
			 path_get_choice(path, "network"),
			 is_plain_bridge(path) ? GUEST_INNER "=peth0:vif1.0"
					       : GUEST_DEVICE
				 "=eth0 " GUEST_INNER
				 "=peth0:vif0.0:vif1.0:xenbr0");

	if (wants_domU(lab))
		snprintf(words + n, 512 - (size_t)n,
			 " vazao_domU_mac=" DOMU_MAC
			 " vazao_domU_memory=%d vazao_domU_line=vport0p2",
			 (int)path_get_number(path, "memory"));
}

static int make_host(struct lab *lab, const struct lab_path *path,
		     struct xen_host *host, struct err *err)
{
	struct machine_args args;
	char words[512];
	int guest = (int)path_get_number(path, "memory");
	int rc = lab_add_tap_cable(lab, 1, &host->cable, err);

	if (rc)
		return rc;
	args = common_args(lab, path, &host->cable);
	host->plain_bridge = is_plain_bridge(path);
	args.name = "xen";
	args.dom0_memory_mib = (int)path_get_number(path, "dom0_memory");
	args.memory_mib = args.dom0_memory_mib + guest + XEN_OWN_MIB;
	args.lines = LINES;
	args.boot_limit_s = XEN_BOOT_LIMIT_S;
	format_words(lab, path, words);
	args.words = words;
	args.boot_cpus = lab_cpus(lab);
	rc = lab_find_image(lab, "xen", &args.image, err);
	if (rc)
		return rc;
	rc = machine_new(&host->machine, &args, err);
	return rc ? rc : machine_boot(host->machine, err);
}

static int get_host(struct lab *lab, const struct lab_path *path,
		    struct xen_host **host, struct err *err)
{
	int rc;

	*host = &lab->xen;
	if ((*host)->machine)
		return 0;
	if ((*host)->broken.code) {
		if (err)
			*err = (*host)->broken;
		return -(*host)->broken.code;
	}
	rc = make_host(lab, path, *host, &(*host)->broken);
	if (rc) {
		machine_free((*host)->machine);
		(*host)->machine = NULL;
		if (err)
			*err = (*host)->broken;
	}
	return rc;
}

static int build_domain(struct lab *lab, struct lab_path *path, int line,
			struct err *err)
{
	struct xen_host *host;
	struct lab_node *node;
	int rc = get_host(lab, path, &host, err);

	if (!rc)
		rc = machine_node_new(
			&node,
			&(struct machine_node_args){ .name = path->name,
						     .kind = "xen",
						     .machine = host->machine,
						     .line = line },
			err);
	if (!rc)
		rc = lab_add_node(lab, node, err);
	return rc ? rc
		  : finish_path(lab, path, node, &host->cable,
				line == LINE_DOM0 ? HOST_DOM0 : HOST_DOMU, err);
}

static int build_xen(struct lab *lab, struct lab_path *path, struct err *err)
{
	const char *role = path_get_choice(path, "role");

	if (strcmp(role, "native") == 0)
		return build_native(lab, path, err);
	return build_domain(lab, path,
			    strcmp(role, "dom0") == 0 ? LINE_DOM0 : LINE_DOMU,
			    err);
}

static const char *const roles[] = { "native", "dom0", "domU", NULL };
static const char *const networks[] = { "figure1", "bridge", NULL };
static const char *const models[] = { "virtio-net", "e1000", NULL };

static const struct kind_option options[] = {
	{ .key = "role",
	  .choices = roles,
	  .fallback = "domU",
	  .help = "the machine without Xen, Xen's dom0, or its domU" },
	{ .key = "model",
	  .choices = models,
	  .fallback = "virtio-net",
	  .help = "the machine's network card" },
	{ .key = "network",
	  .choices = networks,
	  .fallback = "figure1",
	  .help = "dom0's: eth0 and vif0.0 on xenbr0 as in 2007, or its "
		  "address on the bridge as today; the first of Xen's paths "
		  "says which" },
	{ .key = "memory",
	  .min = 96,
	  .max = 8192,
	  .fallback = "192",
	  .help = "MiB of native, or of domU" },
	{ .key = "dom0_memory",
	  .min = 256,
	  .max = 8192,
	  .fallback = "400",
	  .help = "MiB of dom0" },
	{ 0 },
};

static const char *const images[] = { "linux", "xen", NULL };

const struct path_ops path_xen = {
	.kind = {
		.name = "xen",
		.help = "real Xen on a machine that QEMU emulates: dom0, domU, "
			"and the same machine without it",
		.options = options,
		.images = images,
		.exact = true,
	},
	.build = build_xen,
};
