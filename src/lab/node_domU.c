/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/node_domU.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab/driver_kernel.h"

struct domU_node {
	struct lab_node node;
	struct lab_node *guest;
	struct lab_netns *wire;	 /* own; NULL: in the guest's */
	struct lab_node *kernel; /* of the driver domain; the lab's */
	struct split_driver *driver;
};

static struct domU_node *of(struct lab_node *node)
{
	return (struct domU_node *)node;
}

static void domU_node_stop(struct lab_node *node)
{
	struct domU_node *domU = of(node);

	domU->guest->ops->stop(domU->guest);
	node->pid = 0;
	split_driver_stop(domU->driver);
}

int domU_node_connect(struct lab_node *node, struct err *err)
{
	return split_driver_start(of(node)->driver, err);
}

static int domU_node_start_agent(struct lab_node *node,
				 struct lab_channel *channel, struct err *err)
{
	struct lab_node *guest = of(node)->guest;
	int rc = domU_node_connect(node, err);

	if (!rc && of(node)->kernel)
		rc = driver_kernel_run(of(node)->kernel, err);
	if (!rc)
		rc = guest->ops->start_agent(guest, channel, err);
	if (rc)
		domU_node_stop(node);
	node->pid = guest->pid;
	return rc;
}

static int domU_node_exec(struct lab_node *node, char *const argv[],
			  int *status, struct err *err)
{
	struct lab_node *guest = of(node)->guest;

	if (!guest->ops->exec)
		return err_set(err, ENOTSUP,
			       "a %s is entered by its agent alone",
			       guest->ops->name);
	return guest->ops->exec(guest, argv, status, err);
}

static void domU_node_free(struct lab_node *node)
{
	struct domU_node *domU = of(node);

	split_driver_free(domU->driver);
	domU->guest->ops->free(domU->guest);
	netns_close(domU->wire);
	free(domU);
}

static const struct node_ops domU_node_ops = {
	.name = "domU",
	.start_agent = domU_node_start_agent,
	.stop = domU_node_stop,
	.exec = domU_node_exec,
	.free = domU_node_free,
};

int domU_node_new(struct lab_node **node, const struct domU_node_args *args,
		  struct err *err)
{
	struct split_driver_args driver = args->driver;
	struct domU_node *made = calloc(1, sizeof(*made));
	int rc;

	if (!made) {
		args->guest->ops->free(args->guest);
		netns_close(args->wire);
		return err_sys(err, ENOMEM, "a guest");
	}
	made->node.ops = &domU_node_ops;
	made->node.netns = args->guest->netns;
	made->guest = args->guest;
	made->wire = args->wire;
	made->kernel = args->kernel;
	snprintf(made->node.name, sizeof(made->node.name), "%s",
		 args->guest->name);
	driver.front = args->wire ? args->wire : args->guest->netns;
	driver.lead = args->lead ? of(args->lead)->driver : NULL;
	rc = split_driver_new(&made->driver, &driver, err);
	if (rc) {
		domU_node_free(&made->node);
		return rc;
	}
	*node = &made->node;
	return 0;
}

pid_t domU_node_pid(struct lab_node *node, const char *program)
{
	return split_driver_pid(of(node)->driver, program);
}

int domU_node_read_counters(struct lab_node *node, json_t **counters,
			    struct err *err)
{
	int rc = of(node)->kernel ? driver_kernel_check(of(node)->kernel, err)
				  : 0;

	return rc ? rc
		  : split_driver_read_counters(of(node)->driver, counters, err);
}
