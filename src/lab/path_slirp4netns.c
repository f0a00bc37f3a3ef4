/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A rootless container behind slirp4netns, as rootless Docker and older
 * versions of Podman start it: a TCP of its own in user space ends the
 * container's connections, sockets of the host's carry them on.
 */
#include "lab/rootless.h"

/* As Podman calls it, but for DHCP and DNS, for which nobody asks. */
static void add_words(struct command_line *line, const struct container *c,
		      const char *netns)
{
	char subnet[20];

	container_format_subnet(c, subnet);
	command_add(line, "--disable-host-loopback");
	command_add(line, "--disable-dns");
	command_add(line, "--enable-sandbox");
	command_add(line, "--enable-seccomp");
	command_add(line, "--mtu=%d", ROOTLESS_MTU);
	command_add(line, "--cidr=%s", subnet);
	command_add(line, "--netns-type=path");
	command_add(line, "%s", netns);
	command_add(line, "%s", CONTAINER_ETH0);
}

static int build_slirp4netns(struct lab *lab, struct lab_path *path,
			     struct err *err)
{
	static const struct rootless_program program = { "slirp4netns",
							 "slirp4netns",
							 add_words };

	return rootless_build(lab, path, &program, err);
}

const struct path_ops path_slirp4netns = {
	.kind = {
		.name = "slirp4netns",
		.help = "a rootless container whose eth0 is a TAP that "
			"slirp4netns serves by a TCP of its own",
		.options = rootless_options,
	},
	.build = build_slirp4netns,
	.read_counters = rootless_read_counters,
	.list_processes = rootless_list_processes,
};
