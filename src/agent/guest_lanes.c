/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/guest_lanes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_vlan.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/netdev.h"

struct lane {
	char trunk[IFNAMSIZ], port[IFNAMSIZ];
	int vlan;
};

/* "vec0.101", as the kernel calls it by itself. */
static int add_vlan(int fd, const struct lane *lane, char name[static IFNAMSIZ],
		    struct err *err)
{
	struct vlan_ioctl_args args = { .cmd = ADD_VLAN_CMD };

	snprintf(args.device1, sizeof(args.device1), "%s", lane->trunk);
	args.u.VID = lane->vlan;
	if (ioctl(fd, SIOCSIFVLAN, &args) < 0)
		return err_sys(err, errno, "%s: VLAN %d", lane->trunk,
			       lane->vlan);
	snprintf(name, IFNAMSIZ, "%.9s.%d", lane->trunk, lane->vlan & 0xfff);
	return 0;
}

/*
 * Nothing is sent that a guest did not send (lab/links.h).
 */

static void write_file(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		log_debug("%s: %s", file, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void silence_ipv6(void)
{
	write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
}

static void silence(const char *bridge)
{
	char file[128];

	snprintf(file, sizeof(file),
		 "/sys/class/net/%s/bridge/multicast_snooping", bridge);
	write_file(file, "0");
}

static int add_bridge(int fd, const char *bridge, struct err *err)
{
	if (ioctl(fd, SIOCBRADDBR, bridge) < 0)
		return err_sys(err, errno, "%s: making the bridge", bridge);
	silence(bridge);
	return netdev_set_up(fd, bridge, true, err);
}

/* Up, without offloads: long packets are not cut again on their way. */
static int join(int fd, const char *bridge, const char *port, struct err *err)
{
	struct ifreq ifr = { .ifr_ifindex = (int)if_nametoindex(port) };
	int rc;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", bridge);
	if (!ifr.ifr_ifindex || ioctl(fd, SIOCBRADDIF, &ifr) < 0)
		return err_sys(err, ifr.ifr_ifindex ? errno : ENODEV,
			       "%s: onto %s", port, bridge);
	rc = netdev_set_up(fd, port, true, err);
	return rc ? rc : netdev_set_offload(fd, port, false, err);
}

static int add_lane(int fd, const struct lane *lane, struct err *err)
{
	char vlan[IFNAMSIZ], bridge[IFNAMSIZ];
	int rc = netdev_set_up(fd, lane->trunk, true, err);

	snprintf(bridge, sizeof(bridge), "xenbr.%d", lane->vlan & 0xfff);
	if (!rc)
		rc = netdev_set_offload(fd, lane->trunk, false, err);
	if (!rc)
		rc = add_vlan(fd, lane, vlan, err);
	if (!rc)
		rc = add_bridge(fd, bridge, err);
	if (!rc)
		rc = join(fd, bridge, vlan, err);
	return rc ? rc : join(fd, bridge, lane->port, err);
}

int guest_add_lanes(const char *text, struct err *err)
{
	int fd = text ? netdev_open(err) : -1;
	int rc = text && fd < 0 ? fd : 0;

	if (text)
		silence_ipv6();
	for (const char *one = text; !rc && one && *one;) {
		struct lane lane;

		if (sscanf(one, "%15[^.].%d=%15[^:]", lane.trunk, &lane.vlan,
			   lane.port) != 3) {
			rc = err_set(err, EINVAL, "'%s' is no lane", one);
			break;
		}
		rc = add_lane(fd, &lane, err);
		one = strchr(one, ':');
		one += one != NULL;
	}
	if (fd >= 0)
		close(fd);
	return rc;
}
