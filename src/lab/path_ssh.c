/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A way between machines that are there already: M1 is reached by ssh, M2 is
 * this machine or another that ssh reaches. Nothing is built, and nothing of
 * theirs is changed unless the plan says may_configure.
 */
#include <stdio.h>
#include <string.h>

#include "lab/inside.h"
#include "lab/node_ssh.h"
#include "lab/outside.h"

static bool may_configure(const json_t *options)
{
	const char *text =
		json_string_value(json_object_get(options, "may_configure"));

	return text && strcmp(text, "yes") == 0;
}

static const char *peer_of(const json_t *options)
{
	const char *peer = json_string_value(json_object_get(options, "peer"));

	return strcmp(peer, "here") == 0 ? NULL : peer;
}

int ssh_make_m2(struct lab *lab, const char *name, struct lab_node **m2,
		struct err *err)
{
	struct ssh_node_args args = {
		.name = name,
		.self_path = lab->args.self_path,
		.host = peer_of(lab->args.path[0].options),
		.may_configure = true,
	};

	for (size_t i = 0; i < lab->args.paths; i++)
		args.may_configure &= may_configure(lab->args.path[i].options);
	return ssh_node_new(m2, &args, err);
}

static int build_ssh(struct lab *lab, struct lab_path *path, struct err *err)
{
	const struct ssh_node_args args = {
		.name = path->name,
		.self_path = lab->args.self_path,
		.host = path_get_choice(path, "host"),
		.may_configure = may_configure(path->options),
	};
	struct lab_node *node;
	int rc = ssh_node_new(&node, &args, err);

	if (!rc)
		rc = lab_add_node(lab, node, err);
	if (rc)
		return rc;
	/* where their interfaces are is found out later */
	path_set_m1(path, node, "", "");
	path_set_m2(path, lab->m2, "", "");
	return 0;
}

bool lab_is_outside(const struct lab *lab)
{
	return lab->outside;
}

void lab_get_outside(const struct lab *lab, size_t path,
		     struct lab_outside *outside)
{
	const struct lab_path *p = &lab->path[path];

	*outside = (struct lab_outside){
		.address = path_get_choice(p, "address"),
		.address6 = path_get_choice(p, "address6"),
		.m2_here = !peer_of(p->options),
		.may_configure = may_configure(p->options),
	};
}

void lab_learn_way(struct lab *lab, size_t path, const struct lab_way *way)
{
	struct lab_path *p = &lab->path[path];
	struct lab_pair *pair = &p->pair[0];

	path_set_m1(p, pair->m1.node, way->m1_ifname, way->m1_address);
	path_set_m2(p, lab->m2, way->m2_ifname, way->m2_address);
	snprintf(pair->m1_text.address6, sizeof(pair->m1_text.address6),
		 "%.39s", way->m1_address6);
	snprintf(pair->m2_text.address6, sizeof(pair->m2_text.address6),
		 "%.39s", way->m2_address6);
}

static const char *const no_yes[] = { "no", "yes", NULL };

static const struct kind_option options[] = {
	{ .key = "host",
	  .is_text = true,
	  .help = "M1 as ssh knows it: a name of ssh_config, user@host, "
		  "ssh://user@host:port" },
	{ .key = "peer",
	  .is_text = true,
	  .fallback = "here",
	  .same = true,
	  .help = "M2: here, or a host as ssh knows it; one for all paths" },
	{ .key = "address",
	  .is_text = true,
	  .fallback = "auto",
	  .help = "M2's IPv4 address as M1 reaches it; auto: by what ssh "
		  "went over" },
	{ .key = "address6",
	  .is_text = true,
	  .fallback = "auto",
	  .help = "M2's IPv6 address, for points of family ipv6" },
	{ .key = "may_configure",
	  .choices = no_yes,
	  .fallback = "no",
	  .help = "MTU, offload and sysctls of M1 (and of M2, if all paths "
		  "say so) are set as the plan says, and put back" },
	{ 0 },
};

const struct path_ops path_ssh = {
	.kind = {
		.name = "ssh",
		.help = "a machine that is there already, its agent started "
			"over ssh",
		.options = options,
		.outside = true,
	},
	.build = build_ssh,
};
