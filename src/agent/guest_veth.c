/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/guest_veth.h"

#include <errno.h>
#include <net/if.h>
#include <unistd.h>

#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>

static int connect_netlink(struct nl_sock **sock, struct err *err)
{
	*sock = nl_socket_alloc();
	if (!*sock)
		return err_sys(err, ENOMEM, "netlink");
	return nl_connect(*sock, NETLINK_ROUTE);
}

int guest_add_veth(const char *one, const char *other, struct err *err)
{
	struct nl_sock *sock;
	int rc = connect_netlink(&sock, err);

	if (!sock)
		return rc;
	if (rc >= 0)
		rc = rtnl_link_veth_add(sock, one, other, getpid());
	nl_socket_free(sock);
	if (rc < 0)
		return err_set(err, EIO, "veth %s and %s: %s", one, other,
			       nl_geterror(rc));
	return 0;
}

int guest_move_link(const char *ifname, int pid, struct err *err)
{
	struct rtnl_link *link = rtnl_link_alloc(), *change = rtnl_link_alloc();
	struct nl_sock *sock = NULL;
	int rc = link && change ? connect_netlink(&sock, err)
				: err_sys(err, ENOMEM, "%s", ifname);

	if (link && change && sock && rc >= 0) {
		rtnl_link_set_ifindex(link, (int)if_nametoindex(ifname));
		rtnl_link_set_ns_pid(change, pid);
		rc = rtnl_link_change(sock, link, change, 0);
	}
	nl_socket_free(sock);
	rtnl_link_put(change);
	rtnl_link_put(link);
	if (rc < 0)
		return err_set(err, EIO, "moving %s: %s", ifname,
			       nl_geterror(rc));
	return 0;
}
