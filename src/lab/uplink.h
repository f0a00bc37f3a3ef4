/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * uplink.h - what joins a path's M1 side to M2 where it is more than a plain
 * cable: several cables, VLANs, or both, by the path's options.
 *
 *   spread: vlan    each pair has a VLAN (101, 102 ...); pair k's is on cable
 *                   k mod `cables`
 *   spread: bond    the same VLANs, all on one bond of the cables, which picks
 *                   a cable by a hash of addresses and ports (balance-xor,
 *                   layer3+4)
 *   spread: routes  no VLANs: routes of equal cost, one by each cable; the
 *                   kernel picks by a hash of addresses and ports
 *
 * M1's side is a native host, or the driver domain. A lane is one pair's way:
 * a subnet of its own, with M1 at .1 and M2 at .254 (routes: a subnet at each
 * end).
 *
 * Called by the kinds of path, from build().
 */
#ifndef VAZAO_LAB_UPLINK_H
#define VAZAO_LAB_UPLINK_H

#include <stdbool.h>

#include "lab/path.h"
#include "lab/vlan.h"

#define UPLINK_CABLES_MAX 8
#define UPLINK_FIRST_VLAN 101 /* of pair 0 */

enum uplink_spread {
	UPLINK_PLAIN, /* none: one cable, no tags */
	UPLINK_VLAN,
	UPLINK_BOND,
	UPLINK_ROUTES
};

/* The options of every kind that has uplinks: rows of its table. */
extern const char *const uplink_spreads[]; /* NULL-ended */
extern const char *const uplink_tags[];
/* clang-format off */
#define UPLINK_OPTIONS \
	{ .key = "spread", .choices = uplink_spreads, .fallback = "none", \
	  .help = "pairs and flows over VLANs, a bond's cables or routes of equal cost" }, \
	{ .key = "cables", .min = 1, .max = UPLINK_CABLES_MAX, .fallback = "1", \
	  .help = "cables to M2; more than one needs spread" }, \
	{ .key = "tags", .choices = uplink_tags, .fallback = "auto", \
	  .help = "what handles VLAN tags: 8021q of this kernel or of a driver domain's own, netback and eBPF" }
/* clang-format on */

/* -EINVAL where the options do not go together. */
int uplink_read_spread(const struct lab_path *path, enum uplink_spread *spread,
		       struct err *err);

struct uplink {
	struct lab *lab;
	struct lab_path *path;
	struct lab_netns *netns; /* of M1's side */
	enum uplink_spread spread;
	enum vlan_means means;
	int cables, first; /* uplink_args.first */
	struct lab_cable cable[UPLINK_CABLES_MAX];
	char near[UPLINK_CABLES_MAX][IFNAMSIZ];
	/* what bears the VLANs at either side: the cables, or the bonds */
	int trunks;
	char near_trunk[UPLINK_CABLES_MAX][IFNAMSIZ];
	char far_trunk[UPLINK_CABLES_MAX][IFNAMSIZ];
	struct vlan_trunk *near_vlans[UPLINK_CABLES_MAX];
	struct vlan_trunk *far_vlans[UPLINK_CABLES_MAX];
	bool near_hosts; /* this side has lanes' interfaces */
	int lanes;	 /* so far */
	struct lab_node
		*kernel;     /* of the driver domain (driver_kernel.h), which
				  * handles tags; NULL: the host's does, or none */
	struct nics *shared; /* whose the cables are; NULL: this one's */
};

/*
 * Makes the cables; this side's plugs are `prefix`0, `prefix`1 ... from `first`
 * on. -EOPNOTSUPP where the kernel has no bonds or no way to tag, with what is
 * missing. uplink_close() in any case.
 */
struct uplink_args {
	struct lab *lab;
	struct lab_path *path;
	struct lab_netns *netns;
	const char *prefix; /* "eth", "peth" */
	int first;
	bool near_hosts;	 /* lanes have interfaces at this side */
	struct lab_node *kernel; /* as well */
};
int uplink_open(struct uplink *uplink, const struct uplink_args *args,
		struct err *err);
void uplink_close(struct uplink *uplink); /* the links stay */

struct uplink_lane {
	int vlan;	     /* 0: untagged (routes) */
	int trunk;	     /* index into near_trunk[] */
	char near[IFNAMSIZ]; /* this side's interface for it; "": none */
	char far[IFNAMSIZ];
	int m1_subnet;
	char m1_address[16], m2_address[16];
};

/* The next pair's. Its interfaces have no addresses yet but that of routes. */
int uplink_add_lane(struct uplink *uplink, struct uplink_lane *lane,
		    struct err *err);

/* The hops from this side's trunk to M2's interface, and M2 as the far end. */
int uplink_add_far_hops(const struct uplink *uplink,
			const struct uplink_lane *lane, struct err *err);

#endif
