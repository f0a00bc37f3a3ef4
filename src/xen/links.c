/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/links.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

static void tell_changed(struct links *links, const struct nlmsghdr *message,
			 size_t bytes)
{
	for (; NLMSG_OK(message, bytes); message = NLMSG_NEXT(message, bytes)) {
		const struct ifinfomsg *link = NLMSG_DATA(message);

		if (message->nlmsg_type == RTM_NEWLINK &&
		    message->nlmsg_len >= NLMSG_LENGTH(sizeof(*link)))
			links->changed(links->arg, link->ifi_index);
	}
}

static void ready(struct loop_source *source)
{
	struct links *links = (struct links *)((char *)source -
					       offsetof(struct links, source));
	_Alignas(struct nlmsghdr) char buf[16384];
	ssize_t n;

	while ((n = recv(source->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		tell_changed(links, (struct nlmsghdr *)buf, (size_t)n);
	if (n < 0 && errno == ENOBUFS) /* some were lost */
		links->changed(links->arg, 0);
}

int links_open(struct links *links, struct loop *loop, struct err *err)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int code;

	links->loop = loop;
	links->source = (struct loop_source){ fd, ready, 0 };
	if (fd >= 0 &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    loop_add(loop, &links->source, false, err) == 0)
		return 0;
	code = errno;
	if (fd >= 0)
		close(fd);
	links->source.fd = -1;
	return err_sys(err, code, "rtnetlink: hearing of interfaces");
}

void links_close(struct links *links)
{
	if (links->source.fd < 0)
		return;
	loop_remove(links->loop, &links->source);
	close(links->source.fd);
	links->source.fd = -1;
}
