/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/nics.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/netdev.h"
#include "lab/inside.h"
#include "lab/nic.h"
#include "lab/wire.h"

static bool can_share(const struct lab_path_spec *path)
{
	const char *spread =
		json_string_value(json_object_get(path->options, "spread"));

	return spread &&
	       (strcmp(spread, "vlan") == 0 || strcmp(spread, "routes") == 0);
}

int nics_prepare(struct lab *lab, struct err *err)
{
	size_t sharing = 0;

	if (!lab->args.nics)
		return 0;
	for (size_t i = 0; i < lab->args.paths; i++)
		sharing += can_share(&lab->args.path[i]);
	lab->nics.shared = sharing > 0;
	if (sharing == 0 || sharing == lab->args.paths)
		return 0;
	return err_set(err, EINVAL,
		       "link.nics: either all paths share the host's "
		       "interfaces, by spread: vlan or routes (cables: 1 will "
		       "do), or none does, and each takes its own");
}

void nics_close(struct nics *nics)
{
	for (int i = 0; i < NIC_CABLES_MAX; i++) {
		vlan_trunk_close(nics->trunk[i].near_vlans);
		vlan_trunk_close(nics->trunk[i].far_vlans);
	}
}

struct nics *nics_of(struct lab *lab)
{
	return lab->nics.shared ? &lab->nics : NULL;
}

bool nics_wanted(const struct lab *lab, const struct lab_cable *cable)
{
	return lab->args.nics && (cable->nic || !lab->nics.shared);
}

/* The kernel's name for the driver, and Mbit/s; 0: it does not say. */
static void ask_device(const struct link_spec *link, char driver[static 32],
		       unsigned int *mbps)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_cmd settings = { .cmd = ETHTOOL_GSET };
	struct ifreq ifr = { .ifr_data = (void *)&info };
	int fd = netns_ioctl_fd(link->netns);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", link->ifname);
	snprintf(driver, 32, "?");
	if (ioctl(fd, SIOCETHTOOL, &ifr) == 0)
		snprintf(driver, 32, "%.31s", info.driver);
	ifr.ifr_data = (void *)&settings;
	*mbps = ioctl(fd, SIOCETHTOOL, &ifr) == 0 ? ethtool_cmd_speed(&settings)
						  : 0;
	if (*mbps == (unsigned int)SPEED_UNKNOWN || *mbps == UINT16_MAX)
		*mbps = 0;
}

static void note_cable(struct lab *lab, const struct nic_cable *nic,
		       const struct link_spec *near)
{
	char *text = lab->nics.text;
	size_t used = strlen(text), size = sizeof(lab->nics.text);
	char driver[32], speed[32] = "";
	unsigned int mbps;

	ask_device(near, driver, &mbps);
	if (mbps)
		snprintf(speed, sizeof(speed), ", %u Mbit/s", mbps);
	snprintf(text + used, size - used, "%s%s:%s (%s%s)", used ? ", " : "",
		 nic->near, nic->far, driver, speed);
}

/* Borrowed it is down: a MAC can be set. */
static int borrow(const struct lab *lab, const char *nic,
		  const struct link_spec *link, struct err *err)
{
	int rc = nic_borrow(lab->args.nic_keeper_fd, nic, link, err);

	if (!rc && link->mac)
		rc = link_set_mac(link->netns, link->ifname, link->mac, err);
	if (!rc)
		rc = netdev_set_up(netns_ioctl_fd(link->netns), link->ifname,
				   true, err);
	return rc ? err_wrap(err, "link.nics: %s", nic) : 0;
}

static int number_of(struct lab *lab, const struct lab_cable *cable)
{
	return cable->nic ? cable->nic : ++lab->nics.used;
}

int nics_plug(struct lab *lab, struct lab_cable *cable,
	      const struct link_spec *near, const struct link_spec *far,
	      struct err *err)
{
	int number = number_of(lab, cable);
	const struct nic_cable *nic = &lab->args.nic[number - 1];
	int rc;

	if (number > lab->args.nics)
		return err_set(err, ENODEV,
			       "link.nics: %d cables are named, and this is "
			       "the %d. that is needed: name more, or let the "
			       "paths share them (spread: vlan)",
			       lab->args.nics, number);
	rc = borrow(lab, nic->near, near, err);
	if (!rc)
		rc = borrow(lab, nic->far, far, err);
	if (rc)
		return rc;
	rc = wire_await_link(near, far, err);
	if (!rc)
		rc = wire_check(near, far, err);
	if (rc)
		return err_wrap(err, "link.nics: %s:%s", nic->near, nic->far);
	note_cable(lab, nic, near);
	return 0;
}
