/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lab/check.h"

/* Every kind of path there is. A new one is a file and a line here. */
const struct path_ops *const path_kinds[] = {
	&path_native,	   &path_dom0,	  &path_domU,	  &path_uml,
	&path_qemu,	   &path_xen,	  &path_xen_host, &path_veth,
	&path_bridge,	   &path_macvlan, &path_ipvlan,	  &path_pasta,
	&path_slirp4netns, &path_ssh,	  NULL,
};

int path_find_kind(const char *name, const struct path_ops **ops,
		   struct err *err)
{
	char valid[256] = "";
	size_t used = 0;

	for (int i = 0; path_kinds[i]; i++) {
		*ops = path_kinds[i];
		if (strcmp(name, (*ops)->kind.name) == 0)
			return 0;
		used = strlen(valid);
		snprintf(valid + used, sizeof(valid) - used, "%s%s",
			 i ? ", " : "", (*ops)->kind.name);
	}
	return err_set(err, EINVAL, "'%s' is no kind of path (there are: %s)",
		       name, valid);
}

int lab_check_kind(const char *kind, const char **caveat, struct err *err)
{
	const struct path_ops *ops;
	int rc = path_find_kind(kind, &ops, err);

	*caveat = rc ? NULL : ops->caveat;
	return rc || !ops->check ? rc : ops->check(err);
}

static void format_address6(const char *address, char text[static 40])
{
	unsigned int b = 0, c = 0, d = 0;

	if (sscanf(address, "%*u.%u.%u.%u", &b, &c, &d) == 3)
		snprintf(text, 40, "fd76:617a:616f:%02x%02x::%x", b & 0xff,
			 c & 0xff, d & 0xff);
}

static void set_end(struct lab_end *end, struct lab_end_text *to,
		    const char *ifname, const char *address)
{
	snprintf(to->ifname, sizeof(to->ifname), "%s", ifname);
	snprintf(to->address, sizeof(to->address), "%s", address);
	format_address6(address, to->address6);
	end->ifname = to->ifname;
	end->address = to->address;
	end->prefix = 24;
	end->address6 = to->address6;
}

static struct lab_pair *under_way(struct lab_path *path)
{
	if (path->pairs == 0)
		path->pairs = 1;
	return &path->pair[path->pairs - 1];
}

int path_add_pair(struct lab_path *path, struct err *err)
{
	under_way(path);
	if (path->pairs == PATH_PAIRS_MAX)
		return err_set(err, E2BIG, "path %s: more than %d pairs",
			       path->name, PATH_PAIRS_MAX);
	path->pairs++;
	return 0;
}

void path_format_node(const struct lab_path *path,
		      char name[static LAB_NAME_MAX])
{
	if (path->pairs > 1)
		snprintf(name, LAB_NAME_MAX, "%.*s-%u", LAB_NAME_MAX - 5,
			 path->name, path->pairs & 0xffU);
	else
		snprintf(name, LAB_NAME_MAX, "%s", path->name);
}

void path_set_m1(struct lab_path *path, struct lab_node *node,
		 const char *ifname, const char *address)
{
	struct lab_pair *pair = under_way(path);

	pair->m1.node = node;
	set_end(&pair->m1, &pair->m1_text, ifname, address);
}

void path_set_m2(struct lab_path *path, struct lab_node *node,
		 const char *ifname, const char *address)
{
	struct lab_pair *pair = under_way(path);

	pair->m2.node = node;
	set_end(&pair->m2, &pair->m2_text, ifname, address);
}

const char *path_role_name(enum hop_role role)
{
	static const char *const names[] = {
		[HOP_END] = "end",     [HOP_STACKED] = "end",
		[HOP_PORT] = "port",   [HOP_BRIDGE] = "bridge",
		[HOP_TRUNK] = "trunk",
	};

	return names[role];
}

static struct lab_hop *find_hop(struct lab_path *path,
				const struct lab_netns *netns,
				const char *ifname)
{
	for (int i = 0; i < path->hops; i++)
		if (path->hop[i].netns == netns &&
		    strcmp(path->hop[i].ifname, ifname) == 0)
			return &path->hop[i];
	return NULL;
}

int path_add_hop(struct lab_path *path, enum hop_role role,
		 struct lab_netns *netns, const char *ifname, struct err *err)
{
	struct lab_hop *hop = find_hop(path, netns, ifname);
	int pair = (int)(under_way(path) - path->pair);

	if (hop) {
		hop->shared |= hop->pair != pair;
		return 0;
	}
	if (path->hops == PATH_HOPS_MAX)
		return err_set(err, E2BIG, "path %s: more than %d hops",
			       path->name, PATH_HOPS_MAX);
	hop = &path->hop[path->hops++];
	*hop = (struct lab_hop){ .role = role, .netns = netns, .pair = pair };
	snprintf(hop->ifname, sizeof(hop->ifname), "%s", ifname);
	return 0;
}

const char *path_get_choice(const struct lab_path *path, const char *key)
{
	return json_string_value(json_object_get(path->options, key));
}

int64_t path_get_number(const struct lab_path *path, const char *key)
{
	return json_integer_value(json_object_get(path->options, key));
}
