/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/links.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "base/log.h"
#include "base/netdev.h"
#include "lab/node.h"

#define OWN_NETNS "/proc/thread-self/ns/net"

struct lab_netns {
	char name[LAB_NAME_MAX];
	int users;
	int fd;
	int ioctl_fd;
	struct nl_sock *nl;
};

const char *netns_name(const struct lab_netns *netns)
{
	return netns->name;
}

int netns_fd(const struct lab_netns *netns)
{
	return netns->fd;
}

int netns_ioctl_fd(const struct lab_netns *netns)
{
	return netns->ioctl_fd;
}

struct nl_sock *netns_netlink(const struct lab_netns *netns)
{
	return netns->nl;
}

static int open_own(struct err *err)
{
	int fd = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, OWN_NETNS) : fd;
}

int netns_enter(const struct lab_netns *netns, struct err *err)
{
	int former = open_own(err);
	int rc;

	if (former < 0)
		return former;
	if (setns(netns->fd, CLONE_NEWNET) == 0)
		return former;
	rc = err_sys(err, errno, "%s: entering its namespace", netns->name);
	close(former);
	return rc;
}

void netns_leave(int former_fd)
{
	/* a thread left in the wrong namespace would misplace all it makes */
	if (setns(former_fd, CLONE_NEWNET) < 0)
		abort();
	close(former_fd);
}

static int open_netlink(struct nl_sock **nl, struct err *err)
{
	int rc;

	*nl = nl_socket_alloc();
	if (!*nl)
		return err_sys(err, ENOMEM, "netlink socket");
	rc = nl_connect(*nl, NETLINK_ROUTE);
	return rc ? err_set(err, EIO, "netlink socket: %s", nl_geterror(rc))
		  : 0;
}

/*
 * For interfaces made later. Where /proc/sys is read-only the answer is no,
 * and they take a link-local address and send a few frames as they come up.
 */
static void disable_ipv6(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6",
		      O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		log_debug("netns: IPv6 stays: %s", strerror(errno));
	close(fd);
}

/* What must be done from within: sockets belong to where they were made. */
static int fill(struct lab_netns *netns, struct err *err)
{
	int rc;

	netns->fd = open_own(err);
	if (netns->fd < 0)
		return netns->fd;
	netns->ioctl_fd = netdev_open(err);
	if (netns->ioctl_fd < 0)
		return netns->ioctl_fd;
	rc = open_netlink(&netns->nl, err);
	if (rc)
		return rc;
	disable_ipv6();
	return netdev_set_up(netns->ioctl_fd, "lo", true, err);
}

int netns_create(struct lab_netns **netns, const char *name, struct err *err)
{
	struct lab_netns *made = calloc(1, sizeof(*made));
	int former, rc;

	if (!made)
		return err_sys(err, ENOMEM, "%s", name);
	snprintf(made->name, sizeof(made->name), "%s", name);
	made->users = 1;
	made->fd = made->ioctl_fd = -1;
	former = open_own(err);
	if (former < 0) {
		rc = former;
		goto fail;
	}
	if (unshare(CLONE_NEWNET) < 0) {
		rc = err_sys(err, errno, "making a network namespace");
		close(former);
		goto fail;
	}
	rc = fill(made, err);
	netns_leave(former);
	if (rc)
		goto fail;
	*netns = made;
	return 0;
fail:
	netns_close(made);
	err_wrap(err, "node %s", name);
	return rc;
}

int netns_adopt(struct lab_netns **netns, int fd, const char *name,
		struct err *err)
{
	struct lab_netns *made = calloc(1, sizeof(*made));

	if (!made)
		return err_sys(err, ENOMEM, "%s", name);
	snprintf(made->name, sizeof(made->name), "%s", name);
	made->users = 1;
	made->ioctl_fd = -1;
	made->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (made->fd < 0) {
		free(made);
		return err_sys(err, errno, "the network namespace of %s", name);
	}
	*netns = made;
	return 0;
}

struct lab_netns *netns_share(struct lab_netns *netns)
{
	netns->users++;
	return netns;
}

void netns_close(struct lab_netns *netns)
{
	if (!netns || --netns->users > 0)
		return;
	nl_socket_free(netns->nl);
	if (netns->ioctl_fd >= 0)
		close(netns->ioctl_fd);
	if (netns->fd >= 0)
		close(netns->fd);
	free(netns);
}
