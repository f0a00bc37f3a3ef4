/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MTU, offload and counters of the interfaces between a path's ends. */
#include "lab/lab.h"

#include <errno.h>
#include <string.h>

#include "base/axis.h"
#include "base/netdev.h"
#include "lab/inside.h"
#include "lab/stacked.h"

static int blame(struct err *err, const struct lab_path *path,
		 const struct lab_hop *hop)
{
	return err_wrap(err, "path %s: node %s", path->name,
			netns_name(hop->netns));
}

static int set_hop(const struct lab_hop *hop, int mtu, int offload,
		   struct err *err)
{
	int fd = netns_ioctl_fd(hop->netns);
	int rc = netdev_set_mtu(fd, hop->ifname, mtu, err);

	return rc ? rc
		  : netdev_set_offload(fd, hop->ifname, offload == OFFLOAD_ON,
				       err);
}

static int check_hop(const struct lab_hop *hop, int mtu, int offload,
		     struct err *err)
{
	int fd = netns_ioctl_fd(hop->netns);
	json_t *features = NULL;
	int now = 0;
	int rc;

	rc = netdev_get_mtu(fd, hop->ifname, &now, err);
	if (!rc && now != mtu)
		rc = err_set(err, EIO, "%s: MTU %d was set, %d is there",
			     hop->ifname, mtu, now);
	if (!rc)
		rc = netdev_get_offload(fd, hop->ifname, &features, err);
	if (!rc && offload == OFFLOAD_OFF && !netdev_offload_is_off(features))
		rc = err_set(err, EIO,
			     "%s: offload was turned off, and is on still",
			     hop->ifname);
	json_decref(features);
	return rc;
}

/*
 * Trunks before the VLANs on them, which cannot take a larger MTU; and a lower
 * one is handed down. Ports before bridges: a bridge follows the least MTU of its ports as they
 * change, and older kernels (before 4.17) let it have no larger one. What is
 * set last, stays: the check comes after all.
 */
static int set_hops(const struct lab_path *path, int mtu, int offload,
		    struct err *err)
{
	static const enum hop_role order[] = { HOP_TRUNK, HOP_PORT,
					       HOP_BRIDGE };

	for (int pass = 0; pass < 3; pass++)
		for (int i = 0; i < path->hops; i++) {
			const struct lab_hop *hop = &path->hop[i];

			if (hop->role == order[pass] &&
			    set_hop(hop, mtu, offload, err))
				return blame(err, path, hop);
		}
	return 0;
}

/* A long packet would be cut no sooner than by the hop that it stands on. */
static int set_stacked(const struct lab_path *path, int offload,
		       struct err *err)
{
	int segments = offload == OFFLOAD_ON ? LINK_SEGMENTS_MAX : 1;

	for (int i = 0; i < path->hops; i++) {
		const struct lab_hop *hop = &path->hop[i];

		if (hop->role == HOP_STACKED &&
		    link_set_segments(hop->netns, hop->ifname, segments, err))
			return err_wrap(err, "path %s", path->name);
	}
	return 0;
}

static int check_hops(const struct lab_path *path, int mtu, int offload,
		      struct err *err)
{
	for (int i = 0; i < path->hops; i++) {
		const struct lab_hop *hop = &path->hop[i];

		if (hop->role != HOP_END && hop->role != HOP_STACKED &&
		    check_hop(hop, mtu, offload, err))
			return blame(err, path, hop);
	}
	return 0;
}

static const struct lab_plug *find_plug(const struct lab *lab,
					const struct lab_hop *hop)
{
	for (int i = 0; i < lab->cables; i++)
		for (int k = 0; k < 2; k++)
			if (lab->plug[i][k].netns == hop->netns &&
			    !strcmp(lab->plug[i][k].ifname, hop->ifname))
				return &lab->plug[i][k];
	return NULL;
}

/* The bucket must hold the largest frame; the rate itself stays. */
static int set_rates(const struct lab *lab, const struct lab_path *path,
		     int mtu, struct err *err)
{
	for (int i = 0; path->link_bps && i < path->hops; i++) {
		const struct lab_hop *hop = &path->hop[i];
		const struct lab_plug *plug = find_plug(lab, hop);
		struct link_shape shape = { .bps = path->link_bps, .mtu = mtu };
		int rc;

		if (!plug)
			continue;
		shape.tagged = plug->tagged;
		rc = link_set_rate(hop->netns, hop->ifname, &shape, err);
		if (rc)
			return err_wrap(err, "path %s", path->name);
	}
	return 0;
}

static int check_rates(const struct lab *lab, const struct lab_path *path,
		       struct err *err)
{
	for (int i = 0; path->link_bps && i < path->hops; i++) {
		const struct lab_hop *hop = &path->hop[i];
		struct link_qdisc qdisc;
		int rc;

		if (!find_plug(lab, hop))
			continue;
		rc = link_get_qdisc(hop->netns, hop->ifname, &qdisc, err);
		if (rc)
			return err_wrap(err, "path %s", path->name);
		/* whole bytes a second: up to 7 bit/s less */
		if (qdisc.rate_bps / 8 != path->link_bps / 8)
			return err_set(err, EIO,
				       "path %s: node %s: %s: shaped to "
				       "%lld bit/s, %lld (%s) is there",
				       path->name, netns_name(hop->netns),
				       hop->ifname, (long long)path->link_bps,
				       (long long)qdisc.rate_bps, qdisc.kind);
	}
	return 0;
}

/* Out of the lab's reach, and of every agent's. */
static int check_kernel(const struct lab_path *path, int mtu, int offload,
			struct err *err)
{
	if (!path->kernel_mtu)
		return 0;
	if (offload == OFFLOAD_ON)
		return err_set(err, EOPNOTSUPP,
			       "path %s: the driver domain's own kernel (tags: "
			       "guest) passes no long packets: offload: off",
			       path->name);
	if (mtu <= path->kernel_mtu)
		return 0;
	return err_set(err, EOPNOTSUPP,
		       "path %s: the driver domain's own kernel (tags: guest) "
		       "has an MTU of %d",
		       path->name, path->kernel_mtu);
}

int lab_set_hops(struct lab *lab, size_t path, int mtu, int offload,
		 struct err *err)
{
	const struct lab_path *p = &lab->path[path];
	int rc = check_kernel(p, mtu, offload, err);

	if (!rc)
		rc = set_hops(p, mtu, offload, err);

	if (!rc)
		rc = set_stacked(p, offload, err);
	if (!rc)
		rc = set_rates(lab, p, mtu, err);
	if (!rc)
		rc = check_hops(p, mtu, offload, err);
	return rc ? rc : check_rates(lab, p, err);
}

/*
 * Reading.
 */

/* What cannot be read is left out: a description, not a check. */
static json_t *describe_hop(const struct lab_hop *hop)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:s}", "node", netns_name(hop->netns), "ifname",
		hop->ifname, "role", path_role_name(hop->role));
	int fd = netns_ioctl_fd(hop->netns);
	struct link_qdisc qdisc;
	json_t *features;
	int mtu;

	if (!netdev_get_mtu(fd, hop->ifname, &mtu, NULL))
		json_object_set_new(object, "mtu", json_integer(mtu));
	if (!netdev_get_offload(fd, hop->ifname, &features, NULL))
		json_object_set_new(object, "features", features);
	if (!link_get_qdisc(hop->netns, hop->ifname, &qdisc, NULL)) {
		json_object_set_new(object, "qdisc", json_string(qdisc.kind));
		json_object_set_new(object, "rate_bps",
				    json_integer(qdisc.rate_bps));
	}
	return object;
}

json_t *lab_describe(struct lab *lab)
{
	json_t *all = json_array();

	for (size_t p = 0; p < lab->args.paths; p++) {
		const struct lab_path *path = &lab->path[p];
		json_t *hops = json_array();

		if (!path->built) {
			json_decref(hops);
			continue;
		}
		for (int i = 0; i < path->hops; i++)
			json_array_append_new(hops,
					      describe_hop(&path->hop[i]));
		json_array_append_new(all, json_pack("{s:s, s:o}", "path",
						     path->name, "hops", hops));
	}
	return all;
}

static int read_hop(const struct lab_hop *hop, struct netdev_counters *c,
		    struct err *err)
{
	int former = netns_enter(hop->netns, err);
	int rc;

	if (former < 0)
		return former;
	rc = netdev_read_counters(hop->ifname, c, err);
	netns_leave(former);
	return rc;
}

static json_t *pack_counters(const struct lab_hop *hop,
			     const struct netdev_counters *c)
{
	return json_pack(
		"{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "node",
		netns_name(hop->netns), "ifname", hop->ifname, "role",
		path_role_name(hop->role), "rx_packets",
		(json_int_t)c->rx_packets, "rx_bytes", (json_int_t)c->rx_bytes,
		"rx_dropped", (json_int_t)c->rx_dropped, "tx_packets",
		(json_int_t)c->tx_packets, "tx_bytes", (json_int_t)c->tx_bytes,
		"tx_dropped", (json_int_t)c->tx_dropped);
}

int lab_read_counters(struct lab *lab, size_t path, json_t **counters,
		      struct err *err)
{
	const struct lab_path *p = &lab->path[path];

	*counters = json_array();
	for (int i = 0; i < p->hops; i++) {
		struct netdev_counters c = { 0 };

		if (read_hop(&p->hop[i], &c, err)) {
			json_decref(*counters);
			*counters = NULL;
			return blame(err, p, &p->hop[i]);
		}
		json_array_append_new(*counters, pack_counters(&p->hop[i], &c));
	}
	return 0;
}
