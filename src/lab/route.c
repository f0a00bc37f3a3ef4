/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Routes of equal cost, and what the kernel must be told for them. */
#include "lab/links.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

static int add_hop(struct rtnl_route *route, struct lab_netns *netns,
		   const struct link_next_hop *hop)
{
	struct rtnl_nexthop *next = rtnl_route_nh_alloc();
	struct rtnl_link *link = NULL;
	struct nl_addr *gateway = NULL;
	int rc = next ? nl_addr_parse(hop->gateway, AF_INET, &gateway)
		      : -NLE_NOMEM;

	if (!rc)
		rc = rtnl_link_get_kernel(netns_netlink(netns), 0, hop->ifname,
					  &link);
	if (!rc) {
		rtnl_route_nh_set_gateway(next, gateway);
		rtnl_route_nh_set_ifindex(next, rtnl_link_get_ifindex(link));
		rtnl_route_add_nexthop(route, next);
	} else if (next) {
		rtnl_route_nh_free(next);
	}
	rtnl_link_put(link);
	nl_addr_put(gateway);
	return rc;
}

static int describe(struct rtnl_route *route, const struct link_route *spec)
{
	struct nl_addr *to = NULL, *from = NULL;
	int rc = nl_addr_parse(spec->to, AF_INET, &to);

	if (!rc)
		rc = rtnl_route_set_dst(route, to);
	if (!rc && spec->from)
		rc = nl_addr_parse(spec->from, AF_INET, &from);
	if (!rc && from)
		rc = rtnl_route_set_pref_src(route, from);
	nl_addr_put(to);
	nl_addr_put(from);
	return rc;
}

int link_add_route(struct lab_netns *netns, const struct link_route *spec,
		   struct err *err)
{
	struct rtnl_route *route = rtnl_route_alloc();
	int rc = route ? describe(route, spec) : -NLE_NOMEM;

	for (int i = 0; !rc && i < spec->hops; i++)
		rc = add_hop(route, netns, &spec->hop[i]);
	if (!rc)
		rc = rtnl_route_add(netns_netlink(netns), route, NLM_F_CREATE);
	rtnl_route_put(route);
	return rc ? link_err(err, netns, spec->to, rc,
			     spec->hops > 1 ? "a route by several cables "
					      "(CONFIG_IP_ROUTE_MULTIPATH)"
					    : "a route")
		  : 0;
}

int netns_set_sysctl(const struct lab_netns *netns, const char *name,
		     const char *value, struct err *err)
{
	char path[128];
	int former = netns_enter(netns, err);
	int fd, rc = 0;

	if (former < 0)
		return former;
	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		rc = err_sys(err, errno, "node %s: setting %s to %s",
			     netns_name(netns), path, value);
	if (fd >= 0)
		close(fd);
	netns_leave(former);
	return rc;
}
