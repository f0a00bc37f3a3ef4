/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rootless.h - the paths of rootless containers: what pasta's and slirp4netns'
 * share, which is all but their words.
 *
 *   container: eth0 ==TAP== the program, sockets: host: eth0 ==cable== M2
 *
 * Called by path_pasta.c and path_slirp4netns.c.
 */
#ifndef VAZAO_LAB_ROOTLESS_H
#define VAZAO_LAB_ROOTLESS_H

#include "lab/command.h"
#include "lab/container.h"

/* The container in its subnet, and its gateway, where slirp4netns has them. */
#define ROOTLESS_OWN	 100
#define ROOTLESS_GATEWAY 2

/* What --mtu says, as Podman has it for both: the container's frames may be so
 * long, for no wire carries them. eth0's own MTU binds where it is less. */
#define ROOTLESS_MTU 65520

struct rootless_program {
	const char *name, *package;
	/* The words behind the file's. The container's namespace is the file
	 * `netns`, its TAP is CONTAINER_ETH0. */
	void (*add_words)(struct command_line *line, const struct container *c,
			  const char *netns);
};

int rootless_build(struct lab *lab, struct lab_path *path,
		   const struct rootless_program *program, struct err *err);

/* struct path_ops' members of the same names. There is nothing to count: the
 * answer is that the program lives. */
int rootless_read_counters(const struct lab_path *path, json_t **counters,
			   struct err *err);
void rootless_list_processes(const struct lab_path *path, json_t *processes);

/* inner_mtu */
extern const struct kind_option rootless_options[];

#endif
