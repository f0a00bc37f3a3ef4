/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>

#include "base/netdev.h"

int link_err(struct err *err, const struct lab_netns *netns, const char *ifname,
	     int nl_code, const char *what)
{
	static const struct {
		int nl, code;
	} codes[] = {
		{ NLE_PERM, EPERM },   { NLE_EXIST, EEXIST },
		{ NLE_NODEV, ENODEV }, { NLE_OPNOTSUPP, EOPNOTSUPP },
		{ NLE_NOMEM, ENOMEM }, { NLE_OBJ_NOTFOUND, ENODEV },
		{ NLE_INVAL, EINVAL }, { NLE_NOACCESS, EACCES },
		{ NLE_BUSY, EBUSY },
	};
	int code = EIO;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (abs(nl_code) == codes[i].nl)
			code = codes[i].code;
	return err_set(err, code, "node %s: %s: %s: %s", netns_name(netns),
		       ifname, what, nl_geterror(nl_code));
}

static int set_up(const struct link_spec *spec, struct err *err)
{
	int rc = netdev_set_up(netns_ioctl_fd(spec->netns), spec->ifname, true,
			       err);

	return rc ? err_wrap(err, "node %s", netns_name(spec->netns)) : 0;
}

static int describe(struct rtnl_link *link, const struct link_spec *spec,
		    struct err *err)
{
	struct nl_addr *mac;
	int rc;

	rtnl_link_set_name(link, spec->ifname);
	if (!spec->mac)
		return 0;
	rc = nl_addr_parse(spec->mac, AF_LLC, &mac);
	if (rc)
		return link_err(err, spec->netns, spec->ifname, rc, spec->mac);
	rtnl_link_set_addr(link, mac);
	nl_addr_put(mac);
	return 0;
}

int link_add_veth(const struct link_spec *a, const struct link_spec *b,
		  struct err *err)
{
	struct rtnl_link *link = rtnl_link_veth_alloc();
	struct rtnl_link *peer = link ? rtnl_link_veth_get_peer(link) : NULL;
	int rc;

	if (!peer) {
		rc = err_sys(err, ENOMEM, "a veth pair");
		goto out;
	}
	rc = describe(link, a, err);
	if (!rc)
		rc = describe(peer, b, err);
	if (rc)
		goto out;
	rtnl_link_set_ns_fd(peer, netns_fd(b->netns));
	rc = rtnl_link_add(netns_netlink(a->netns), link,
			   NLM_F_CREATE | NLM_F_EXCL);
	if (rc) {
		rc = link_err(err, a->netns, a->ifname, rc,
			      "making the veth pair");
		err_wrap(err, "cable to %s in node %s", b->ifname,
			 netns_name(b->netns));
		goto out;
	}
	rc = set_up(a, err);
	if (!rc)
		rc = set_up(b, err);
out:
	rtnl_link_put(peer);
	rtnl_link_put(link);
	return rc;
}

/* libnl-route has no names for these attributes of a bridge. */
static int put_bridge(struct nl_msg *msg, const char *ifname)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nlattr *link, *data;

	if (nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) ||
	    nla_put_string(msg, IFLA_IFNAME, ifname))
		return -NLE_NOMEM;
	link = nla_nest_start(msg, IFLA_LINKINFO);
	if (!link || nla_put_string(msg, IFLA_INFO_KIND, "bridge"))
		return -NLE_NOMEM;
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	if (!data || nla_put_u32(msg, IFLA_BR_STP_STATE, 0) ||
	    nla_put_u32(msg, IFLA_BR_FORWARD_DELAY, 0) ||
	    nla_put_u8(msg, IFLA_BR_MCAST_SNOOPING, 0) ||
	    nla_put_u8(msg, IFLA_BR_MCAST_QUERIER, 0))
		return -NLE_NOMEM;
	nla_nest_end(msg, data);
	nla_nest_end(msg, link);
	return 0;
}

int link_add_bridge(const struct link_spec *bridge, struct err *err)
{
	struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	int rc;

	if (!msg)
		return err_sys(err, ENOMEM, "%s", bridge->ifname);
	rc = put_bridge(msg, bridge->ifname);
	if (rc)
		nlmsg_free(msg);
	else /* frees it */
		rc = nl_send_sync(netns_netlink(bridge->netns), msg);
	if (rc)
		return link_err(err, bridge->netns, bridge->ifname, rc,
				"making the bridge");
	return set_up(bridge, err);
}

/* What a change is made to, by name. */
static int change_link(struct lab_netns *netns, const char *ifname,
		       struct rtnl_link *change, const char *what,
		       struct err *err)
{
	struct rtnl_link *link = NULL;
	int rc = rtnl_link_get_kernel(netns_netlink(netns), 0, ifname, &link);

	if (!rc)
		rc = rtnl_link_change(netns_netlink(netns), link, change, 0);
	rtnl_link_put(link);
	return rc ? link_err(err, netns, ifname, rc, what) : 0;
}

int link_set_mac(struct lab_netns *netns, const char *ifname, const char *mac,
		 struct err *err)
{
	const struct link_spec spec = { netns, ifname, mac };
	struct rtnl_link *change = rtnl_link_alloc();
	int rc;

	if (!change)
		return err_sys(err, ENOMEM, "%s", ifname);
	rc = describe(change, &spec, err);
	if (!rc)
		rc = change_link(netns, ifname, change, "setting its MAC", err);
	rtnl_link_put(change);
	return rc;
}

int link_enslave(struct lab_netns *netns, const char *ifname,
		 const char *bridge, struct err *err)
{
	struct rtnl_link *master = NULL;
	struct rtnl_link *change = rtnl_link_alloc();
	int rc;

	if (!change)
		return err_sys(err, ENOMEM, "%s", ifname);
	rc = rtnl_link_get_kernel(netns_netlink(netns), 0, bridge, &master);
	if (rc) {
		rc = link_err(err, netns, bridge, rc, "looking for the bridge");
		goto out;
	}
	rtnl_link_set_master(change, rtnl_link_get_ifindex(master));
	rc = change_link(netns, ifname, change, "enslaving it", err);
out:
	rtnl_link_put(master);
	rtnl_link_put(change);
	return rc;
}

int link_add_address(struct lab_netns *netns, const char *ifname,
		     const char *address, int prefix, struct err *err)
{
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct rtnl_link *link = NULL;
	struct nl_addr *local = NULL;
	int rc = addr ? 0 : -NLE_NOMEM;

	if (!rc)
		rc = rtnl_link_get_kernel(netns_netlink(netns), 0, ifname,
					  &link);
	if (!rc)
		rc = nl_addr_parse(address, AF_INET, &local);
	if (!rc) {
		nl_addr_set_prefixlen(local, prefix);
		rtnl_addr_set_ifindex(addr, rtnl_link_get_ifindex(link));
		rc = rtnl_addr_set_local(addr, local);
	}
	if (!rc)
		rc = rtnl_addr_add(netns_netlink(netns), addr, 0);
	nl_addr_put(local);
	rtnl_link_put(link);
	rtnl_addr_put(addr);
	return rc ? link_err(err, netns, ifname, rc, address) : 0;
}

static int explain_tun(int code, struct err *err)
{
	if (code == ENOENT || code == ENODEV || code == ENXIO)
		return err_set(
			err, code,
			"/dev/net/tun: %s: this kernel has no TAP (modprobe "
			"tun); paths of guests need it",
			strerror(code));
	return err_set(err, code,
		       "/dev/net/tun: %s: paths of guests need it (chmod 0666 "
		       "/dev/net/tun, as most distributions have it, or run as "
		       "root); native and dom0 do not",
		       strerror(code));
}

/* A TAP belongs to the namespace in which /dev/net/tun was opened. */
static int open_tun(const struct lab_netns *netns, struct err *err)
{
	int former = netns_enter(netns, err);
	int fd, code;

	if (former < 0)
		return former;
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	code = errno;
	netns_leave(former);
	return fd < 0 ? explain_tun(code, err) : fd;
}

int link_open_tap(const struct lab_netns *netns, const char *ifname, int flags,
		  int *fd, struct err *err)
{
	struct ifreq ifr = { 0 };
	int rc;

	*fd = open_tun(netns, err);
	if (*fd < 0)
		return err_wrap(err, "node %s: %s", netns_name(netns), ifname);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	ifr.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | flags);
	if (ioctl(*fd, TUNSETIFF, &ifr) == 0)
		return 0;
	rc = err_sys(err, errno, "node %s: %s: attaching to the TAP",
		     netns_name(netns), ifname);
	close(*fd);
	*fd = -1;
	return rc;
}

int link_add_tap(const struct link_spec *tap, int flags, struct err *err)
{
	int fd, rc;

	rc = link_open_tap(tap->netns, tap->ifname, IFF_VNET_HDR | flags, &fd,
			   err);
	if (rc)
		return rc;
	if (ioctl(fd, TUNSETPERSIST, 1) < 0)
		rc = err_sys(err, errno, "node %s: %s: keeping the TAP",
			     netns_name(tap->netns), tap->ifname);
	close(fd);
	if (!rc && tap->mac)
		rc = link_set_mac(tap->netns, tap->ifname, tap->mac, err);
	return rc ? rc : set_up(tap, err);
}
