/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A QEMU guest in the driver domain:
 *
 *   guest: eth0 ==card, TAP== vif1.0 - xenbr0 - peth0 ==cable== M2
 *
 * The card is an emulated or a virtio one. KVM where it boots a guest, else
 * tcg: then the figures are those of emulation, and the report says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <string.h>
#include <unistd.h>

#include "lab/accel.h"
#include "lab/driver_domain.h"
#include "lab/node_machine.h"

#define BOOT_LIMIT_S 60

static bool can_vhost(void)
{
	int fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int choose_vhost(const struct lab_path *path, bool *vhost,
			struct err *err)
{
	const char *asked = path_get_choice(path, "vhost");

	*vhost = strcmp(asked, "off") != 0 && can_vhost();
	if (strcmp(asked, "on") == 0 && !*vhost)
		return err_set(err, ENODEV,
			       "/dev/vhost-net: %s; load the module vhost_net, "
			       "or leave vhost at auto",
			       strerror(errno));
	return 0;
}

static int choose_accel(const struct lab_path *path, const char **accel,
			struct err *err)
{
	const char *asked = path_get_choice(path, "accel");
	struct accel_trial trial;
	int rc;

	*accel = asked;
	if (strcmp(asked, "auto") == 0) {
		*accel = accel_choose();
		return 0;
	}
	rc = accel_try(asked, &trial, err);
	if (!rc && !trial.boots)
		rc = err_set(err, ENODEV, "no guest boots under %s: %s", asked,
			     trial.text);
	return rc;
}

static int make_node(struct lab *lab, const struct lab_path *path,
		     const struct driver_vif *vif, struct lab_node **node,
		     struct err *err)
{
	struct machine_args args = {
		.name = path->name,
		.agent_path = lab_get_args(lab)->agent_path,
		.memory_mib = (int)path_get_number(path, "memory"),
		.boot_limit_s = BOOT_LIMIT_S,
		.tap = vif->ifname,
		.mac = vif->mac,
		.model = path_get_choice(path, "model"),
		.queues = (int)path_get_number(path, "queues"),
		.device_offload =
			strcmp(path_get_choice(path, "device_offload"), "on") ==
			0,
	};
	struct driver_domain *domain;
	int rc = lab_get_driver_domain(lab, &domain, err);

	if (!rc)
		rc = choose_vhost(path, &args.vhost, err);
	args.may_emulate = strcmp(path_get_choice(path, "accel"), "auto") == 0;
	if (!rc)
		rc = choose_accel(path, &args.accel, err);
	if (rc)
		return rc;
	args.netns = domain->node->netns;
	args.cpus = args.queues; /* a queue is a CPU's */
	return machine_node_add(lab, path->name, &args, node, err);
}

static int check_options(const struct lab_path *path, struct err *err)
{
	bool virtio = strcmp(path_get_choice(path, "model"), "virtio-net") == 0;

	if (path_get_number(path, "queues") > 1 && !virtio)
		return err_set(err, EINVAL,
			       "queues: only model virtio-net has more than 1");
	return 0;
}

static int build_qemu(struct lab *lab, struct lab_path *path, struct err *err)
{
	struct driver_domain *domain;
	struct driver_vif vif;
	struct lab_node *node;
	int rc = check_options(path, err);

	if (!rc)
		rc = lab_get_driver_domain(lab, &domain, err);
	if (!rc)
		rc = driver_domain_add_vif(lab, path, &vif, err);
	if (!rc)
		rc = driver_domain_add_tap(domain, &vif,
					   path_get_number(path, "queues") > 1
						   ? IFF_MULTI_QUEUE
						   : 0,
					   err);
	if (!rc)
		rc = make_node(lab, path, &vif, &node, err);
	if (!rc)
		path_set_m1(path, node, "eth0", vif.address);
	return rc;
}

static const char *const on_off[] = { "on", "off", NULL };
static const char *const accels[] = { "auto", "kvm", "tcg", NULL };
static const char *const vhosts[] = { "auto", "on", "off", NULL };

static const struct kind_option options[] = {
	{ .key = "model",
	  .choices = machine_models,
	  .fallback = "virtio-net",
	  .help = "the network card" },
	{ .key = "queues",
	  .min = 1,
	  .max = MACHINE_QUEUES_MAX,
	  .fallback = "1",
	  .help = "queues of a virtio-net card, a CPU of the guest each" },
	{ .key = "device_offload",
	  .choices = on_off,
	  .fallback = "on",
	  .help = "checksums and segmentation by the virtio-net card" },
	{ .key = "vhost",
	  .choices = vhosts,
	  .fallback = "auto",
	  .help = "vhost-net, the kernel's own back end for virtio-net" },
	{ .key = "accel",
	  .choices = accels,
	  .fallback = "auto",
	  .help = "kvm where it boots a guest, else tcg: emulation" },
	{ .key = "memory",
	  .min = 96,
	  .max = 65536,
	  .fallback = "256",
	  .help = "the guest's memory in MiB" },
	{ 0 },
};

static const char *const images[] = { "linux", NULL };

const struct path_ops path_qemu = {
	.kind = {
		.name = "qemu",
		.help = "a QEMU guest with Debian's kernel, its card a TAP "
			"(vif1.0) on the bridge xenbr0; KVM where it works",
		.options = options,
		.images = images,
	},
	.build = build_qemu,
};
