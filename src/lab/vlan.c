/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/vlan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>

#include "base/netdev.h"

struct vlan_trunk {
	struct lab_netns *netns;
	char ifname[IFNAMSIZ];
	char mac[18];
	struct vlan_programs *programs; /* NULL: the kernel does it */
};

static int find_index(struct lab_netns *netns, const char *ifname, int *index,
		      struct err *err)
{
	struct rtnl_link *link = NULL;
	int rc = rtnl_link_get_kernel(netns_netlink(netns), 0, ifname, &link);

	if (rc)
		return link_err(err, netns, ifname, rc, "looking for it");
	*index = rtnl_link_get_ifindex(link);
	rtnl_link_put(link);
	return 0;
}

static int add_kernel_vlan(struct lab_netns *netns, const char *trunk, int id,
			   const char *ifname, struct err *err)
{
	struct rtnl_link *link = NULL;
	int index = 0;
	int rc = find_index(netns, trunk, &index, err);

	if (rc)
		return rc;
	link = rtnl_link_vlan_alloc();
	if (!link)
		return err_sys(err, ENOMEM, "%s", ifname);
	rtnl_link_set_name(link, ifname);
	rtnl_link_set_link(link, index);
	rc = rtnl_link_vlan_set_id(link, (uint16_t)id);
	if (!rc)
		rc = rtnl_link_add(netns_netlink(netns), link,
				   NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(link);
	return rc ? link_err(err, netns, ifname, rc,
			     "making the VLAN (CONFIG_VLAN_8021Q)")
		  : 0;
}

/* lo bears no VLAN, but says so only where there are any. */
static int try_kernel(struct lab_netns *netns, struct err *err)
{
	const struct link_spec probe = { netns, "vlan-probe", NULL };
	const struct link_spec peer = { netns, "vlan-peer", NULL };
	struct rtnl_link *link;
	int rc = link_add_veth(&probe, &peer, err);

	if (rc)
		return rc;
	rc = add_kernel_vlan(netns, probe.ifname, VLAN_ID_MIN, "vlan-try", err);
	/* the pair goes, and with it the VLAN */
	if (!rtnl_link_get_kernel(netns_netlink(netns), 0, probe.ifname,
				  &link)) {
		rtnl_link_delete(netns_netlink(netns), link);
		rtnl_link_put(link);
	}
	return rc;
}

int vlan_choose(struct lab_netns *netns, const char *choice,
		enum vlan_means *means, struct err *err)
{
	struct err why = ERR_INIT;
	int rc;

	*means = VLAN_EBPF;
	if (strcmp(choice, "ebpf") == 0)
		return 0;
	rc = try_kernel(netns, &why);
	if (!rc)
		*means = VLAN_KERNEL;
	if (!rc || strcmp(choice, "kernel") != 0)
		return 0;
	return err_set(err, EOPNOTSUPP,
		       "tags: kernel: this kernel makes no VLAN devices "
		       "(module 8021q, CONFIG_VLAN_8021Q): %.150s",
		       why.text);
}

int vlan_trunk_open(struct vlan_trunk **trunk, const struct link_spec *link,
		    enum vlan_means means, struct err *err)
{
	struct vlan_trunk *made = calloc(1, sizeof(*made));
	int rc = 0;

	if (!made)
		return err_sys(err, ENOMEM, "%s", link->ifname);
	made->netns = link->netns;
	snprintf(made->ifname, sizeof(made->ifname), "%s", link->ifname);
	snprintf(made->mac, sizeof(made->mac), "%s", link->mac);
	if (means == VLAN_EBPF)
		rc = vlan_programs_open(&made->programs, link, err);
	if (rc) {
		vlan_trunk_close(made);
		return rc;
	}
	*trunk = made;
	return 0;
}

/* A veth's end whose other end nobody uses: an interface with addresses. */
static int add_ebpf_vlan(struct vlan_trunk *trunk, int id, const char *ifname,
			 struct err *err)
{
	char peer_name[IFNAMSIZ];
	const struct link_spec near = { trunk->netns, ifname, trunk->mac };
	const struct link_spec peer = { trunk->netns, peer_name, NULL };
	int rc;

	snprintf(peer_name, sizeof(peer_name), "%.13s~", ifname);
	rc = link_add_veth(&near, &peer, err);
	return rc ? rc : vlan_programs_add(trunk->programs, id, ifname, err);
}

int vlan_trunk_add(struct vlan_trunk *trunk, int id, const char *ifname,
		   struct err *err)
{
	int rc;

	if (trunk->programs)
		return add_ebpf_vlan(trunk, id, ifname, err);
	rc = add_kernel_vlan(trunk->netns, trunk->ifname, id, ifname, err);
	return rc ? rc
		  : netdev_set_up(netns_ioctl_fd(trunk->netns), ifname, true,
				  err);
}

void vlan_trunk_close(struct vlan_trunk *trunk)
{
	if (!trunk)
		return;
	vlan_programs_close(trunk->programs);
	free(trunk);
}
