/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * node_uml.h - a User Mode Linux guest: a second kernel as an ordinary
 * process, its eth0 a TAP. Debian's package user-mode-linux.
 *
 * Called by path_uml.c. The guest boots in start_agent() and ends in stop().
 */
#ifndef VAZAO_LAB_NODE_UML_H
#define VAZAO_LAB_NODE_UML_H

#include "lab/node.h"

struct uml_node_args {
	const char *name;
	const char *agent_path;	       /* the static agent: the guest's init */
	const struct lab_netns *netns; /* where the TAP is; outlives the node */
	const char *transport; /* "raw": the TAP is another's; NULL: "tap" */
	const char *tap, *mac;
	/* In place of these two, its interfaces and what else the kernel's
	 * command line shall have; NULL-ended, read at each boot. */
	const char *const *words;
	const int *more_fd; /* one for it, as KEEPER_MORE; NULL: none */
	int memory_mib;
	/* Kernel modules to load, with what they need; NULL-ended; or NULL. */
	const char *const *modules;
};

/* What a study needs of them. */
const char *const *uml_modules_for(const struct lab_args *args);

/* -ENOPKG, naming the package, where there is no linux.uml in $PATH. */
int uml_node_new(struct lab_node **node, const struct uml_node_args *args,
		 struct err *err);

#endif
