/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/recipe.h"

#include <stddef.h>

#define KERNEL "linux-image-amd64*"

/*
 * linux: a kernel and what QEMU's machines have in them. e1000, 8139cp and
 * virtio_net are the models of network card; veth, bridge and 8021q stand
 * for what the host's kernel may lack.
 */
static const char *const linux_packages[] = { KERNEL, NULL };
static const char *const linux_modules[] = {
	"virtio_pci", "virtio_console", "virtio_net", "e1000", "8139cp",
	"veth",	      "bridge",		"8021q",      NULL
};

/*
 * xen: hypervisor, toolstack, dom0's kernel, and domU's the same. iproute2
 * would bring a dozen libraries along: busybox has ip and brctl.
 */
static const char *const xen_packages[] = {
	KERNEL,
	"xen-hypervisor-4.17-amd64",
	"xen-utils-4.17",
	"xen-utils-common",
	"xenstore-utils",
	"libxencall1",
	"libxendevicemodel1",
	"libxenevtchn1",
	"libxenforeignmemory1",
	"libxengnttab1",
	"libxenhypfs1",
	"libxenmisc4.17",
	"libxenstore4",
	"libxentoolcore1",
	"libxentoollog1",
	"libyajl2",
	"busybox-static",
	"libc6",
	"libgcc-s1", /* xl aborts in pthread_cancel() without it */
	"libuuid1",
	"zlib1g",
	"liblzma5",
	"libzstd1",
	NULL
};

static const char *const dom0_modules[] = {
	"xenfs",       "xen-evtchn",	 "xen-gntdev", "xen-gntalloc",
	"xen-privcmd", "xen-netback",	 "bridge",     "veth",
	"virtio_pci",  "virtio_console", "virtio_net", "e1000",
	NULL
};
static const char *const domU_modules[] = { "xen-netfront", NULL };

static const char *const xen_skip[] = { "boot",
					"etc/default",
					"etc/init.d",
					"usr/include",
					"usr/lib/debug",
					"usr/lib/modules",
					"usr/lib/systemd",
					"usr/lib/x86_64-linux-gnu/audit",
					"usr/lib/x86_64-linux-gnu/gconv",
					"usr/lib/xen-*/boot",
					"usr/lib/xen-*/bin/oxenstored",
					"usr/share",
					"var",
					NULL };

static const struct recipe_text xen_texts[] = {
	{ "etc/vazao/dom0", 0755, dom0_sh },
	{ NULL, 0, NULL },
};

static const struct recipe_link usr_links[] = {
	{ "bin", "usr/bin" },	{ "lib", "usr/lib" }, { "lib64", "usr/lib64" },
	{ "sbin", "usr/sbin" }, { NULL, NULL },
};

const struct recipe image_recipes[] = {
	{
		.name = "linux",
		.help = "Debian's kernel, for QEMU guests",
		.packages = linux_packages,
		.modules = linux_modules,
	},
	{
		.name = "xen",
		.help = "Xen, its dom0 and its domU",
		.packages = xen_packages,
		.modules = dom0_modules,
		.guest_modules = domU_modules,
		.skip = xen_skip,
		.texts = xen_texts,
		.links = usr_links,
		.hypervisor = "boot/xen-*-amd64.gz",
	},
	{
		.name = "domU",
		.help = "a domU, for the Xen that this machine runs",
		.packages = linux_packages,
		.modules = domU_modules,
	},
	{ .name = NULL },
};
