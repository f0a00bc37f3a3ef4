/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/uplink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/netdev.h"
#include "lab/inside.h"

#define M1_HOST	     1
#define GATEWAY_HOST 254

const char *const uplink_spreads[] = { "none", "vlan", "bond", "routes", NULL };
const char *const uplink_tags[] = { "auto",  "kernel", "ebpf",
				    "8021q", "guest",  NULL };

int uplink_read_spread(const struct lab_path *path, enum uplink_spread *spread,
		       struct err *err)
{
	const char *name = path_get_choice(path, "spread");

	*spread = UPLINK_PLAIN;
	for (int i = 0; name && uplink_spreads[i]; i++)
		if (strcmp(name, uplink_spreads[i]) == 0)
			*spread = (enum uplink_spread)i;
	if (*spread == UPLINK_PLAIN && path_get_number(path, "cables") > 1)
		return err_set(err, EINVAL,
			       "cables: %d need to be told how flows are "
			       "spread over them: spread: vlan, bond or routes",
			       (int)path_get_number(path, "cables"));
	if (*spread == UPLINK_VLAN &&
	    path_get_number(path, "cables") > path->pairs_wanted)
		return err_set(err, EINVAL,
			       "spread: vlan puts each pair on one cable: "
			       "cables: %d need as many pairs, not %d",
			       (int)path_get_number(path, "cables"),
			       path->pairs_wanted);
	return 0;
}

/*
 * Cables.
 */

/* One of the host's, plugged in by the first path that comes to it. */
static int take_cable(struct uplink *u, int i, struct err *err)
{
	struct nics_trunk *trunk = &u->shared->trunk[i];
	struct link_spec near = { u->netns, trunk->near, NULL };
	int rc = 0;

	if (!trunk->near[0]) {
		snprintf(trunk->near, IFNAMSIZ, "peth%d", 1 + i);
		trunk->cable =
			(struct lab_cable){ .bps = u->path->link_bps,
					    .tagged = u->spread == UPLINK_VLAN,
					    .nic = 1 + i };
		rc = lab_add_cable(u->lab, &near, &trunk->cable, err);
	}
	u->cable[i] = trunk->cable;
	memcpy(u->near[i], trunk->near, IFNAMSIZ);
	return rc;
}

static int add_cables(struct uplink *u, const struct uplink_args *args,
		      struct err *err)
{
	for (int i = 0; u->shared && i < u->cables; i++) {
		int rc = take_cable(u, i, err);

		if (rc)
			return rc;
	}
	for (int i = 0; !u->shared && i < u->cables; i++) {
		struct link_spec near = { u->netns, u->near[i], NULL };
		int rc;

		u->cable[i] = (struct lab_cable){
			.bps = u->path->link_bps,
			.tagged = u->spread != UPLINK_ROUTES,
		};
		snprintf(u->near[i], IFNAMSIZ, "%s%d", args->prefix,
			 args->first + i);
		rc = lab_add_cable(u->lab, &near, &u->cable[i], err);
		if (rc)
			return rc;
	}
	return 0;
}

static struct lab_netns *m2_netns(const struct uplink *u)
{
	return lab_m2(u->lab)->netns;
}

/*
 * VLANs, on each cable or on one bond of all.
 */

static int join(const struct uplink *u, const char *near_bond,
		const char *far_bond, struct err *err)
{
	int rc = 0;

	for (int i = 0; !rc && i < u->cables; i++) {
		rc = link_join_bond(u->netns, u->near[i], near_bond, err);
		if (!rc)
			rc = link_join_bond(m2_netns(u), u->cable[i].m2_ifname,
					    far_bond, err);
	}
	return rc;
}

/* The bonds have the first cable's MACs. */
static int add_bonds(struct uplink *u, const struct uplink_args *args,
		     struct err *err)
{
	struct link_spec near = { u->netns, u->near_trunk[0], NULL };
	struct link_spec far = { m2_netns(u), u->far_trunk[0], NULL };
	char near_mac[18], far_mac[18];
	int rc;

	snprintf(u->near_trunk[0], IFNAMSIZ, "bond%d", args->first);
	snprintf(u->far_trunk[0], IFNAMSIZ, "bond%d", u->cable[0].number);
	lab_format_mac(&u->cable[0], M1_HOST, near_mac);
	lab_format_mac(&u->cable[0], GATEWAY_HOST, far_mac);
	near.mac = near_mac;
	far.mac = far_mac;
	u->trunks = 1;
	rc = link_add_bond(&near, err);
	if (!rc)
		rc = link_add_bond(&far, err);
	return rc ? rc : join(u, near.ifname, far.ifname, err);
}

static void name_trunks(struct uplink *u)
{
	u->trunks = u->cables;
	for (int i = 0; i < u->cables; i++) {
		memcpy(u->near_trunk[i], u->near[i], IFNAMSIZ);
		memcpy(u->far_trunk[i], u->cable[i].m2_ifname, IFNAMSIZ);
	}
}

static const char *name_means(const struct uplink *u)
{
	if (u->kernel)
		return u->means == VLAN_KERNEL
			       ? "the driver domain's own kernel (User Mode "
				 "Linux, 8021q); at M2 kernel 8021q"
			       : "the driver domain's own kernel (User Mode "
				 "Linux, 8021q); at M2 eBPF";
	if (u->means == VLAN_KERNEL)
		return "kernel 8021q";
	return u->near_hosts || u->shared ? "eBPF" : "netback and eBPF";
}

/*
 * A card takes in frames for its own MAC and for the VLANs that 8021q has told
 * it of. Guests behind a bridge have MACs of their own, eBPF tells it nothing:
 * all is taken in.
 */
static int open_ears(const struct uplink *u, int i, struct err *err)
{
	int rc;

	if (!lab_get_args(u->lab)->nics || u->means == VLAN_KERNEL)
		return 0;
	rc = netdev_set_promiscuous(netns_ioctl_fd(u->netns), u->near[i], err);
	return rc ? rc
		  : netdev_set_promiscuous(netns_ioctl_fd(m2_netns(u)),
					   u->cable[i].m2_ifname, err);
}

static int open_trunk(struct uplink *u, int i, bool near_too, struct err *err)
{
	char near_mac[18], far_mac[18];
	const struct link_spec near = { u->netns, u->near_trunk[i], near_mac };
	const struct link_spec far = { m2_netns(u), u->far_trunk[i], far_mac };
	int rc = 0;

	lab_format_mac(&u->cable[i], M1_HOST, near_mac);
	lab_format_mac(&u->cable[i], GATEWAY_HOST, far_mac);
	if (!u->kernel && (near_too || u->means == VLAN_KERNEL))
		rc = vlan_trunk_open(&u->near_vlans[i], &near, u->means, err);
	if (!rc)
		rc = vlan_trunk_open(&u->far_vlans[i], &far, u->means, err);
	return rc ? rc : open_ears(u, i, err);
}

/* The first path's programs are those of the next ones. */
static int share_trunk(struct uplink *u, int i, struct err *err)
{
	struct nics_trunk *trunk = &u->shared->trunk[i];
	int rc = 0;

	if (trunk->far_vlans && trunk->means != u->means)
		return err_set(err, EINVAL,
			       "tags: paths that share the host's interfaces "
			       "have the same");
	u->near_vlans[i] = trunk->near_vlans;
	u->far_vlans[i] = trunk->far_vlans;
	if (!trunk->far_vlans)
		rc = open_trunk(u, i, true, err);
	trunk->near_vlans = u->near_vlans[i];
	trunk->far_vlans = u->far_vlans[i];
	trunk->means = u->means;
	return rc;
}

static int open_trunks(struct uplink *u, const struct uplink_args *args,
		       struct err *err)
{
	int rc = vlan_choose(m2_netns(u), path_get_choice(u->path, "tags"),
			     &u->means, err);

	u->path->tags = name_means(u);
	for (int i = 0; !rc && i < u->trunks; i++)
		rc = u->shared ? share_trunk(u, i, err)
			       : open_trunk(u, i, args->near_hosts, err);
	return rc;
}

/*
 * Routes. Each side's plugs have addresses of their own, between which nothing
 * flows but the frames of lanes.
 */

/* The choice of a route by ports, too; and a frame may come in by another
 * cable than its answer leaves by. */
static int prepare_routing(struct lab_netns *netns, struct err *err)
{
	int rc = netns_set_sysctl(netns, "ipv4/fib_multipath_hash_policy", "1",
				  err);

	if (!rc)
		rc = netns_set_sysctl(netns, "ipv4/conf/all/rp_filter", "0",
				      err);
	return rc ? rc
		  : netns_set_sysctl(netns, "ipv4/conf/default/rp_filter", "0",
				     err);
}

static int add_plug_addresses(struct uplink *u, struct err *err)
{
	int rc = 0;

	for (int i = 0; !rc && i < u->cables; i++) {
		char address[16];

		if (u->shared && u->shared->trunk[i].has_address)
			continue;
		lab_format_address(&u->cable[i], M1_HOST, address);
		if (u->shared)
			u->shared->trunk[i].has_address = true;
		rc = link_add_address(u->netns, u->near[i], address, 24, err);
	}
	return rc;
}

/* `to` is behind all cables at once. */
static int add_routes(const struct uplink *u, bool near, const char *to,
		      const char *from, struct err *err)
{
	struct link_next_hop hop[UPLINK_CABLES_MAX];
	struct link_route route = { to, from, hop, u->cables };

	for (int i = 0; i < u->cables; i++) {
		hop[i].ifname = near ? u->near[i] : u->cable[i].m2_ifname;
		lab_format_address(&u->cable[i], near ? GATEWAY_HOST : M1_HOST,
				   hop[i].gateway);
	}
	return link_add_route(near ? u->netns : m2_netns(u), &route, err);
}

/* An interface that is there for its address: a veth with a useless end. */
static int add_host(struct lab_netns *netns, const char *ifname,
		    const char *address, struct err *err)
{
	char peer_name[IFNAMSIZ];
	const struct link_spec host = { netns, ifname, NULL };
	const struct link_spec peer = { netns, peer_name, NULL };
	int rc;

	snprintf(peer_name, sizeof(peer_name), "%.13s~", ifname);
	rc = link_add_veth(&host, &peer, err);
	return rc ? rc : link_add_address(netns, ifname, address, 24, err);
}

static int add_route_lane(struct uplink *u, struct uplink_lane *lane,
			  bool near_host, struct err *err)
{
	int near_net = lab_take_subnet(u->lab);
	int far_net = lab_take_subnet(u->lab);
	char prefix[24];
	int rc = 0;

	lane->m1_subnet = near_net;
	lab_format_subnet(near_net, M1_HOST, lane->m1_address);
	lab_format_subnet(far_net, GATEWAY_HOST, lane->m2_address);
	snprintf(lane->far, IFNAMSIZ, "host%d", far_net);
	if (near_host) {
		snprintf(lane->near, IFNAMSIZ, "host%d", near_net);
		rc = add_host(u->netns, lane->near, lane->m1_address, err);
	}
	if (!rc)
		rc = add_host(m2_netns(u), lane->far, lane->m2_address, err);
	if (!rc)
		rc = add_routes(u, true, lane->m2_address,
				near_host ? lane->m1_address : NULL, err);
	lab_format_subnet(near_net, 0, prefix);
	strcat(prefix, "/24");
	return rc ? rc : add_routes(u, false, prefix, lane->m2_address, err);
}

/*
 * What kinds of path call.
 */

/* Several paths on one cable: it has one rate. */
static int share_nics(struct uplink *u, struct err *err)
{
	u->shared = nics_of(u->lab);
	if (!u->shared)
		return 0;
	if (u->cables > lab_get_args(u->lab)->nics)
		return err_set(err, EINVAL,
			       "cables: %d, where link.nics names %d",
			       u->cables, lab_get_args(u->lab)->nics);
	if (u->path->link_bps != lab_get_args(u->lab)->link_bps)
		return err_set(err, EINVAL,
			       "percent: paths that share the host's "
			       "interfaces have one rate");
	return 0;
}

int uplink_open(struct uplink *u, const struct uplink_args *args,
		struct err *err)
{
	int rc;

	*u = (struct uplink){ .lab = args->lab,
			      .path = args->path,
			      .netns = args->netns,
			      .first = args->first,
			      .near_hosts = args->near_hosts,
			      .kernel = args->kernel };
	rc = uplink_read_spread(u->path, &u->spread, err);
	if (rc)
		return rc;
	u->cables = (int)path_get_number(u->path, "cables");
	rc = share_nics(u, err);
	if (rc)
		return rc;
	if (u->spread == UPLINK_ROUTES) {
		if (lab_get_args(u->lab)->ipv6)
			return err_set(err, EINVAL,
				       "spread: routes is for family: ipv4");
		rc = prepare_routing(u->netns, err);
		if (!rc)
			rc = prepare_routing(m2_netns(u), err);
	}
	if (!rc)
		rc = add_cables(u, args, err);
	if (rc || u->spread == UPLINK_ROUTES)
		return rc ? rc : add_plug_addresses(u, err);
	name_trunks(u);
	if (u->spread == UPLINK_BOND)
		rc = add_bonds(u, args, err);
	if (!rc)
		rc = open_trunks(u, args, err);
	return rc;
}

void uplink_close(struct uplink *u)
{
	for (int i = 0; !u->shared && i < UPLINK_CABLES_MAX; i++) {
		vlan_trunk_close(u->near_vlans[i]);
		vlan_trunk_close(u->far_vlans[i]);
	}
}

static int add_vlan_lane(struct uplink *u, struct uplink_lane *lane,
			 struct err *err)
{
	int net = lab_take_subnet(u->lab);
	int rc = 0;

	lane->m1_subnet = net;
	lane->vlan =
		UPLINK_FIRST_VLAN + (u->shared ? u->shared->lanes++ : u->lanes);
	lane->trunk = u->lanes % u->trunks;
	lab_format_subnet(net, M1_HOST, lane->m1_address);
	lab_format_subnet(net, GATEWAY_HOST, lane->m2_address);
	snprintf(lane->far, IFNAMSIZ, "%.10s.%d", u->far_trunk[lane->trunk],
		 lane->vlan);
	if (u->near_vlans[lane->trunk]) {
		snprintf(lane->near, IFNAMSIZ, "%.10s.%d",
			 u->near_trunk[lane->trunk], lane->vlan);
		rc = vlan_trunk_add(u->near_vlans[lane->trunk], lane->vlan,
				    lane->near, err);
	}
	return rc ? rc
		  : vlan_trunk_add(u->far_vlans[lane->trunk], lane->vlan,
				   lane->far, err);
}

int uplink_add_lane(struct uplink *u, struct uplink_lane *lane, struct err *err)
{
	int rc;

	*lane = (struct uplink_lane){ 0 };
	rc = u->spread == UPLINK_ROUTES
		     ? add_route_lane(u, lane, u->near_hosts, err)
		     : add_vlan_lane(u, lane, err);
	u->lanes++;
	return rc;
}

static int add_trunk_hops(const struct uplink *u, int cable, struct err *err)
{
	int rc =
		path_add_hop(u->path, HOP_TRUNK, u->netns, u->near[cable], err);

	return rc ? rc
		  : path_add_hop(u->path, HOP_TRUNK, m2_netns(u),
				 u->cable[cable].m2_ifname, err);
}

/* A bond sets its cables' MTU: it comes before them. */
int uplink_add_far_hops(const struct uplink *u, const struct uplink_lane *lane,
			struct err *err)
{
	bool all = u->spread != UPLINK_VLAN;
	int rc = 0;

	if (u->spread == UPLINK_BOND) {
		rc = path_add_hop(u->path, HOP_TRUNK, u->netns,
				  u->near_trunk[0], err);
		if (!rc)
			rc = path_add_hop(u->path, HOP_TRUNK, m2_netns(u),
					  u->far_trunk[0], err);
	}
	for (int i = 0; !rc && i < u->cables; i++)
		if (all || i == lane->trunk)
			rc = add_trunk_hops(u, i, err);
	if (!rc)
		rc = path_add_hop(u->path, HOP_END, m2_netns(u), lane->far,
				  err);
	path_set_m2(u->path, lab_m2(u->lab), lane->far, lane->m2_address);
	return rc;
}
