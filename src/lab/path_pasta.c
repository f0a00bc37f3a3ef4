/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A rootless container behind pasta (package passt), as Podman starts it since
 * its version 5: no TCP of its own, the container's segments become writes to
 * sockets of the host's.
 */
#include "lab/rootless.h"

/*
 * No ports from outside are wanted (-t, -u, -T, -U): the container connects.
 * Addresses are the lab's; nobody asks for DHCP. It is root only in the cage:
 * to be nobody there, its default, would shut it out of the namespace.
 */
static void add_words(struct command_line *line, const struct container *c,
		      const char *netns)
{
	static const char *const fixed[] = {
		"--foreground",
		"--quiet",
		"--ipv4-only",
		"--no-map-gw",
		"--no-netns-quit",
		"--runas",
		"0:0",
		"-t",
		"none",
		"-u",
		"none",
		"-T",
		"none",
		"-U",
		"none",
	};
	char address[16], gateway[16];

	container_format_address(c, ROOTLESS_OWN, address);
	container_format_address(c, ROOTLESS_GATEWAY, gateway);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		command_add(line, "%s", fixed[i]);
	command_add(line, "--mtu=%d", ROOTLESS_MTU);
	command_add(line, "--interface=%s", CONTAINER_ETH0);
	command_add(line, "--ns-ifname=%s", CONTAINER_ETH0);
	command_add(line, "--address=%s", address);
	command_add(line, "--netmask=24");
	command_add(line, "--gateway=%s", gateway);
	command_add(line, "--netns=%s", netns);
}

static int build_pasta(struct lab *lab, struct lab_path *path, struct err *err)
{
	static const struct rootless_program program = { "pasta", "passt",
							 add_words };

	return rootless_build(lab, path, &program, err);
}

const struct path_ops path_pasta = {
	.kind = {
		.name = "pasta",
		.help = "a rootless container whose eth0 is a TAP that pasta "
			"serves by sockets of the host's",
		.options = rootless_options,
	},
	.build = build_pasta,
	.read_counters = rootless_read_counters,
	.list_processes = rootless_list_processes,
};
