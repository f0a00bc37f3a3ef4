/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/carrier.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#ifndef IFF_LOWER_UP
#define IFF_LOWER_UP (1 << 16) /* linux/if.h, which net/if.h does not suffer */
#endif

#define STEP_MS 10

/* One RTM_GETLINK; the answer's header is all that is wanted of it. SIOCGIFFLAGS
 * does not have IFF_LOWER_UP, and of some drivers ETHTOOL_GLINK is the wire's
 * state, not the kernel's. */
static unsigned int read_flags(int fd, unsigned int index)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} ask = {
		.header = { .nlmsg_len = sizeof(ask),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST },
		.info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index },
	};
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
		char rest[8192];
	} answer;
	ssize_t n;

	if (send(fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
		return 0;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < (ssize_t)(sizeof(answer.header) + sizeof(answer.info)) ||
	    answer.header.nlmsg_type != RTM_NEWLINK)
		return 0;
	return answer.info.ifi_flags;
}

bool carrier_is_on(const char *ifname)
{
	const unsigned int wanted = IFF_UP | IFF_RUNNING | IFF_LOWER_UP;
	unsigned int index = if_nametoindex(ifname);
	unsigned int flags;
	int fd;

	if (!index)
		return false;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return false;
	flags = read_flags(fd, index);
	close(fd);
	return (flags & wanted) == wanted;
}

bool carrier_await(const char *ifname, int64_t patience_ns)
{
	int64_t deadline_ns = clock_mono_ns() + patience_ns;

	while (!carrier_is_on(ifname)) {
		if (clock_mono_ns() > deadline_ns)
			return false;
		poll(NULL, 0, STEP_MS);
	}
	return true;
}
