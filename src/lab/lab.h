/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lab.h - the nodes and links of one study, inside a cage (cage.h).
 *
 * The study (or `lab up`) calls lab_create() with the plan's paths, starts
 * agents with lab_start_agent(), sets MTU and offload before each block with
 * lab_set_hops(), and ends with lab_destroy() or simply by dying. The lab
 * knows nothing of agents' protocol: it hands out two descriptors.
 *
 * Division of labor: the two end interfaces of a path belong to their nodes'
 * agents (which may be in a guest, or on a far host); the hops between belong
 * to the lab, which sets them over netlink and ioctl and reads them back.
 *
 * Kinds of node and of path: node.h, path.h.
 */
#ifndef VAZAO_LAB_LAB_H
#define VAZAO_LAB_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "base/err.h"
#include "base/kind.h"
#include "base/nic_cable.h"
#include "lab/describe.h"

struct lab;
struct lab_node;

struct lab_path_spec {
	const char *name;      /* as in the plan, unique */
	const char *kind;      /* "native", "dom0", "uml" ... */
	const json_t *options; /* of the kind, complete (plan.h) */
};

struct lab_args {
	const struct lab_path_spec *path;
	size_t paths;
	bool split_cpus;	/* M1's side and M2 on halves of the CPUs */
	int64_t link_bps;	/* the cable's rate, both ways; 0: unlimited */
	const char *agent_path; /* the static agent's file, for guests */
	const char *self_path;	/* vazao's own file, for namespaces */
	bool ipv6;		/* ends have an IPv6 address, too */
	int pairs;	   /* of every path, a neighbor among them; 0: one */
	int host_netns_fd; /* the machine's own, for what lives there; -1 */
	const struct nic_cable *nic; /* the host's, instead of the lab's own */
	int nics, nic_keeper_fd;     /* how many; who gives them back: nic.h */
	/* Strings and options must live as long as the lab. */
};

/* Every kind of path there is, NULL-ended; for the plan's schema and help. */
const struct kind_desc *const *lab_kinds(void);

/* A path that could not be built: the others live on. */
struct lab_path_failure {
	size_t path;
	struct err err;
};

/*
 * Builds M2 and every path's M1 side by side. Fails as a whole only where M2
 * or the reference (path 0) cannot be built; other paths' failures are put
 * into failures[] (room for args->paths) and counted in *failed.
 */
int lab_create(struct lab **lab, const struct lab_args *args,
	       struct lab_path_failure *failures, size_t *failed,
	       struct err *err);
void lab_destroy(struct lab *lab);

/* Which CPUs take in what M2 gets, as the kernel writes a mask ("2"); "" where
 * nothing was asked for; "no: " and why where it could not be had. */
const char *lab_steering(const struct lab *lab);

/* One end of a path: the node, its interface on this path, and its address. */
struct lab_end {
	struct lab_node *node;
	const char *ifname, *address; /* "eth0", "10.77.1.1" */
	int prefix, mtu; /* 24; its own, whatever the point's; 0: the point's */
	const char *address6; /* of a /64; "": none */
	bool fixed_offload;   /* not the agent's to set */
};

/*
 * Valid for paths that were built. A path has one pair of ends, or several
 * that may run at the same time (the axis `pairs`): each has an M1 node of its
 * own; M2 is one node for all, and its end may be another or the same.
 */
int lab_path_pairs(const struct lab *lab, size_t path);
const struct lab_end *lab_pair_m1(const struct lab *lab, size_t path, int pair);
const struct lab_end *lab_pair_m2(const struct lab *lab, size_t path, int pair);

/* Who handles VLAN tags: "kernel 8021q", "netback and eBPF" ...; "": none. */
const char *lab_path_tags(const struct lab *lab, size_t path);

/* The first pair's. */
const struct lab_end *lab_path_m1(const struct lab *lab, size_t path);
const struct lab_end *lab_path_m2(const struct lab *lab, size_t path);

const char *lab_node_name(const struct lab_node *node); /* "domU", "M2" */
const char *lab_node_kind(const struct lab_node *node); /* "namespace", "uml" */

/* "kvm" or "tcg", what the node's machine runs by, once its agent has been
 * started; NULL: by nothing of the kind. */
const char *lab_node_accelerator(const struct lab_node *node);

/* Of a guest: whether its machine still runs, and its console's last lines,
 * in one line; "" for others. Before a new agent is started in it. */
void lab_node_last_words(const struct lab_node *node, char *text, size_t size);

/* Its agent is gone, for the machine was booted anew for another node. */
bool lab_node_is_stale(const struct lab_node *node);

/* Its network namespace, for setns(2); -1 for a guest. */
int lab_node_netns_fd(const struct lab_node *node);

/* Every node once, M2 last. */
struct lab_node *lab_find_node(const struct lab *lab, const char *name);
size_t lab_nodes(const struct lab *lab);
struct lab_node *lab_node_at(const struct lab *lab, size_t index);

/* A byte stream to a new agent in the node. */
struct lab_channel {
	int read_fd, write_fd; /* the caller's to close */
	pid_t pid; /* the agent's, or the guest's process, in the cage */
};

/*
 * Starts (or, after a death, restarts) the node's agent; a dead guest is
 * booted anew. Any former agent of the node is killed first.
 */
int lab_start_agent(struct lab *lab, struct lab_node *node,
		    struct lab_channel *channel, struct err *err);

/*
 * Sets MTU and offload on every hop between the ends of one path, reads back,
 * and refuses (-EIO, naming the hop) what did not take.
 */
int lab_set_hops(struct lab *lab, size_t path, int mtu, int offload,
		 struct err *err);

/* fork + setns into the node (namespace nodes only) + exec; *status as of
 * wait(2). For `lab exec` from inside the holder. -ENOTSUP for guests. */
int lab_exec(struct lab *lab, struct lab_node *node, char *const argv[],
	     int *status, struct err *err);

#endif
