/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
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

static int open_queues(struct tap *tap, int queues, int flags, struct err *err)
{
	int rc = 0;

	if (queues > 1)
		flags |= IFF_MULTI_QUEUE;
	while (!rc && tap->queues < queues)
		rc = open_queue(tap, flags, err);
	if (rc)
		tap_close(tap);
	return rc;
}

/* sysfs of the namespace that we are in, wherever /sys belongs to. */
static int open_sysfs(void)
{
	int context = fsopen("sysfs", FSOPEN_CLOEXEC);
	int fd = -1;

	if (context < 0)
		return -1;
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		fd = fsmount(context, FSMOUNT_CLOEXEC, 0);
	close(context);
	return fd;
}

static int write_attribute(const struct tap *tap, const char *name,
			   const char *value)
{
	char path[64];
	int sysfs = open_sysfs();
	int fd = -1, rc = 0;

	snprintf(path, sizeof(path), "class/net/%s/%s", tap->name, name);
	if (sysfs >= 0)
		fd = openat(sysfs, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		rc = -errno;
	if (fd >= 0)
		close(fd);
	if (sysfs >= 0)
		close(sysfs);
	return rc;
}

/* IFF_NAPI without a thread is slower than none: each write still ends in a
 * softirq of its own. */
static int open_threaded(struct tap *tap, int queues, int flags)
{
	int bytes = TAP_QUEUE_BYTES;
	int rc = open_queues(tap, queues, flags | IFF_NAPI, NULL);

	if (rc)
		return rc;
	rc = write_attribute(tap, "threaded", "1");
	if (!rc && ioctl(tap->fd[0], TUNSETSNDBUF, &bytes) < 0)
		rc = -errno;
	tap->napi = !rc;
	if (rc)
		tap_close(tap);
	return rc;
}

void tap_set_threaded(const struct tap *tap, bool on)
{
	if (tap->napi)
		write_attribute(tap, "threaded", on ? "1" : "0");
}

int tap_open(struct tap *tap, const char *name, int queues, bool napi,
	     struct err *err)
{
	/* a filter that a former owner of a persistent TAP left is not ours:
	 * the kernel would read it anew from that owner's addresses */
	int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_NOFILTER;

	memset(tap, 0, sizeof(*tap));
	if (strlen(name) >= IFNAMSIZ)
		return err_set(err, EINVAL, "'%s' is longer than %d characters",
			       name, IFNAMSIZ - 1);
	snprintf(tap->name, sizeof(tap->name), "%s", name);
	if (napi && open_threaded(tap, queues, flags) == 0)
		return 0;
	return open_queues(tap, queues, flags, err);
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

/* A tag is beside the frame (an skb's vlan_tci) or in it, as the interface's
 * flag for tx-vlan-offload has it. */
int tap_admit_vlan(const struct tap *tap, uint16_t vlan, struct err *err)
{
	/* clang-format off */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG)),
		BPF_STMT(BPF_JMP | BPF_JA, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 2 * ETH_ALEN),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_8021Q, 0, 4),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 2 * ETH_ALEN + 2),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TAP_VLAN_MASK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, vlan, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	/* clang-format on */
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (ioctl(tap->fd[0], TUNATTACHFILTER, &program) < 0)
		return err_sys(err, errno, "%s: a filter for VLAN %u",
			       tap->name, vlan);
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

int tap_set_mtu(const struct tap *tap, int mtu, struct err *err)
{
	struct ifreq ifr = { .ifr_mtu = mtu };
	int rc = control(tap, SIOCSIFMTU, &ifr);

	return rc ? err_sys(err, -rc, "%s: MTU %d", tap->name, mtu) : 0;
}

bool tap_wants_merged(const struct tap *tap)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GGRO };
	struct ifreq ifr = { .ifr_data = (char *)&value };

	return control(tap, SIOCETHTOOL, &ifr) == 0 && value.data;
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
