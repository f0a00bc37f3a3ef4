/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * node_rootless.h - a container whose eth0 is a TAP that a program of the
 * host's serves: it takes frames in and makes sockets of its own for what it
 * finds in them, as pasta and slirp4netns do for containers that no root
 * started.
 *
 * Called by path_pasta.c and path_slirp4netns.c. The lab makes the TAP, which
 * stays when the program ends, with all that is set on it; the program
 * attaches to it. Both it and the agent are started and restarted together.
 */
#ifndef VAZAO_LAB_NODE_ROOTLESS_H
#define VAZAO_LAB_NODE_ROOTLESS_H

#include "lab/command.h"
#include "lab/node.h"

struct rootless_node_args {
	const char *name;	      /* of the node */
	const char *self_path;	      /* vazao's own file */
	const char *program;	      /* "pasta": looked for in $PATH */
	const char *package;	      /* that brings it */
	const char *tap;	      /* "eth0" */
	const struct lab_netns *host; /* where the program runs */
};

/* The container without its TAP; starts nothing. -ENOPKG, naming the package,
 * where the program is not there. */
int rootless_node_new(struct lab_node **node,
		      const struct rootless_node_args *args, struct err *err);

/* The program's words, its file already in them; to be completed before the
 * first start. It finds the container's namespace open as the file of
 * rootless_node_netns(). */
struct command_line *rootless_node_command(struct lab_node *node);
const char *rootless_node_netns(const struct lab_node *node);

/* Starts the program alone and waits until it has attached to the TAP; the
 * error has its last words. */
int rootless_node_serve(struct lab_node *node, struct err *err);

/* 0: none runs. */
pid_t rootless_node_pid(const struct lab_node *node);

/* -EPIPE with its last words where the program has ended. */
int rootless_node_check(const struct lab_node *node, struct err *err);

#endif
