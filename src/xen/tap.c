/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/netdev.h"

static int open_queue(struct tap *tap, int flags, struct err *err)
{
	struct ifreq ifr = { 0 };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "/dev/net/tun");
	memcpy(ifr.ifr_name, tap->name, IFNAMSIZ);
	ifr.ifr_flags = (short)flags;
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		int code = errno;

		close(fd);
		return err_sys(err, code, "TAP %s", tap->name);
	}
	memcpy(tap->name, ifr.ifr_name, IFNAMSIZ);
	tap->fd[tap->queues++] = fd;
	return 0;
}

int tap_open(struct tap *tap, const char *name, int queues, struct err *err)
{
	int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	int rc = 0;

	memset(tap, 0, sizeof(*tap));
	if (strlen(name) >= IFNAMSIZ)
		return err_set(err, EINVAL, "'%s' is longer than %d characters",
			       name, IFNAMSIZ - 1);
	snprintf(tap->name, sizeof(tap->name), "%s", name);
	if (queues > 1)
		flags |= IFF_MULTI_QUEUE;
	while (!rc && tap->queues < queues)
		rc = open_queue(tap, flags, err);
	if (rc)
		tap_close(tap);
	return rc;
}

void tap_close(struct tap *tap)
{
	while (tap->queues)
		close(tap->fd[--tap->queues]);
}

int tap_offer_offload(const struct tap *tap, bool on, struct err *err)
{
	unsigned int what = on ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 : 0;

	if (ioctl(tap->fd[0], TUNSETOFFLOAD, what) < 0)
		return err_sys(err, errno, "%s: offloads", tap->name);
	return 0;
}

int tap_set_carrier(const struct tap *tap, bool on)
{
	int value = on;

	return ioctl(tap->fd[0], TUNSETCARRIER, &value) < 0 ? -errno : 0;
}

static int control(const struct tap *tap, unsigned long request,
		   struct ifreq *ifr)
{
	int fd = netdev_open(NULL);
	int rc;

	if (fd < 0)
		return fd;
	memcpy(ifr->ifr_name, tap->name, IFNAMSIZ);
	rc = ioctl(fd, request, ifr) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

struct set_queue_length {
	struct nlmsghdr header;
	struct ifinfomsg link;
	struct rtattr attribute;
	uint32_t frames;
};

static int exchange(int fd, const struct set_queue_length *request)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[256];
	} answer;
	ssize_t n;

	if (send(fd, request, sizeof(*request), 0) < 0)
		return -errno;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	if ((size_t)n < offsetof(__typeof__(answer), error.msg) ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.error.error;
}

/* By rtnetlink: to ioctl(SIOCSIFTXQLEN) the right in the namespace is not
 * enough, it wants the machine's. */
int tap_set_queue_length(const struct tap *tap, int frames, struct err *err)
{
	struct set_queue_length request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_NEWLINK,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.link = { .ifi_family = AF_UNSPEC,
			  .ifi_index = (int)if_nametoindex(tap->name) },
		.attribute = { .rta_len = RTA_LENGTH(sizeof(uint32_t)),
			       .rta_type = IFLA_TXQLEN },
		.frames = (uint32_t)frames,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int rc = fd < 0 ? -errno : exchange(fd, &request);

	if (fd >= 0)
		close(fd);
	return rc ? err_sys(err, -rc, "%s: queue length", tap->name) : 0;
}

int tap_set_mac(const struct tap *tap, const uint8_t mac[6], struct err *err)
{
	struct ifreq ifr = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };
	int rc;

	memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
	rc = control(tap, SIOCSIFHWADDR, &ifr);
	return rc ? err_sys(err, -rc, "%s: MAC address", tap->name) : 0;
}

int tap_get_mac(const struct tap *tap, uint8_t mac[6], struct err *err)
{
	struct ifreq ifr = { 0 };
	int rc = control(tap, SIOCGIFHWADDR, &ifr);

	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	return rc ? err_sys(err, -rc, "%s: MAC address", tap->name) : 0;
}

int tap_join_bridge(const struct tap *tap, const char *bridge, struct err *err)
{
	struct ifreq ifr = { 0 };
	int index = (int)if_nametoindex(tap->name);
	int fd = netdev_open(err);
	int rc = 0;

	if (fd < 0)
		return fd;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", bridge);
	ifr.ifr_ifindex = index;
	if (ioctl(fd, SIOCBRADDIF, &ifr) < 0)
		rc = err_sys(err, errno, "adding %s to bridge %s", tap->name,
			     bridge);
	close(fd);
	return rc;
}

bool tap_parse_mac(const char *text, uint8_t mac[6])
{
	int end = 0;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0],
		      &mac[1], &mac[2], &mac[3], &mac[4], &mac[5], &end) == 6 &&
	       !text[end] && !(mac[0] & 1);
}
