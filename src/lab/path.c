/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Every kind of path there is. A new one is a file and a line here. */
const struct path_ops *const path_kinds[] = {
	&path_native, &path_dom0, &path_domU, &path_uml,
	&path_qemu,   &path_xen,  NULL,
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

struct texts {
	char *ifname, *address, *address6;
};

static void format_address6(const char *address, char text[static 40])
{
	unsigned int b = 0, c = 0, d = 0;

	if (sscanf(address, "%*u.%u.%u.%u", &b, &c, &d) == 3)
		snprintf(text, 40, "fd76:617a:616f:%02x%02x::%x", b & 0xff,
			 c & 0xff, d & 0xff);
}

static void set_end(struct lab_end *end, const struct texts *to,
		    const char *ifname, const char *address)
{
	snprintf(to->ifname, IFNAMSIZ, "%s", ifname);
	snprintf(to->address, 16, "%s", address);
	format_address6(address, to->address6);
	end->ifname = to->ifname;
	end->address = to->address;
	end->prefix = 24;
	end->address6 = to->address6;
}

void path_set_m1(struct lab_path *path, struct lab_node *node,
		 const char *ifname, const char *address)
{
	const struct texts to = { path->m1_ifname, path->m1_address,
				  path->m1_address6 };

	path->m1.node = node;
	set_end(&path->m1, &to, ifname, address);
}

void path_set_m2(struct lab_path *path, struct lab_node *node,
		 const char *ifname, const char *address)
{
	const struct texts to = { path->m2_ifname, path->m2_address,
				  path->m2_address6 };

	path->m2.node = node;
	set_end(&path->m2, &to, ifname, address);
}

const char *path_role_name(enum hop_role role)
{
	static const char *const names[] = {
		[HOP_END] = "end",
		[HOP_PORT] = "port",
		[HOP_BRIDGE] = "bridge",
	};

	return names[role];
}

int path_add_hop(struct lab_path *path, enum hop_role role,
		 struct lab_netns *netns, const char *ifname, struct err *err)
{
	struct lab_hop *hop = &path->hop[path->hops];

	if (path->hops == PATH_HOPS_MAX)
		return err_set(err, E2BIG, "path %s: more than %d hops",
			       path->name, PATH_HOPS_MAX);
	path->hops++;
	hop->role = role;
	hop->netns = netns;
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
