/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Links that stand on another, in its namespace or out of it. */
#include "lab/stacked.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/ipvlan.h>
#include <netlink/route/link/macvlan.h>

#include "base/netdev.h"

static int get_ifindex(const struct lab_netns *netns, const char *ifname,
		       int *ifindex)
{
	struct rtnl_link *link = NULL;
	int rc = rtnl_link_get_kernel(netns_netlink(netns), 0, ifname, &link);

	*ifindex = rc ? 0 : rtnl_link_get_ifindex(link);
	rtnl_link_put(link);
	return rc;
}

/* What a kernel without the driver answers. */
static int tell_missing(const struct link_spec *spec, const char *kind,
			const char *config, int nl_code, struct err *err)
{
	if (nl_code == -NLE_OPNOTSUPP)
		return err_set(err, EOPNOTSUPP,
			       "this kernel has no %s: modprobe %s, or a "
			       "kernel with %s",
			       kind, kind, config);
	return link_err(err, spec->netns, spec->ifname, nl_code, kind);
}

/* Takes `link` over. It is made where its lower one is, for the other
 * namespace. */
static int add_on(struct rtnl_link *link, const struct link_spec *spec,
		  struct lab_netns *lower, const char *lower_ifname)
{
	struct nl_addr *mac = NULL;
	int on, rc = get_ifindex(lower, lower_ifname, &on);

	if (!rc && spec->mac)
		rc = nl_addr_parse(spec->mac, AF_LLC, &mac);
	if (!rc) {
		rtnl_link_set_name(link, spec->ifname);
		rtnl_link_set_link(link, on);
		rtnl_link_set_ns_fd(link, netns_fd(spec->netns));
		if (mac)
			rtnl_link_set_addr(link, mac);
		rc = rtnl_link_add(netns_netlink(lower), link,
				   NLM_F_CREATE | NLM_F_EXCL);
	}
	nl_addr_put(mac);
	rtnl_link_put(link);
	return rc;
}

static int set_up(const struct link_spec *spec, struct err *err)
{
	int rc = netdev_set_up(netns_ioctl_fd(spec->netns), spec->ifname, true,
			       err);

	return rc ? err_wrap(err, "node %s", netns_name(spec->netns)) : 0;
}

int link_add_macvlan(const struct link_spec *spec, struct lab_netns *lower,
		     const char *lower_ifname, struct err *err)
{
	struct rtnl_link *link = rtnl_link_macvlan_alloc();
	int rc;

	if (!link)
		return err_sys(err, ENOMEM, "%s", spec->ifname);
	rtnl_link_macvlan_set_mode(link, rtnl_link_macvlan_str2mode("bridge"));
	rc = add_on(link, spec, lower, lower_ifname);
	return rc ? tell_missing(spec, "macvlan", "CONFIG_MACVLAN", rc, err)
		  : set_up(spec, err);
}

int link_add_ipvlan(const struct link_spec *spec, struct lab_netns *lower,
		    const char *lower_ifname, const char *mode, struct err *err)
{
	struct rtnl_link *link = rtnl_link_ipvlan_alloc();
	int rc;

	if (!link)
		return err_sys(err, ENOMEM, "%s", spec->ifname);
	rtnl_link_ipvlan_set_mode(link,
				  (uint16_t)rtnl_link_ipvlan_str2mode(mode));
	rc = add_on(link, spec, lower, lower_ifname);
	return rc ? tell_missing(spec, "ipvlan", "CONFIG_IPVLAN", rc, err)
		  : set_up(spec, err);
}

/*
 * Segments: libnl-route has no setter.
 */

static int send_segments(struct lab_netns *netns, int ifindex,
			 uint32_t segments)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC,
				  .ifi_index = ifindex };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);

	if (!msg)
		return -NLE_NOMEM;
	if (nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) ||
	    nla_put_u32(msg, IFLA_GSO_MAX_SEGS, segments)) {
		nlmsg_free(msg);
		return -NLE_NOMEM;
	}
	return nl_send_sync(netns_netlink(netns), msg); /* frees it */
}

int link_set_segments(struct lab_netns *netns, const char *ifname, int segments,
		      struct err *err)
{
	struct rtnl_link *link = NULL;
	uint32_t now = 0;
	int ifindex, rc = get_ifindex(netns, ifname, &ifindex);

	if (!rc)
		rc = send_segments(netns, ifindex, (uint32_t)segments);
	if (!rc)
		rc = rtnl_link_get_kernel(netns_netlink(netns), ifindex, NULL,
					  &link);
	if (rc)
		return link_err(err, netns, ifname, rc,
				"limiting its packets' segments");
	rtnl_link_get_gso_max_segs(link, &now);
	rtnl_link_put(link);
	if (now == (uint32_t)segments)
		return 0;
	return err_set(err, EIO,
		       "node %s: %s: %d segments a packet were set, %u are "
		       "there",
		       netns_name(netns), ifname, segments, now);
}
