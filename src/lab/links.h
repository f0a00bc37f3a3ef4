/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * links.h - network namespaces and what is plugged between them: veth pairs
 * (the cables), bridges, TAPs, shaping. By rtnetlink, never by calling ip(8).
 *
 * Called by the lab's nodes and kinds of path, inside a cage. A namespace is
 * held by descriptors of the calling process: when that dies, the namespace
 * and all links in it are gone. Interfaces are made without IPv6: its router
 * solicitations, DAD and MLD reports would show in counters and captures.
 * Every error names the node and the interface.
 */
#ifndef VAZAO_LAB_LINKS_H
#define VAZAO_LAB_LINKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* A network namespace: three descriptors and the node's name. */
struct lab_netns;

/* New and empty but for lo, which is up. `name` appears in messages. */
int netns_create(struct lab_netns **netns, const char *name, struct err *err);
void netns_close(struct lab_netns *netns); /* NULL is fine */

/* One that is there, by its descriptor, which is copied: for node_spawn() and
 * netns_enter() alone. */
int netns_adopt(struct lab_netns **netns, int fd, const char *name,
		struct err *err);

/* Once more, for another node that lives in it: each closes it. */
struct lab_netns *netns_share(struct lab_netns *netns);

const char *netns_name(const struct lab_netns *netns);
int netns_fd(const struct lab_netns *netns);	   /* for setns(2) */
int netns_ioctl_fd(const struct lab_netns *netns); /* for base/netdev.h */
struct nl_sock *netns_netlink(const struct lab_netns *netns); /* rtnetlink */

/*
 * Moves the calling thread into the namespace and gives a descriptor of the
 * former one, for netns_leave(), which closes it; -errno otherwise.
 */
int netns_enter(const struct lab_netns *netns, struct err *err);
void netns_leave(int former_fd);

/* "node M2: eth1: WHAT: the library's words" with the errno that fits. */
int link_err(struct err *err, const struct lab_netns *netns, const char *ifname,
	     int nl_code, const char *what);

/* One interface: `mac` is "02:00:00:00:00:01", or NULL for a random one. */
struct link_spec {
	struct lab_netns *netns;
	const char *ifname;
	const char *mac;
};

/* A cable with its two plugs, maybe in different namespaces; both up. */
int link_add_veth(const struct link_spec *a, const struct link_spec *b,
		  struct err *err);

/* No spanning tree, no forwarding delay, no multicast snooping or querier:
 * nothing is sent that a node did not send. Up. */
int link_add_bridge(const struct link_spec *bridge, struct err *err);

/*
 * A persistent TAP with vnet headers; up. It lives as long as its namespace;
 * open one by link_open_tap(), or let a guest attach to it by name. `flags` as
 * link_open_tap()'s: IFF_MULTI_QUEUE, where who attaches will say so, or 0.
 * -EACCES where /dev/net/tun may not be opened, with what to do.
 */
int link_add_tap(const struct link_spec *tap, int flags, struct err *err);

/* Attaches to a TAP, new or persistent: *fd. `flags` as of TUNSETIFF beside
 * IFF_TAP | IFF_NO_PI. */
int link_open_tap(const struct lab_netns *netns, const char *ifname, int flags,
		  int *fd, struct err *err);

int link_enslave(struct lab_netns *netns, const char *ifname,
		 const char *bridge, struct err *err);
int link_set_mac(struct lab_netns *netns, const char *ifname, const char *mac,
		 struct err *err);

/* IPv4, e.g. "10.77.1.1" and 24. */
int link_add_address(struct lab_netns *netns, const char *ifname,
		     const char *address, int prefix, struct err *err);

/* Several cables as one interface (bond.c): up, without cables, with the MAC
 * given. -EOPNOTSUPP where the kernel has no bonds. */
int link_add_bond(const struct link_spec *bond, struct err *err);
int link_join_bond(struct lab_netns *netns, const char *ifname,
		   const char *bond, struct err *err);

/* A route of several hops of equal cost (route.c). */
struct link_next_hop {
	const char *ifname;
	char gateway[16];
};
struct link_route {
	const char *to;	  /* "10.78.1.0/24" */
	const char *from; /* the address that it is used with; NULL: any */
	const struct link_next_hop *hop;
	int hops;
};
int link_add_route(struct lab_netns *netns, const struct link_route *spec,
		   struct err *err);

/* A file below /proc/sys/net, such as "ipv4/ip_forward". */
int netns_set_sysctl(const struct lab_netns *netns, const char *name,
		     const char *value, struct err *err);

/*
 * Shapes what leaves the interface to bps (> 0) as a wire of that rate would:
 * each frame counts with its FCS, preamble and gap, and with its VLAN's tag,
 * which the kernel has beside the frame. `mtu` is the largest that the
 * interface will have until the next call. (shape.c)
 */
struct link_shape {
	int64_t bps;
	int mtu;
	bool tagged;
};
int link_set_rate(struct lab_netns *netns, const char *ifname,
		  const struct link_shape *shape, struct err *err);

/* The root qdisc, read now; rate_bps is 0 where it is not tbf. */
struct link_qdisc {
	char kind[16];
	int64_t rate_bps;
};
int link_get_qdisc(struct lab_netns *netns, const char *ifname,
		   struct link_qdisc *qdisc, struct err *err);

#endif
