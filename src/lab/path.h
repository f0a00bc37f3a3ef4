/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path.h - what a kind of path implements, and what it builds with.
 *
 * A kind is one file path_x.c with one `const struct path_ops path_x`, listed
 * in path_kinds[] (path.c); nothing else need know of it: the plan's schema,
 * the help and the manual read the row. build() makes the nodes and links,
 * and writes down the hops from M1 to M2; after that the lab sets, reads and
 * undoes them by that list alone.
 *
 * Called by lab.c, inside a cage. A kind keeps no state but in its path.
 */
#ifndef VAZAO_LAB_PATH_H
#define VAZAO_LAB_PATH_H

#include <net/if.h>

#include "base/kind.h"
#include "lab/lab.h"
#include "lab/links.h"
#include "lab/node.h"

struct lab_path;

struct path_ops {
	/* Name, help and options, as plan and manual show them. */
	struct kind_desc kind;

	/*
	 * Makes the M1 node and links, calls path_set_m1(), path_set_m2() and
	 * path_add_hop() for each interface from M1 to M2 in that order. The
	 * options are complete and valid (plan.h). May block as a guest's
	 * image is built, not for its boot (node_ops.start_agent). On failure
	 * the error names node and link; what was made so far stays unused
	 * until the lab ends.
	 */
	int (*build)(struct lab *lab, struct lab_path *path, struct err *err);

	/*
	 * What the path's own machinery counts, now: an object of objects of
	 * whole numbers that only grow, a new reference. May wait for 2 s.
	 * -EPIPE or -ETIMEDOUT where the machinery is gone or mute. NULL: the
	 * kind has none.
	 */
	int (*read_counters)(const struct lab_path *path, json_t **counters,
			     struct err *err);

	/*
	 * Adds {name: pid} of what carries the path's frames beside the kernel,
	 * with its children; those that run. NULL: nothing does.
	 */
	void (*list_processes)(const struct lab_path *path, json_t *processes);
};

extern const struct path_ops *const path_kinds[]; /* NULL-ended */

/* -EINVAL with the valid kinds. */
int path_find_kind(const char *name, const struct path_ops **ops,
		   struct err *err);

enum hop_role {
	HOP_END,   /* its agent sets it, not the lab: M1's and M2's own */
	HOP_PORT,  /* a cable's end, a TAP, a bridge's port */
	HOP_BRIDGE /* takes an MTU only after its ports can */
};

/* "end", "port", "bridge" */
const char *path_role_name(enum hop_role role);

/* One interface that the path's frames pass, in a namespace of the lab. */
struct lab_hop {
	enum hop_role role;
	struct lab_netns *netns;
	char ifname[IFNAMSIZ];
};

#define PATH_HOPS_MAX 16

struct lab_path {
	const struct path_ops *ops;
	char name[LAB_NAME_MAX];
	const json_t *options;
	bool built;
	int64_t link_bps; /* its cable's, both ways; 0: unlimited */
	struct lab_end m1, m2;
	char m1_ifname[IFNAMSIZ], m2_ifname[IFNAMSIZ];
	char m1_address[16], m2_address[16]; /* IPv4 in dots */
	char m1_address6[40], m2_address6[40];
	struct lab_hop hop[PATH_HOPS_MAX];
	int hops;
};

/*
 * Copies the strings. The prefix is 24 everywhere. The agents set the
 * addresses; beside 10.b.c.d, in a study with IPv6, fd76:617a:616f:<bc>::<d>,
 * of the same subnet: a unique local address (RFC 4193) that spells "vazao".
 */
void path_set_m1(struct lab_path *path, struct lab_node *node,
		 const char *ifname, const char *address);
void path_set_m2(struct lab_path *path, struct lab_node *node,
		 const char *ifname, const char *address);
int path_add_hop(struct lab_path *path, enum hop_role role,
		 struct lab_netns *netns, const char *ifname, struct err *err);

/* An option of the path's kind, by its key. */
const char *path_get_choice(const struct lab_path *path, const char *key);
int64_t path_get_number(const struct lab_path *path, const char *key);

/*
 * What lab.c gives to build().
 */
const struct lab_args *lab_get_args(const struct lab *lab);
struct lab_node *lab_m2(const struct lab *lab);

/* The lab owns the node from here on, also on failure (-EEXIST: a name that
 * is taken). */
int lab_add_node(struct lab *lab, struct lab_node *node, struct err *err);

/*
 * A cable from an interface (its name and namespace given; its MAC, or NULL
 * for lab_format_mac() of host 1) to a new interface of M2, shaped both ways
 * as the plan says. Cable n is the subnet 10.77.n.0/24, M2 is .254 on it.
 */
struct lab_cable {
	int64_t bps; /* set before the call; 0: as the plan says */
	int number;
	char m2_ifname[IFNAMSIZ];
	char m2_address[16];
};
int lab_add_cable(struct lab *lab, const struct link_spec *plug,
		  struct lab_cable *cable, struct err *err);

/* A cable whose other plug is a machine's card: M2's interface is a TAP, for
 * machine.h to attach to. -EOPNOTSUPP where the plan wants cables shaped. */
int lab_add_tap_cable(struct lab *lab, int queues, struct lab_cable *cable,
		      struct err *err);

/* Host 1..254 on the cable: "10.77.<n>.<host>" and its MAC. */
void lab_format_address(const struct lab_cable *cable, int host,
			char address[static 16]);
void lab_format_mac(const struct lab_cable *cable, int host,
		    char mac[static 18]);

extern const struct path_ops path_native, path_dom0, path_domU, path_uml,
	path_qemu, path_xen;

#endif
