/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several cables as one interface (module bonding). */
#include "lab/links.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/netdev.h"

/* Documentation/networking/bonding.rst of the kernel */
#define MODE_BALANCE_XOR 2
#define HASH_LAYER34	 1
#define MIIMON_MS	 100 /* how often a cable's link is looked at */

static int put_bond(struct nl_msg *msg, const struct link_spec *bond)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nlattr *link, *data;

	if (nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) ||
	    nla_put_string(msg, IFLA_IFNAME, bond->ifname))
		return -NLE_NOMEM;
	link = nla_nest_start(msg, IFLA_LINKINFO);
	if (!link || nla_put_string(msg, IFLA_INFO_KIND, "bond"))
		return -NLE_NOMEM;
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	if (!data || nla_put_u8(msg, IFLA_BOND_MODE, MODE_BALANCE_XOR) ||
	    nla_put_u32(msg, IFLA_BOND_MIIMON, MIIMON_MS) ||
	    nla_put_u8(msg, IFLA_BOND_XMIT_HASH_POLICY, HASH_LAYER34))
		return -NLE_NOMEM;
	nla_nest_end(msg, data);
	nla_nest_end(msg, link);
	return 0;
}

int link_add_bond(const struct link_spec *bond, struct err *err)
{
	struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	int rc;

	if (!msg)
		return err_sys(err, ENOMEM, "%s", bond->ifname);
	rc = put_bond(msg, bond);
	if (rc)
		nlmsg_free(msg);
	else /* frees it */
		rc = nl_send_sync(netns_netlink(bond->netns), msg);
	if (rc)
		return link_err(err, bond->netns, bond->ifname, rc,
				"making the bond (module bonding, "
				"CONFIG_BONDING; spread: routes needs none)");
	rc = bond->mac ? link_set_mac(bond->netns, bond->ifname, bond->mac, err)
		       : 0;
	return rc ? rc
		  : netdev_set_up(netns_ioctl_fd(bond->netns), bond->ifname,
				  true, err);
}

/* A bond takes in what is down, and brings it up. */
int link_join_bond(struct lab_netns *netns, const char *ifname,
		   const char *bond, struct err *err)
{
	int fd = netns_ioctl_fd(netns);
	int rc = netdev_set_up(fd, ifname, false, err);

	if (!rc)
		rc = link_enslave(netns, ifname, bond, err);
	return rc ? rc : netdev_set_up(fd, ifname, true, err);
}
