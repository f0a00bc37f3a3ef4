/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/inet6.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 2

/* The kernel answers such a request at once, and only to who asked. */
struct request {
	struct nlmsghdr header;
	struct ifaddrmsg message;
	struct {
		struct rtattr attr;
		struct in6_addr value;
	} local;
	struct {
		struct rtattr attr;
		uint32_t value;
	} flags;
};

struct answer {
	struct nlmsghdr header;
	struct nlmsgerr error;
};

/* In this order: what would make it send goes before it is on. Welcome, not
 * needed: /proc/sys may be read-only, or IPv6 be on already. */
static void prepare(const char *ifname)
{
	static const char *const settings[][2] = {
		{ "accept_ra", "0" },
		{ "autoconf", "0" },
		{ "addr_gen_mode", "1" },
		{ "dad_transmits", "0" },
		{ "router_solicitations", "0" },
		{ "disable_ipv6", "0" },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		char path[128];
		int fd;

		snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%.16s/%s",
			 ifname, settings[i][0]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (write(fd, settings[i][1], 1) < 0)
			errno = 0;
		close(fd);
	}
}

static int parse(const char *ifname, const char *address, struct in6_addr *in,
		 int *bits, struct err *err)
{
	char host[INET6_ADDRSTRLEN];

	if (sscanf(address, "%45[0-9a-fA-F:.]/%d", host, bits) == 2 &&
	    *bits > 0 && *bits <= 128 && inet_pton(AF_INET6, host, in) == 1)
		return 0;
	return err_set(err, EINVAL,
		       "%s: '%.60s' is no address such as fd00::1/64", ifname,
		       address);
}

static void fill(struct request *r, unsigned int index,
		 const struct in6_addr *in, int bits)
{
	*r = (struct request){
		.header = { .nlmsg_len = sizeof(*r),
			    .nlmsg_type = RTM_NEWADDR,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK |
					   NLM_F_CREATE | NLM_F_REPLACE },
		.message = { .ifa_family = AF_INET6,
			     .ifa_prefixlen = (uint8_t)bits,
			     .ifa_index = index },
		.local.attr = { RTA_LENGTH(sizeof(*in)), IFA_LOCAL },
		.local.value = *in,
		.flags.attr = { RTA_LENGTH(sizeof(uint32_t)), IFA_FLAGS },
		.flags.value = IFA_F_NODAD,
	};
}

/* 0 or -errno */
static int exchange(int fd, const struct request *request)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct answer answer;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, request, sizeof(*request), 0) < 0)
		return -errno;
	if (recv(fd, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer))
		return errno ? -errno : -EBADMSG;
	return answer.header.nlmsg_type == NLMSG_ERROR ? answer.error.error
						       : -EBADMSG;
}

int inet6_add_address(const char *ifname, const char *address, struct err *err)
{
	unsigned int index = if_nametoindex(ifname);
	struct request request;
	struct in6_addr in;
	int bits, fd, rc;

	rc = parse(ifname, address, &in, &bits, err);
	if (rc)
		return rc;
	if (!index)
		return err_set(err, ENODEV, "%s: no such interface", ifname);
	prepare(ifname);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return err_sys(err, errno, "netlink socket");
	fill(&request, index, &in, bits);
	rc = exchange(fd, &request);
	close(fd);
	if (rc == -EINVAL || rc == -ENOBUFS)
		return err_set(err, EINVAL,
			       "%s: adding %s: refused: is its MTU 1280 at "
			       "least?",
			       ifname, address);
	return rc ? err_sys(err, -rc, "%s: adding %s", ifname, address) : 0;
}
