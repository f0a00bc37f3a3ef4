/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ordinary node: a network namespace; its agent is a process in it. */
#include "lab/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct netns_node {
	struct lab_node node;
	char *self_path;
};

static struct netns_node *of(struct lab_node *node)
{
	return (struct netns_node *)node;
}

static void netns_node_stop(struct lab_node *node)
{
	node_kill(&node->pid);
}

static int netns_node_start_agent(struct lab_node *node,
				  struct lab_channel *channel, struct err *err)
{
	char *argv[] = { of(node)->self_path, "agent", "--stdio", NULL };
	int child_fd[2];
	int rc = node_open_pipes(channel, child_fd, err);

	if (rc)
		return rc;
	rc = node_spawn(&(struct node_spawn){ .netns = node->netns,
					      .argv = argv,
					      .stdin_fd = child_fd[0],
					      .stdout_fd = child_fd[1],
					      .stderr_fd = STDERR_FILENO },
			&node->pid, err);
	close(child_fd[0]);
	close(child_fd[1]);
	if (rc) {
		close(channel->read_fd);
		close(channel->write_fd);
		return rc;
	}
	channel->pid = node->pid;
	return 0;
}

static int netns_node_exec(struct lab_node *node, char *const argv[],
			   int *status, struct err *err)
{
	pid_t pid;
	int rc = node_spawn(&(struct node_spawn){ .netns = node->netns,
						  .argv = argv,
						  .stdin_fd = STDIN_FILENO,
						  .stdout_fd = STDOUT_FILENO,
						  .stderr_fd = STDERR_FILENO,
						  .same_session = true },
			    &pid, err);

	if (rc)
		return rc;
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "waiting for %s", argv[0]);
	return 0;
}

static void netns_node_free(struct lab_node *node)
{
	netns_close(node->netns);
	free(of(node)->self_path);
	free(node);
}

static const struct node_ops netns_node_ops = {
	.name = "namespace",
	.start_agent = netns_node_start_agent,
	.stop = netns_node_stop,
	.exec = netns_node_exec,
	.free = netns_node_free,
};

/* In the namespace given, which is shared; NULL: in one of its own. */
static int make_node(struct lab_node **node, const char *name,
		     const char *self_path, struct lab_netns *shared,
		     struct err *err)
{
	struct netns_node *made = calloc(1, sizeof(*made));
	int rc = 0;

	if (!made)
		return err_sys(err, ENOMEM, "node %s", name);
	made->node.ops = &netns_node_ops;
	snprintf(made->node.name, sizeof(made->node.name), "%s", name);
	made->self_path = strdup(self_path);
	if (!made->self_path)
		rc = err_sys(err, ENOMEM, "node %s", name);
	else if (shared)
		made->node.netns = netns_share(shared);
	else
		rc = netns_create(&made->node.netns, name, err);
	if (rc) {
		netns_node_free(&made->node);
		return rc;
	}
	*node = &made->node;
	return 0;
}

int netns_node_new(struct lab_node **node, const char *name,
		   const char *self_path, struct err *err)
{
	return make_node(node, name, self_path, NULL, err);
}

int netns_node_new_beside(struct lab_node **node, const char *name,
			  const struct lab_node *beside, struct err *err)
{
	return make_node(node, name,
			 ((const struct netns_node *)beside)->self_path,
			 beside->netns, err);
}
