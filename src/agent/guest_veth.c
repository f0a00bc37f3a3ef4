/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/guest_veth.h"

#include <errno.h>
#include <unistd.h>

#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>

int guest_add_veth(const char *one, const char *other, struct err *err)
{
	struct nl_sock *sock = nl_socket_alloc();
	int rc;

	if (!sock)
		return err_sys(err, ENOMEM, "netlink");
	rc = nl_connect(sock, NETLINK_ROUTE);
	if (rc >= 0)
		rc = rtnl_link_veth_add(sock, one, other, getpid());
	nl_socket_free(sock);
	if (rc < 0)
		return err_set(err, EIO, "veth %s and %s: %s", one, other,
			       nl_geterror(rc));
	return 0;
}
