/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/netdev.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

struct offload {
	const char *name;
	uint32_t get, set;
	bool enlarges; /* lets the stack see frames above the MTU */
};

/* clang-format off */
/* Order matters: segmentation goes off before scatter-gather and checksums,
 * which it needs, and comes on after them (walked backwards). */
static const struct offload offloads[] = {
	{ "lro", ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, true },
	{ "gro", ETHTOOL_GGRO, ETHTOOL_SGRO, true },
	{ "gso", ETHTOOL_GGSO, ETHTOOL_SGSO, true },
	{ "tso", ETHTOOL_GTSO, ETHTOOL_STSO, true },
	{ "ufo", ETHTOOL_GUFO, ETHTOOL_SUFO, true },
	{ "sg", ETHTOOL_GSG, ETHTOOL_SSG, false },
	{ "tx", ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM, false },
	{ "rx", ETHTOOL_GRXCSUM, ETHTOOL_SRXCSUM, false },
};
/* clang-format on */

#define OFFLOADS ((int)(sizeof(offloads) / sizeof(offloads[0])))

int netdev_open(struct err *err)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? err_sys(err, errno, "socket") : fd;
}

static void name_request(struct ifreq *ifr, const char *ifname)
{
	memset(ifr, 0, sizeof(*ifr));
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", ifname);
}

int netdev_set_up(int fd, const char *ifname, bool up, struct err *err)
{
	struct ifreq ifr;

	name_request(&ifr, ifname);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		return err_sys(err, errno, "%s: reading flags", ifname);
	if (up)
		ifr.ifr_flags |= IFF_UP;
	else
		ifr.ifr_flags &= (short)~IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		return err_sys(err, errno, "%s: setting it %s", ifname,
			       up ? "up" : "down");
	return 0;
}

int netdev_get_up(int fd, const char *ifname, bool *up, struct err *err)
{
	struct ifreq ifr;

	name_request(&ifr, ifname);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		return err_sys(err, errno, "%s: reading flags", ifname);
	*up = ifr.ifr_flags & IFF_UP;
	return 0;
}

int netdev_set_promiscuous(int fd, const char *ifname, struct err *err)
{
	struct ifreq ifr;

	name_request(&ifr, ifname);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		return err_sys(err, errno, "%s: reading flags", ifname);
	ifr.ifr_flags |= IFF_PROMISC;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		return err_sys(err, errno, "%s: making it promiscuous", ifname);
	return 0;
}

int netdev_set_mtu(int fd, const char *ifname, int mtu, struct err *err)
{
	struct ifreq ifr;

	name_request(&ifr, ifname);
	ifr.ifr_mtu = mtu;
	if (ioctl(fd, SIOCSIFMTU, &ifr) < 0)
		return err_sys(err, errno, "%s: setting MTU %d", ifname, mtu);
	return 0;
}

int netdev_get_mtu(int fd, const char *ifname, int *mtu, struct err *err)
{
	struct ifreq ifr;

	name_request(&ifr, ifname);
	if (ioctl(fd, SIOCGIFMTU, &ifr) < 0)
		return err_sys(err, errno, "%s: reading MTU", ifname);
	*mtu = ifr.ifr_mtu;
	return 0;
}

static int set_in_addr(int fd, struct ifreq *ifr, unsigned long request,
		       struct in_addr in)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = in };

	memcpy(&ifr->ifr_addr, &sin, sizeof(sin));
	return ioctl(fd, request, ifr);
}

int netdev_set_address(int fd, const char *ifname, const char *address,
		       struct err *err)
{
	char host[INET_ADDRSTRLEN];
	struct in_addr in, mask;
	struct ifreq ifr;
	int bits;

	if (sscanf(address, "%15[0-9.]/%d", host, &bits) != 2 || bits < 1 ||
	    bits > 32 || inet_pton(AF_INET, host, &in) != 1)
		return err_set(err, EINVAL,
			       "%s: '%s' is no address such as 10.0.0.1/24",
			       ifname, address);
	mask.s_addr = htonl(UINT32_MAX << (32 - bits));
	name_request(&ifr, ifname);
	if (set_in_addr(fd, &ifr, SIOCSIFADDR, in) < 0 ||
	    set_in_addr(fd, &ifr, SIOCSIFNETMASK, mask) < 0)
		return err_sys(err, errno, "%s: setting address %s", ifname,
			       address);
	return 0;
}

static int ethtool_value(int fd, const char *ifname, uint32_t cmd,
			 uint32_t *data)
{
	struct ethtool_value value = { .cmd = cmd, .data = *data };
	struct ifreq ifr;

	name_request(&ifr, ifname);
	ifr.ifr_data = (void *)&value;
	if (ioctl(fd, SIOCETHTOOL, &ifr) < 0)
		return -errno;
	*data = value.data;
	return 0;
}

/* LRO is one flag among others; the rest are values of their own. */
static int offload_read(int fd, const char *ifname, const struct offload *o,
			bool *on)
{
	uint32_t data = 0;
	int rc = ethtool_value(fd, ifname, o->get, &data);

	if (o->get == ETHTOOL_GFLAGS)
		data &= ETH_FLAG_LRO;
	*on = data != 0;
	return rc;
}

static int offload_write(int fd, const char *ifname, const struct offload *o,
			 bool on)
{
	uint32_t data = on;

	if (o->get == ETHTOOL_GFLAGS) {
		data = 0;
		ethtool_value(fd, ifname, o->get, &data);
		data = on ? data | ETH_FLAG_LRO : data & ~ETH_FLAG_LRO;
	}
	return ethtool_value(fd, ifname, o->set, &data);
}

int netdev_set_offload(int fd, const char *ifname, bool on, struct err *err)
{
	for (int i = 0; i < OFFLOADS; i++) {
		const struct offload *o = &offloads[on ? OFFLOADS - 1 - i : i];
		bool now = false;
		int rc = offload_read(fd, ifname, o, &now);

		/* what the device does not know, it does not do either */
		if (rc || now == on)
			continue;
		rc = offload_write(fd, ifname, o, on);
		if (rc && !on && o->enlarges)
			return err_sys(err, -rc, "%s: turning %s off", ifname,
				       o->name);
	}
	return 0;
}

/* What is to be on comes back from the ground up, then the rest goes off. */
int netdev_set_features(int fd, const char *ifname, const json_t *features,
			struct err *err)
{
	for (int i = 0; i < 2 * OFFLOADS; i++) {
		bool on = i < OFFLOADS;
		const struct offload *o =
			&offloads[on ? OFFLOADS - 1 - i : i - OFFLOADS];
		const json_t *wanted = json_object_get(features, o->name);
		bool now = on;
		int rc;

		if (!wanted || json_is_true(wanted) != on ||
		    offload_read(fd, ifname, o, &now) || now == on)
			continue;
		rc = offload_write(fd, ifname, o, on);
		if (rc)
			return err_sys(err, -rc, "%s: turning %s %s", ifname,
				       o->name, on ? "on" : "off");
	}
	return 0;
}

int netdev_get_offload(int fd, const char *ifname, json_t **features,
		       struct err *err)
{
	int mtu;
	int rc = netdev_get_mtu(fd, ifname, &mtu, err); /* does it exist? */

	if (rc)
		return rc;
	*features = json_object();
	for (int i = 0; i < OFFLOADS; i++) {
		bool on = false;

		if (!offload_read(fd, ifname, &offloads[i], &on))
			json_object_set_new(*features, offloads[i].name,
					    json_boolean(on));
	}
	return 0;
}

bool netdev_offload_is_off(const json_t *features)
{
	for (int i = 0; i < OFFLOADS; i++)
		if (offloads[i].enlarges &&
		    json_is_true(json_object_get(features, offloads[i].name)))
			return false;
	return true;
}

static bool parse_counters(char *line, const char *ifname,
			   struct netdev_counters *c)
{
	char *colon = strchr(line, ':');
	char *name = line + strspn(line, " ");

	if (!colon)
		return false;
	*colon = '\0';
	return strcmp(name, ifname) == 0 &&
	       sscanf(colon + 1,
		      "%" SCNu64 "%" SCNu64 "%*u%" SCNu64 "%*u%*u%*u%*u%" SCNu64
		      "%" SCNu64 "%*u%" SCNu64,
		      &c->rx_bytes, &c->rx_packets, &c->rx_dropped,
		      &c->tx_bytes, &c->tx_packets, &c->tx_dropped) == 6;
}

int netdev_read_counters(const char *ifname, struct netdev_counters *counters,
			 struct err *err)
{
	FILE *f = fopen("/proc/thread-self/net/dev", "re");
	char line[512];
	bool found = false;

	if (!f)
		return err_sys(err, errno, "/proc/thread-self/net/dev");
	while (!found && fgets(line, sizeof(line), f))
		found = parse_counters(line, ifname, counters);
	fclose(f);
	if (!found)
		return err_set(err, ENODEV, "%s: no such interface", ifname);
	return 0;
}
