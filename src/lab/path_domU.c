/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest of Xen, without Xen: its frames pass netfront, two rings and
 * netback, two processes in user space.
 *
 *   guest: eth0 - netfront ==rings== netback - vif1.0 - xenbr0 - peth0 == M2
 *
 * The guest is a namespace, whose eth0 is netfront's TAP; or a User Mode Linux
 * kernel, whose eth0 is a packet socket on netfront's TAP, which is then in a
 * namespace without addresses: the wire between the two.
 */
#include <errno.h>
#include <string.h>

#include <linux/if_tun.h>

#include "lab/driver_domain.h"
#include "lab/node_domU.h"
#include "lab/node_uml.h"
#include "lab/uplink.h"

#define ETH0 "eth0"

/* What build() puts together, in the order of making. */
struct parts {
	struct lab *lab;
	struct lab_path *path;
	struct driver_domain *domain;
	struct uplink *uplink; /* NULL: the driver domain's own cable */
	struct driver_vif vif;
	char name[LAB_NAME_MAX];
	struct lab_node *guest, *node;
	struct lab_netns *wire; /* of a kernel guest */
	struct lab_netns *front;
	int tap_flags;
};

static bool is_kernel(const struct lab_path *path)
{
	const char *guest = path_get_choice(path, "guest");

	return guest && strcmp(guest, "uml") == 0;
}

static int make_eth0(struct parts *p, struct err *err)
{
	/* a kernel guest's address is its own: the wire listens to no frame */
	const struct link_spec eth0 = { p->front, ETH0,
					p->wire ? BACKEND_MAC : p->vif.mac };

	return link_add_tap(&eth0, p->tap_flags, err);
}

static bool is_on(const struct lab_path *path, const char *key)
{
	const char *value = path_get_choice(path, key);

	return value && strcmp(value, "on") == 0;
}

static int add_vif(struct parts *p, struct err *err)
{
	return p->uplink ? driver_domain_add_lane(p->uplink, &p->vif, err)
			 : driver_domain_add_vif(p->lab, p->path, &p->vif, err);
}

static int make_kernel(struct parts *p, struct err *err)
{
	int rc;

	if (is_on(p->path, "page_a_frame"))
		return err_set(err, EINVAL,
			       "page_a_frame is for guest: namespace; a kernel "
			       "guest's own driver makes its buffers");
	rc = netns_create(&p->wire, p->name, err);
	if (rc)
		return rc;
	p->front = p->wire;
	rc = path_add_hop(p->path, HOP_PORT, p->wire, ETH0, err);
	if (!rc)
		rc = add_vif(p, err);
	if (!rc)
		rc = uml_node_new(
			&p->guest,
			&(struct uml_node_args){
				.name = p->name,
				.agent_path = lab_get_args(p->lab)->agent_path,
				.netns = p->wire,
				.transport = "raw",
				.tap = ETH0,
				.mac = p->vif.mac,
				.memory_mib =
					(int)path_get_number(p->path, "memory"),
				.modules =
					uml_modules_for(lab_get_args(p->lab)),
			},
			err);
	if (rc)
		netns_close(p->wire);
	return rc;
}

static int make_namespace(struct parts *p, struct err *err)
{
	int rc = netns_node_new(&p->guest, p->name,
				lab_get_args(p->lab)->self_path, err);

	if (rc)
		return rc;
	p->front = p->guest->netns;
	rc = path_add_hop(p->path, HOP_END, p->front, ETH0, err);
	if (!rc)
		rc = add_vif(p, err);
	if (rc)
		p->guest->ops->free(p->guest);
	return rc;
}

static int make_node(struct parts *p, struct err *err)
{
	int rc = is_kernel(p->path) ? make_kernel(p, err)
				    : make_namespace(p, err);

	if (!rc)
		rc = domU_node_new(
			&p->node,
			&(struct domU_node_args){
				.guest = p->guest,
				.wire = p->wire,
				.kernel = p->uplink ? p->uplink->kernel : NULL,
				.lead = p->path->pairs > 1
						? p->path->pair[0].m1.node
						: NULL,
				.driver = { .self_path = lab_get_args(p->lab)
								 ->self_path,
					    .back = p->domain->node->netns,
					    .front_tap = ETH0,
					    .back_tap = p->vif.ifname,
					    .mac = p->vif.mac,
					    .domid = p->vif.domid,
					    .vlan = p->vif.vlan,
					    .shared = p->path->pairs_wanted > 1,
					    .options = p->path->options } },
			err);
	return rc ? rc : lab_add_node(p->lab, p->node, err);
}

/* Its address; and the way to M2, where that is behind routes. */
static int set_up_guest(struct parts *p, struct err *err)
{
	struct link_next_hop hop = { .ifname = ETH0 };
	const struct link_route route = { p->vif.beyond, NULL, &hop, 1 };
	int rc = link_add_address(p->front, ETH0, p->vif.address, 24, err);

	if (rc || !p->vif.gateway[0])
		return rc;
	memcpy(hop.gateway, p->vif.gateway, sizeof(hop.gateway));
	return link_add_route(p->front, &route, err);
}

static int build_guest(struct lab *lab, struct lab_path *path,
		       struct uplink *uplink, struct err *err)
{
	struct parts p = { .lab = lab, .path = path, .uplink = uplink };
	int rc = lab_get_driver_domain(lab, &p.domain, err);

	path_format_node(path, p.name);
	p.tap_flags = path_get_number(path, "queues") > 1 ? IFF_MULTI_QUEUE : 0;
	if (!rc)
		rc = make_node(&p, err);
	if (!rc)
		rc = make_eth0(&p, err);
	if (!rc)
		rc = driver_domain_add_tap(p.domain, &p.vif, p.tap_flags, err);
	if (!rc && !p.wire)
		rc = set_up_guest(&p, err);
	if (!rc)
		rc = domU_node_connect(p.node, err);
	if (rc)
		return rc;
	path_set_m1(path, p.node, ETH0, p.vif.address);
	return 0;
}

/* Kernels: memory, and threads that spin. */
#define KERNELS_MAX 9

static int build_guests(struct lab *lab, struct lab_path *path,
			struct uplink *uplink, struct err *err)
{
	int rc = build_guest(lab, path, uplink, err);

	for (int k = 1; !rc && k < path->pairs_wanted; k++) {
		rc = path_add_pair(path, err);
		if (!rc)
			rc = build_guest(lab, path, uplink, err);
	}
	return rc;
}

static int check_kernel(const struct lab_path *path, enum uplink_spread spread,
			struct err *err)
{
	if (path->pairs_wanted > KERNELS_MAX)
		return err_set(err, EINVAL,
			       "%d pairs, where guest: uml has %d at most",
			       path->pairs_wanted, KERNELS_MAX);
	if (spread == UPLINK_ROUTES)
		return err_set(err, EINVAL,
			       "spread: routes is for guest: namespace; a "
			       "kernel guest's agent sets no routes");
	return 0;
}

static int build_domU(struct lab *lab, struct lab_path *path, struct err *err)
{
	struct uplink uplink = { .lanes = 0 };
	enum uplink_spread spread;
	int rc = uplink_read_spread(path, &spread, err);

	if (!rc && is_kernel(path))
		rc = check_kernel(path, spread, err);
	if (rc || spread == UPLINK_PLAIN)
		return rc ? rc : build_guests(lab, path, NULL, err);
	rc = driver_domain_open_uplink(lab, path, &uplink, err);
	if (!rc)
		rc = build_guests(lab, path, &uplink, err);
	uplink_close(&uplink);
	return rc;
}

static int read_counters(const struct lab_path *path, json_t **counters,
			 struct err *err)
{
	return domU_node_read_counters(path->pair[0].m1.node, counters, err);
}

static void list_processes(const struct lab_path *path, json_t *processes)
{
	static const char *const programs[] = { "netfront", "netback" };

	for (int i = 0; i < 2; i++)
		json_object_set_new(
			processes, programs[i],
			json_integer(domU_node_pid(path->pair[0].m1.node,
						   programs[i])));
	if (is_kernel(path))
		json_object_set_new(processes, "uml",
				    json_integer(path->pair[0].m1.node->pid));
}

static const char *const guests[] = { "namespace", "uml", NULL };
static const char *const modes[] = { "copy", "grant-copy", "flip-index",
				     "flip-map", NULL };
static const char *const switches[] = { "on", "off", NULL };
static const char *const notices[] = { "asked", "always", NULL };
static const char *const merges[] = { "auto", "on", "off", NULL };
static const char *const pages[] = { "1", "2", "4", "8", "16", NULL };

/* Each is told to netfront and netback by split_driver.c's table. */
/* clang-format off */
static const struct kind_option options[] = {
	{ .key = "guest", .choices = guests, .fallback = "namespace",
	  .help = "a network namespace of this kernel, or a kernel of its own" },
	{ .key = "memory", .min = 48, .max = 4096, .fallback = "128",
	  .help = "a kernel guest's memory in MiB" },
	{ .key = "receive", .choices = modes, .fallback = "copy",
	  .help = "how a received frame comes into the guest's memory" },
	{ .key = "header_copy", .choices = switches, .fallback = "on",
	  .help = "netback copies and filters the header of a sent frame" },
	{ .key = "notify_batch", .min = 1, .max = 4096, .fallback = "32",
	  .help = "frames shown to the other end at once, at most" },
	{ .key = "notify", .choices = notices, .fallback = "asked",
	  .help = "notify the other end where it asked for it, or always" },
	{ .key = "page_a_frame", .choices = switches, .fallback = "off",
	  .help = "the guest's kernel holds each received frame in 4 KiB" },
	{ .key = "ring_pages", .choices = pages, .fallback = "1",
	  .help = "pages of a ring: 256 frames each" },
	{ .key = "queues", .min = 1, .max = 8, .fallback = "1",
	  .help = "pairs of rings" },
	{ .key = "budget", .min = 1, .max = 4096, .fallback = "64",
	  .help = "frames a turn, each way" },
	{ .key = "gso", .choices = switches, .fallback = "on",
	  .help = "frames above the MTU, where offload is on" },
	{ .key = "aggregate", .choices = merges, .fallback = "auto",
	  .help = "TCP segments merged before a TAP: auto is where offload is on" },
	{ .key = "napi", .choices = switches, .fallback = "on",
	  .help = "a kernel thread takes in what is written to a TAP" },
	{ .key = "persistent", .choices = switches, .fallback = "off",
	  .help = "pages are granted once instead of for each use" },
	{ .key = "direct", .choices = switches, .fallback = "off",
	  .help = "receive copy: the kernel puts frames straight into granted pages" },
	{ .key = "realtime", .choices = switches, .fallback = "off",
	  .help = "netfront and netback as SCHED_FIFO: no frame's receiver interrupts a batch" },
	{ .key = "coalesce_us", .min = 0, .max = 10000, .fallback = "0",
	  .help = "after work look again so much later, in us, before sleeping" },
	UPLINK_OPTIONS,
	{ 0 },
};
/* clang-format on */

const struct path_ops path_domU = {
	.kind = {
		.name = "domU",
		.help = "a guest behind Xen's split network driver: netfront, "
			"rings, netback, vif1.0 on the bridge xenbr0",
		.options = options,
		.pairs_max = PATH_PAIRS_MAX,
	},
	.build = build_domU,
	.read_counters = read_counters,
	.list_processes = list_processes,
};
