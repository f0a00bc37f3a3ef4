/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/lab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <linux/if_tun.h>

#include "lab/inside.h"
#include "lab/node_ssh.h"
#include "lab/placement.h"
#include "lab/steer.h"

#define M2_NAME "M2"
#define FDS	16384

const struct lab_args *lab_get_args(const struct lab *lab)
{
	return &lab->args;
}

const cpu_set_t *lab_cpus(const struct lab *lab)
{
	return &lab->cpus;
}

struct lab_node *lab_m2(const struct lab *lab)
{
	return lab->m2;
}

int lab_find_image(struct lab *lab, const char *name,
		   const struct image **image, struct err *err)
{
	int rc;

	for (int i = 0; i < lab->images; i++) {
		*image = &lab->image[i];
		if (strcmp((*image)->name, name) == 0)
			return 0;
	}
	if (lab->images == LAB_IMAGES_MAX)
		return err_set(err, E2BIG, "more than %d images",
			       LAB_IMAGES_MAX);
	rc = image_find(name, &lab->image[lab->images], err);
	if (!rc)
		*image = &lab->image[lab->images++];
	return rc;
}

static void free_node(struct lab_node *node)
{
	node->ops->stop(node);
	node->ops->free(node);
}

int lab_add_node(struct lab *lab, struct lab_node *node, struct err *err)
{
	int rc;

	if (strcmp(node->name, M2_NAME) == 0 || lab_find_node(lab, node->name))
		rc = err_set(err, EEXIST,
			     "'%s' is the name of another node: give the path "
			     "another",
			     node->name);
	else if (lab->nodes == LAB_NODES_MAX)
		rc = err_set(err, E2BIG, "more than %d nodes", LAB_NODES_MAX);
	else
		rc = 0;
	if (rc)
		free_node(node);
	else
		lab->node[lab->nodes++] = node;
	return rc;
}

/*
 * Cables. ARP is left to the nodes, without permanent neighbor entries: a
 * guest's are out of the lab's reach, and what one path has, all should have.
 */

#define M2_HOST 254

void lab_format_address(const struct lab_cable *cable, int host,
			char address[static 16])
{
	snprintf(address, 16, "10.77.%u.%u", cable->number & 0xffU,
		 host & 0xffU);
}

#define SUBNETS 250 /* below one second byte of the address */

int lab_take_subnet(struct lab *lab)
{
	return ++lab->subnets;
}

void lab_format_subnet(int subnet, int host, char address[static 16])
{
	snprintf(address, 16, "10.%u.%u.%u",
		 (78 + (subnet - 1) / SUBNETS) & 0xffU,
		 (1 + (subnet - 1) % SUBNETS) & 0xffU, host & 0xffU);
}

/* Locally administered; "vz" in the middle. */
void lab_format_mac(const struct lab_cable *cable, int host,
		    char mac[static 18])
{
	snprintf(mac, 18, "02:76:7a:00:%02x:%02x", cable->number & 0xffU,
		 host & 0xffU);
}

static int shape_plug(const struct link_spec *spec, int64_t bps, bool tagged,
		      struct err *err)
{
	const struct link_shape shape = { bps, 1500, tagged };

	return bps ? link_set_rate(spec->netns, spec->ifname, &shape, err) : 0;
}

static void note_plug(struct lab_plug *plug, const struct link_spec *spec,
		      bool tagged)
{
	plug->netns = spec->netns;
	plug->tagged = tagged;
	snprintf(plug->ifname, sizeof(plug->ifname), "%s", spec->ifname);
}

static int number_cable(const struct lab *lab, struct lab_cable *cable,
			struct err *err)
{
	if (lab->cables == LAB_CABLES_MAX)
		return err_set(err, E2BIG, "more than %d cables",
			       LAB_CABLES_MAX);
	cable->number = lab->cables + 1;
	snprintf(cable->m2_ifname, sizeof(cable->m2_ifname), "eth%d",
		 cable->number);
	lab_format_address(cable, M2_HOST, cable->m2_address);
	return 0;
}

int lab_add_cable(struct lab *lab, const struct link_spec *plug,
		  struct lab_cable *cable, struct err *err)
{
	char near_mac[18], far_mac[18];
	struct link_spec near = *plug;
	struct link_spec far = { lab->m2->netns, cable->m2_ifname, far_mac };
	int64_t bps = cable->bps ? cable->bps : lab->args.link_bps;
	int rc = number_cable(lab, cable, err);

	if (rc)
		return rc;
	lab_format_mac(cable, M2_HOST, far_mac);
	lab_format_mac(cable, 1, near_mac);
	if (!near.mac)
		near.mac = near_mac;
	rc = nics_wanted(lab, cable) ? nics_plug(lab, cable, &near, &far, err)
				     : link_add_veth(&near, &far, err);
	if (!rc)
		rc = link_add_address(far.netns, far.ifname, cable->m2_address,
				      24, err);
	if (!rc)
		rc = shape_plug(&near, bps, cable->tagged, err);
	if (!rc)
		rc = shape_plug(&far, bps, cable->tagged, err);
	note_plug(&lab->plug[lab->cables][0], &near, cable->tagged);
	note_plug(&lab->plug[lab->cables][1], &far, cable->tagged);
	lab->cables++;
	return rc;
}

int lab_add_tap_cable(struct lab *lab, int queues, struct lab_cable *cable,
		      struct err *err)
{
	char mac[18];
	struct link_spec tap = { lab->m2->netns, cable->m2_ifname, mac };
	int rc;

	if (lab->args.nics)
		return err_set(err, EOPNOTSUPP,
			       "link.nics: the cable of a machine is a TAP, "
			       "not an interface of the host");
	if (lab->args.link_bps)
		return err_set(err, EOPNOTSUPP,
			       "a machine's cable cannot be shaped both ways: "
			       "leave link.rate unlimited");
	rc = number_cable(lab, cable, err);
	if (rc)
		return rc;
	lab_format_mac(cable, M2_HOST, mac);
	rc = link_add_tap(&tap, queues > 1 ? IFF_MULTI_QUEUE : 0, err);
	if (!rc)
		rc = link_add_address(tap.netns, tap.ifname, cable->m2_address,
				      24, err);
	note_plug(&lab->plug[lab->cables][1], &tap, false);
	lab->cables++;
	return rc;
}

/*
 * Building: M2, then the paths one by one.
 */

const struct kind_desc *const *lab_kinds(void)
{
	static const struct kind_desc *kinds[64];
	const size_t room = sizeof(kinds) / sizeof(kinds[0]) - 1;

	/* the same pointers at every call: nothing that could change */
	for (size_t i = 0; i < room && path_kinds[i]; i++)
		kinds[i] = &path_kinds[i]->kind;
	return kinds;
}

/* A cable goes with the namespace that one of its ends is in; the driver
 * domain's stays. */
static void forget_plugs(struct lab *lab, const struct lab_netns *netns)
{
	if (lab->domain.node && netns == lab->domain.node->netns)
		return;
	for (int i = 0; netns && i < lab->cables; i++)
		for (int k = 0; k < 2; k++)
			if (lab->plug[i][k].netns == netns)
				lab->plug[i][k].netns = NULL;
}

/* A failed path's nodes go; the driver domain may serve the next one. */
static void drop_nodes(struct lab *lab, size_t kept)
{
	size_t last = kept;

	for (size_t i = kept; i < lab->nodes; i++) {
		struct lab_node *node = lab->node[i];

		if (node == lab->domain.node) {
			lab->node[last++] = node;
			continue;
		}
		forget_plugs(lab, node->netns);
		free_node(node);
	}
	lab->nodes = last;
}

/* The plan has refused it already, in better words. */
static int check_pairs(const struct lab_path *path, struct err *err)
{
	int most =
		path->ops->kind.pairs_max > 1 ? path->ops->kind.pairs_max : 1;

	if (path->pairs_wanted <= most)
		return 0;
	return err_set(err, EINVAL, "%d pairs, where kind %s has %d",
		       path->pairs_wanted, path->ops->kind.name, most);
}

static int build_path(struct lab *lab, size_t index, struct err *err)
{
	const struct lab_path_spec *spec = &lab->args.path[index];
	struct lab_path *path = &lab->path[index];
	struct placement placement = { .changed = 0 };
	size_t nodes = lab->nodes;
	int rc;

	snprintf(path->name, sizeof(path->name), "%s", spec->name);
	path->options = spec->options;
	path->link_bps = lab->args.link_bps;
	path->pairs_wanted = lab->args.pairs > 1 ? lab->args.pairs : 1;
	rc = path_find_kind(spec->kind, &path->ops, err);
	if (!rc)
		rc = check_pairs(path, err);
	if (!rc && path->ops->kind.outside != lab->outside)
		rc = err_set(err, EINVAL, "kind %s beside kind %s", spec->kind,
			     lab->args.path[0].kind);
	if (lab->args.split_cpus)
		placement_enter(&placement, PLACEMENT_M1);
	if (!rc)
		rc = path->ops->build(lab, path, err);
	placement_leave(&placement);
	if (rc) {
		for (int k = 0; k < PATH_PAIRS_MAX; k++)
			path->pair[k].m1.node = NULL; /* they are gone */
		path->pairs = 0;
		drop_nodes(lab, nodes);
		return err_wrap(err, "path %s", spec->name);
	}
	if (!lab->args.ipv6)
		for (int k = 0; k < path->pairs; k++) {
			path->pair[k].m1_text.address6[0] = '\0';
			path->pair[k].m2_text.address6[0] = '\0';
		}
	path->built = true;
	return 0;
}

static int build_paths(struct lab *lab, struct lab_path_failure *failures,
		       size_t *failed, struct err *err)
{
	*failed = 0;
	for (size_t i = 0; i < lab->args.paths; i++) {
		struct err why = ERR_INIT;

		if (!build_path(lab, i, &why))
			continue;
		if (i == 0) { /* the reference */
			if (err)
				*err = why;
			return -why.code;
		}
		failures[*failed].path = i;
		failures[(*failed)++].err = why;
	}
	return 0;
}

/* Welcome, not needed: a container may keep sysfs to itself. */
static void steer(struct lab *lab)
{
	struct err why = ERR_INIT;
	char mask[STEER_MASK_MAX];

	if (!lab->args.split_cpus)
		return;
	if (steer_netns(lab->m2->netns, mask, &why))
		snprintf(lab->steering, sizeof(lab->steering), "no: %.200s",
			 why.text);
	else
		snprintf(lab->steering, sizeof(lab->steering), "%s", mask);
}

const char *lab_steering(const struct lab *lab)
{
	return lab->steering;
}

/* A pair takes about a dozen descriptors here; 1024 are the usual limit. */
static void raise_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= FDS)
		return;
	limit.rlim_cur = limit.rlim_max < FDS ? limit.rlim_max : FDS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int make_m2(struct lab *lab, struct err *err)
{
	const struct path_ops *ops;
	int rc = path_find_kind(lab->args.path[0].kind, &ops, err);

	if (rc)
		return rc;
	lab->outside = ops->kind.outside;
	if (!lab->outside)
		return netns_node_new(&lab->m2, M2_NAME, lab->args.self_path,
				      err);
	lab->args.split_cpus = false;
	return ssh_make_m2(lab, M2_NAME, &lab->m2, err);
}

int lab_create(struct lab **lab, const struct lab_args *args,
	       struct lab_path_failure *failures, size_t *failed,
	       struct err *err)
{
	struct lab *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return err_sys(err, ENOMEM, "the lab");
	if (args->pairs > 1)
		raise_fd_limit();
	made->args = *args;
	sched_getaffinity(0, sizeof(made->cpus), &made->cpus);
	made->path = calloc(args->paths + 1, sizeof(*made->path));
	rc = -ENOMEM;
	if (!made->path) {
		err_sys(err, ENOMEM, "the lab");
		goto fail;
	}
	rc = nics_prepare(made, err);
	if (!rc)
		rc = make_m2(made, err);
	if (!rc)
		rc = build_paths(made, failures, failed, err);
	if (rc)
		goto fail;
	steer(made);
	made->args.path = NULL; /* the caller's array */
	*lab = made;
	return 0;
fail:
	lab_destroy(made);
	return rc;
}

void lab_destroy(struct lab *lab)
{
	if (!lab)
		return;
	while (lab->nodes)
		free_node(lab->node[--lab->nodes]);
	machine_free(lab->xen.machine);
	nics_close(&lab->nics);
	if (lab->m2)
		free_node(lab->m2);
	free(lab->path);
	free(lab);
}

/*
 * What was built.
 */

const char *lab_nics(const struct lab *lab)
{
	return lab->nics.text;
}

int lab_path_pairs(const struct lab *lab, size_t path)
{
	return lab->path[path].pairs;
}

const struct lab_end *lab_pair_m1(const struct lab *lab, size_t path, int pair)
{
	return &lab->path[path].pair[pair].m1;
}

const struct lab_end *lab_pair_m2(const struct lab *lab, size_t path, int pair)
{
	return &lab->path[path].pair[pair].m2;
}

const char *lab_path_tags(const struct lab *lab, size_t path)
{
	return lab->path[path].tags ? lab->path[path].tags : "";
}

const struct lab_end *lab_path_m1(const struct lab *lab, size_t path)
{
	return lab_pair_m1(lab, path, 0);
}

const struct lab_end *lab_path_m2(const struct lab *lab, size_t path)
{
	return lab_pair_m2(lab, path, 0);
}

const char *lab_node_name(const struct lab_node *node)
{
	return node->name;
}

const char *lab_node_kind(const struct lab_node *node)
{
	return node->ops->name;
}

const char *lab_node_accelerator(const struct lab_node *node)
{
	return node->ops->accelerator ? node->ops->accelerator(node) : NULL;
}

void lab_node_last_words(const struct lab_node *node, char *text, size_t size)
{
	text[0] = '\0';
	if (node->ops->last_words)
		node->ops->last_words(node, text, size);
}

bool lab_node_is_stale(const struct lab_node *node)
{
	return node->ops->is_stale && node->ops->is_stale(node);
}

int lab_node_netns_fd(const struct lab_node *node)
{
	return node->netns ? netns_fd(node->netns) : -1;
}

size_t lab_nodes(const struct lab *lab)
{
	return lab->nodes + 1;
}

struct lab_node *lab_node_at(const struct lab *lab, size_t index)
{
	return index < lab->nodes ? lab->node[index] : lab->m2;
}

struct lab_node *lab_find_node(const struct lab *lab, const char *name)
{
	for (size_t i = 0; i < lab_nodes(lab); i++) {
		struct lab_node *node = lab_node_at(lab, i);

		if (node && strcmp(node->name, name) == 0)
			return node;
	}
	return NULL;
}

int lab_start_agent(struct lab *lab, struct lab_node *node,
		    struct lab_channel *channel, struct err *err)
{
	struct placement placement = { .changed = 0 };
	cpu_set_t own;
	int rc;

	node->ops->stop(node);
	if (lab->args.split_cpus)
		placement_enter(&placement,
				node == lab->m2 ? PLACEMENT_M2 : PLACEMENT_M1);
	rc = node->ops->start_agent(node, channel, err);
	placement_leave(&placement);
	if (!rc && placement.changed && node->ops->place &&
	    !placement_half(PLACEMENT_M1, &own))
		node->ops->place(node, &own, &placement.before);
	return rc ? err_wrap(err, "node %s", node->name) : 0;
}

int lab_read_path_counters(struct lab *lab, size_t path, json_t **counters,
			   struct err *err)
{
	const struct lab_path *p = &lab->path[path];
	int rc;

	*counters = NULL;
	if (!p->ops->read_counters)
		return 0;
	rc = p->ops->read_counters(p, counters, err);
	return rc ? err_wrap(err, "path %s", p->name) : 0;
}

int lab_exec(struct lab *lab, struct lab_node *node, char *const argv[],
	     int *status, struct err *err)
{
	int rc;

	(void)lab;
	if (!node->ops->exec)
		return err_set(err, ENOTSUP,
			       "node %s: a %s is entered by its agent alone",
			       node->name, node->ops->name);
	rc = node->ops->exec(node, argv, status, err);
	return rc ? err_wrap(err, "node %s", node->name) : 0;
}
