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

#include "base/axis.h"
#include "base/kind.h"
#include "lab/cable.h"
#include "lab/lab.h"
#include "lab/links.h"
#include "lab/node.h"

struct lab_path;

struct path_ops {
	/* Name, help and options, as plan and manual show them. */
	struct kind_desc kind;

	int (*check)(struct err *err); /* check.h; NULL: nothing to ask */
	const char *caveat;	       /* as well; or NULL */

	/*
	 * Makes the M1 node and links, calls path_set_m1(), path_set_m2() and
	 * path_add_hop() for each interface from M1 to M2 in that order; of a
	 * kind that has several pairs, for each (path_add_pair()). The
	 * options are complete and valid (plan.h). May block as a guest's
	 * image is built, not for its boot (node_ops.start_agent). On failure
	 * the error names node and link; what was made so far stays unused
	 * until the lab ends.
	 */
	int (*build)(struct lab *lab, struct lab_path *path, struct err *err);

	/* What the path's own machinery counts, now: an object of objects of
	 * whole numbers that only grow, a new reference. May wait for 2 s.
	 * -EPIPE or -ETIMEDOUT where it is gone or mute. NULL: none. */
	int (*read_counters)(const struct lab_path *path, json_t **counters,
			     struct err *err);

	/* Adds {name: pid} of what carries the path's frames beside the kernel,
	 * with its children; those that run. NULL: nothing does. */
	void (*list_processes)(const struct lab_path *path, json_t *processes);
};

extern const struct path_ops *const path_kinds[]; /* NULL-ended */

/* -EINVAL with the valid kinds. */
int path_find_kind(const char *name, const struct path_ops **ops,
		   struct err *err);

enum hop_role {
	HOP_END,     /* its agent sets it, not the lab: M1's and M2's own */
	HOP_STACKED, /* an end of fixed offloads: its packets get one segment */
	HOP_PORT,    /* a cable's end, a TAP, a bridge's port */
	HOP_BRIDGE,  /* takes an MTU only after its ports can */
	HOP_TRUNK    /* bears VLANs, or is a bond's part: set before them */
};

const char *path_role_name(enum hop_role role);

/* An interface that the path's frames pass, in a namespace of the lab. */
struct lab_hop {
	enum hop_role role;
	struct lab_netns *netns;
	char ifname[IFNAMSIZ];
	int pair;    /* the first whose frames pass it */
	bool shared; /* and so do those of other pairs */
};

#define PATH_HOPS_MAX  512
#define PATH_PAIRS_MAX (PAIRS_MAX + 1) /* a neighbor beside them */

struct lab_end_text {
	char ifname[IFNAMSIZ];
	char address[16]; /* IPv4 in dots */
	char address6[40];
};

/* The two ends of one pair. */
struct lab_pair {
	struct lab_end m1, m2;
	struct lab_end_text m1_text, m2_text;
};

struct lab_path {
	const struct path_ops *ops;
	char name[LAB_NAME_MAX];
	const json_t *options;
	bool built;
	int64_t link_bps; /* its cable's, both ways; 0: unlimited */
	const char *tags; /* lab_path_tags(); a literal, or NULL */
	int kernel_mtu;	  /* of hops in another kernel, no offload; 0: none */
	int pairs_wanted; /* that build() shall make; at most pairs_max */
	struct lab_pair pair[PATH_PAIRS_MAX];
	int pairs;			   /* so far: 0 and 1 are the same */
	struct lab_hop hop[PATH_HOPS_MAX]; /* of all pairs, each once */
	int hops;
};

/*
 * The three calls below speak of the first pair until this one begins the
 * next: a hop that an earlier pair has passed is then marked as shared.
 */
int path_add_pair(struct lab_path *path, struct err *err);

/* The node of the pair under way: "domU" for the first, then "domU-2" ... */
void path_format_node(const struct lab_path *path,
		      char name[static LAB_NAME_MAX]);

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

/* What lab.c gives to build(). */
const struct lab_args *lab_get_args(const struct lab *lab);
struct lab_node *lab_m2(const struct lab *lab);

/* The lab owns the node from here on, also on failure (-EEXIST: a name that
 * is taken). */
int lab_add_node(struct lab *lab, struct lab_node *node, struct err *err);

extern const struct path_ops path_native, path_dom0, path_domU, path_uml,
	path_qemu, path_xen, path_xen_host, path_veth, path_bridge,
	path_macvlan, path_ipvlan, path_pasta, path_slirp4netns, path_ssh;

#endif
