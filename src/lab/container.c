/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/container.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HOST_SUFFIX ".host"

static int make_host_node(struct container *c, struct err *err)
{
	char name[LAB_NAME_MAX + sizeof(HOST_SUFFIX)];
	struct lab_node *node;
	int rc;

	snprintf(name, sizeof(name), "%s" HOST_SUFFIX, c->path->name);
	if (strlen(name) >= LAB_NAME_MAX)
		return err_set(err, ENAMETOOLONG,
			       "the node '%s' needs a name below %d bytes: "
			       "give the path a shorter one",
			       name, LAB_NAME_MAX);
	rc = netns_node_new(&node, name, lab_get_args(c->lab)->self_path, err);
	if (!rc)
		rc = lab_add_node(c->lab, node, err);
	if (!rc)
		c->host = node->netns;
	return rc;
}

int container_create_host(struct lab *lab, struct lab_path *path,
			  struct container *c, struct err *err)
{
	struct link_spec plug = { .ifname = CONTAINER_ETH0 };
	char address[16];
	int rc;

	*c = (struct container){ .lab = lab,
				 .path = path,
				 .subnet = lab_take_subnet(lab) };
	rc = make_host_node(c, err);
	if (rc)
		return rc;
	plug.netns = c->host;
	rc = lab_add_cable(lab, &plug, &c->cable, err);
	if (rc)
		return rc;
	lab_format_address(&c->cable, 1, address);
	return link_add_address(c->host, CONTAINER_ETH0, address, 24, err);
}

int container_adopt(struct container *c, struct lab_node *node, struct err *err)
{
	int rc = lab_add_node(c->lab, node, err);

	if (rc)
		return rc;
	c->node = node;
	return path_add_hop(c->path, HOP_END, node->netns, CONTAINER_ETH0, err);
}

int container_create(struct lab *lab, struct lab_path *path,
		     struct container *c, struct err *err)
{
	struct lab_node *node;
	int rc = container_create_host(lab, path, c, err);

	if (!rc)
		rc = netns_node_new(&node, path->name,
				    lab_get_args(lab)->self_path, err);
	return rc ? rc : container_adopt(c, node, err);
}

int container_add_veth(struct container *c, struct err *err)
{
	const struct link_spec own = { c->node->netns, CONTAINER_ETH0, NULL };
	const struct link_spec port = { c->host, CONTAINER_PORT, NULL };
	int rc = link_add_veth(&own, &port, err);

	return rc ? rc
		  : path_add_hop(c->path, HOP_PORT, c->host, CONTAINER_PORT,
				 err);
}

void container_set_stacked(struct container *c)
{
	c->path->hop[0].role = HOP_STACKED;
	c->path->pair[0].m1.fixed_offload = true;
}

void container_format_address(const struct container *c, int host,
			      char address[static 16])
{
	lab_format_subnet(c->subnet, host, address);
}

void container_format_subnet(const struct container *c, char subnet[static 20])
{
	lab_format_subnet(c->subnet, 0, subnet);
	strcat(subnet, "/24");
}

int container_forward(struct container *c, struct err *err)
{
	return netns_set_sysctl(c->host, "ipv4/ip_forward", "1", err);
}

static int add_route(struct lab_netns *netns, const char *to,
		     const char *ifname, const char *gateway, struct err *err)
{
	struct link_next_hop hop = { .ifname = ifname };

	snprintf(hop.gateway, sizeof(hop.gateway), "%s", gateway);
	return link_add_route(
		netns, &(struct link_route){ .to = to, .hop = &hop, .hops = 1 },
		err);
}

int container_route_back(struct container *c, struct err *err)
{
	char subnet[20], host[16];

	container_format_subnet(c, subnet);
	lab_format_address(&c->cable, 1, host);
	return add_route(lab_m2(c->lab)->netns, subnet, c->cable.m2_ifname,
			 host, err);
}

static int add_far_hops(struct container *c, const char *address,
			struct err *err)
{
	struct lab_node *m2 = lab_m2(c->lab);
	int rc = path_add_hop(c->path, HOP_PORT, c->host, CONTAINER_ETH0, err);

	if (!rc)
		rc = path_add_hop(c->path, HOP_END, m2->netns,
				  c->cable.m2_ifname, err);
	path_set_m1(c->path, c->node, CONTAINER_ETH0, address);
	path_set_m2(c->path, m2, c->cable.m2_ifname, c->cable.m2_address);
	return rc;
}

int container_join_subnet(struct container *c, int host, int gateway,
			  struct err *err)
{
	char address[16], way_out[16];
	int rc;

	container_format_address(c, host, address);
	container_format_address(c, gateway, way_out);
	rc = link_add_address(c->node->netns, CONTAINER_ETH0, address, 24, err);
	if (!rc)
		rc = add_route(c->node->netns, "0.0.0.0/0", CONTAINER_ETH0,
			       way_out, err);
	rc = rc ? rc : add_far_hops(c, address, err);
	c->path->pair[0].m1_text.address6[0] =
		'\0'; /* the host forwards IPv4 alone */
	return rc;
}

int container_join_cable(struct container *c, struct err *err)
{
	char address[16];
	int rc;

	lab_format_address(&c->cable, 2, address);
	rc = link_add_address(c->node->netns, CONTAINER_ETH0, address, 24, err);
	return rc ? rc : add_far_hops(c, address, err);
}
