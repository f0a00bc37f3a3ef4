/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/node_machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/guest.h"

struct machine_node {
	struct lab_node node;
	struct machine *machine;
	bool owns;
	int line;
};

static struct machine_node *of(struct lab_node *node)
{
	return (struct machine_node *)node;
}

static int start_agent(struct lab_node *node, struct lab_channel *channel,
		       struct err *err)
{
	struct machine_node *n = of(node);

	return machine_take_line(n->machine, n->line, channel, err);
}

/* The machine goes on: others may live in it. Who starts this node's agent
 * again boots it anew. */
static void stop(struct lab_node *node)
{
	(void)node;
}

static const char *get_accelerator(const struct lab_node *node)
{
	return machine_accelerator(
		((const struct machine_node *)node)->machine);
}

static void place(struct lab_node *node, const cpu_set_t *own,
		  const cpu_set_t *rest)
{
	machine_place(of(node)->machine, own, rest);
}

static void get_last_words(const struct lab_node *node, char *text, size_t size)
{
	machine_last_words(((const struct machine_node *)node)->machine, text,
			   size);
}

/* The line that its agent had went with the former boot. */
static bool is_stale(const struct lab_node *node)
{
	const struct machine_node *n = (const struct machine_node *)node;

	return machine_has_line(n->machine, n->line);
}

static void free_node(struct lab_node *node)
{
	if (of(node)->owns)
		machine_free(of(node)->machine);
	free(node);
}

static const struct node_ops qemu_ops = {
	.name = "qemu",
	.start_agent = start_agent,
	.stop = stop,
	.accelerator = get_accelerator,
	.place = place,
	.last_words = get_last_words,
	.is_stale = is_stale,
	.free = free_node,
};

static const struct node_ops xen_ops = {
	.name = "xen",
	.start_agent = start_agent,
	.stop = stop,
	.accelerator = get_accelerator,
	.place = place,
	.last_words = get_last_words,
	.is_stale = is_stale,
	.free = free_node,
};

int machine_node_new(struct lab_node **node,
		     const struct machine_node_args *args, struct err *err)
{
	struct machine_node *made = calloc(1, sizeof(*made));

	if (!made) {
		if (args->owns)
			machine_free(args->machine);
		return err_sys(err, ENOMEM, "node %s", args->name);
	}
	made->node.ops = strcmp(args->kind, "xen") == 0 ? &xen_ops : &qemu_ops;
	snprintf(made->node.name, sizeof(made->node.name), "%s", args->name);
	made->machine = args->machine;
	made->owns = args->owns;
	made->line = args->line;
	*node = &made->node;
	return 0;
}

int machine_node_add(struct lab *lab, const char *name,
		     struct machine_args *args, struct lab_node **node,
		     struct err *err)
{
	struct machine_node_args node_args = { .name = name,
					       .kind = "qemu",
					       .owns = true };
	char words[256];
	int rc;

	snprintf(words, sizeof(words),
		 GUEST_NODE "=%s " GUEST_DEVICE "=eth0 " GUEST_LINE "=vport0p1",
		 name);
	args->words = words;
	args->lines = 1;
	args->boot_cpus = lab_cpus(lab);
	rc = lab_find_image(lab, "linux", &args->image, err);
	if (rc)
		return rc;
	rc = machine_new(&node_args.machine, args, err);
	if (rc)
		return rc;
	rc = machine_boot(node_args.machine, err);
	if (rc) {
		machine_free(node_args.machine);
		return rc;
	}
	rc = machine_node_new(node, &node_args, err);
	return rc ? rc : lab_add_node(lab, *node, err);
}
