/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * node_ssh.h - a machine that is there already: this one, or one that ssh
 * reaches. Its agent is vazao's own program, which calls ssh(1).
 *
 * Called by path_ssh.c and lab.c.
 */
#ifndef VAZAO_LAB_NODE_SSH_H
#define VAZAO_LAB_NODE_SSH_H

#include "lab/node.h"

struct ssh_node_args {
	const char *name;
	const char *self_path;
	const char *host;   /* ssh's own destination; NULL: this machine */
	bool may_configure; /* what is changed is put back at the end */
};
int ssh_node_new(struct lab_node **node, const struct ssh_node_args *args,
		 struct err *err);

/* M2 of a lab whose paths are of kind ssh (path_ssh.c). */
int ssh_make_m2(struct lab *lab, const char *name, struct lab_node **m2,
		struct err *err);

#endif
