/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/rootless.h"

#include <string.h>

#include "base/log.h"
#include "lab/node_rootless.h"

/*
 * The program's own connections leave from the host, where no agent makes TCP
 * alike to the other nodes' (study/team.c): the first congestion control of
 * these that it takes, and a window that idle slices do not close.
 */
static void make_host_alike(const struct container *c)
{
	static const char *const congestions[] = { "cubic", "reno" };
	static const char *const settings[][2] = {
		{ "ipv4/tcp_slow_start_after_idle", "0" },
		{ "ipv4/tcp_no_metrics_save", "1" },
	};
	struct err err = ERR_INIT;

	for (int i = 0; i < 2; i++)
		if (!netns_set_sysctl(c->host, "ipv4/tcp_congestion_control",
				      congestions[i], &err))
			break;
	for (int i = 0; i < 2; i++)
		netns_set_sysctl(c->host, settings[i][0], settings[i][1], &err);
	if (err.code)
		log_debug("lab: %s", err.text);
}

static int make_node(struct container *c,
		     const struct rootless_program *program, struct err *err)
{
	struct lab_node *node;
	int rc = rootless_node_new(
		&node,
		&(struct rootless_node_args){
			.name = c->path->name,
			.self_path = lab_get_args(c->lab)->self_path,
			.program = program->name,
			.package = program->package,
			.tap = CONTAINER_ETH0,
			.host = c->host,
		},
		err);

	return rc ? rc : container_adopt(c, node, err);
}

int rootless_build(struct lab *lab, struct lab_path *path,
		   const struct rootless_program *program, struct err *err)
{
	struct container c;
	struct link_spec tap = { .ifname = CONTAINER_ETH0 };
	int rc = container_create_host(lab, path, &c, err);

	if (!rc)
		rc = make_node(&c, program, err);
	if (rc)
		return rc;
	make_host_alike(&c);
	tap.netns = c.node->netns;
	rc = link_add_tap(&tap, 0, err);
	if (!rc)
		rc = container_join_subnet(&c, ROOTLESS_OWN, ROOTLESS_GATEWAY,
					   err);
	if (rc)
		return rc;
	path->pair[0].m1.mtu = (int)path_get_number(path, "inner_mtu");
	program->add_words(rootless_node_command(c.node), &c,
			   rootless_node_netns(c.node));
	rc = command_check(rootless_node_command(c.node), err);
	return rc ? rc : rootless_node_serve(c.node, err);
}

int rootless_read_counters(const struct lab_path *path, json_t **counters,
			   struct err *err)
{
	*counters = NULL;
	return rootless_node_check(path->pair[0].m1.node, err);
}

void rootless_list_processes(const struct lab_path *path, json_t *processes)
{
	pid_t pid = rootless_node_pid(path->pair[0].m1.node);

	if (pid)
		json_object_set_new(processes, path->ops->kind.name,
				    json_integer(pid));
}

const struct kind_option rootless_options[] = {
	{ .key = "inner_mtu",
	  .min = 0,
	  .max = ROOTLESS_MTU,
	  .fallback = "65520",
	  .help = "MTU of the container's own eth0; 0: the plan's" },
	{ 0 },
};
