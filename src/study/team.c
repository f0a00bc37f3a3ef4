/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/team.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/netdev.h"
#include "lab/outside.h"
#include "study/way.h"

/* UML boots in 1.3 s, QEMU under tcg in 3.2 s; the lab has its own, longer
 * deadline for a boot. */
#define HELLO_TIMEOUT_NS (20 * NS_PER_S)

struct member {
	struct lab_node *node;
	struct agent *agent;
	size_t path;
	int pair;
	json_t *features; /* offloads of its end, as last read back */
};

struct way {
	struct member *pair; /* [pairs] */
	int pairs;	     /* 0: the lab has not built it */
	int mtu, offload;    /* of ends and hops; mtu 0: not known */
};

struct team {
	struct lab *lab;
	bool ipv4, ipv6;       /* families that the plan has */
	size_t paths, members; /* of all paths */
	struct way *way;       /* [paths] */
	struct member *member; /* [members] path by path */
	struct member m2;
	json_t *wanted; /* sysctls every node gets */
	char congestion[16];
	char boot_id[64]; /* of M2's kernel, where it is not ours */
};

/* What a comparison wants alike. Values are M2's, but for those that have
 * one here. */
static const struct {
	const char *name;
	const char *value;
} alike[] = {
	{ "net.ipv4.tcp_timestamps", NULL },
	{ "net.ipv4.tcp_sack", NULL },
	{ "net.ipv4.tcp_window_scaling", NULL },
	{ "net.ipv4.tcp_moderate_rcvbuf", NULL },
	{ "net.ipv4.tcp_ecn", NULL },
	{ "net.ipv4.tcp_autocorking", NULL },
	{ "net.ipv4.tcp_adv_win_scale", NULL },
	{ "net.ipv4.tcp_limit_output_bytes", NULL },
	{ "net.ipv4.tcp_min_tso_segs", NULL },
	{ "net.core.rmem_max", NULL },
	{ "net.core.wmem_max", NULL },
	{ "net.ipv4.tcp_rmem", NULL },
	{ "net.ipv4.tcp_wmem", NULL },
	/* a block's connections must not inherit the last block's ssthresh */
	{ "net.ipv4.tcp_no_metrics_save", "1" },
	/* nor lose their window while the other paths have their slices */
	{ "net.ipv4.tcp_slow_start_after_idle", "0" },
	{ "net.ipv4.tcp_mtu_probing", "0" },
};

#define ALIKE (sizeof(alike) / sizeof(alike[0]))

static const char *const congestions[] = { "cubic", "reno" };

#define CONGESTION_KEY "net.ipv4.tcp_congestion_control"

static void enlist(struct team *team)
{
	struct member *next = team->member;

	for (size_t p = 0; p < team->paths; p++) {
		struct way *way = &team->way[p];

		way->pair = next;
		way->pairs = lab_path_pairs(team->lab, p);
		for (int k = 0; k < way->pairs; k++)
			*next++ = (struct member){
				.node = lab_pair_m1(team->lab, p, k)->node,
				.path = p,
				.pair = k,
			};
	}
}

static void choose_families(struct team *t, const struct plan_values *families)
{
	for (size_t i = 0; i < families->count; i++) {
		t->ipv4 |= families->value[i] == FAMILY_IPV4;
		t->ipv6 |= families->value[i] == FAMILY_IPV6;
	}
}

int team_create(struct team **team, struct lab *lab, const struct plan *plan,
		struct err *err)
{
	size_t paths = plan->paths;
	struct team *t = calloc(1, sizeof(*t));

	*team = t;
	if (!t)
		return err_set(err, ENOMEM, "out of memory");
	t->lab = lab;
	t->paths = paths;
	choose_families(t, &plan->axis[AXIS_FAMILY]);
	for (size_t p = 0; p < paths; p++)
		t->members += (size_t)lab_path_pairs(lab, p);
	t->way = calloc(paths, sizeof(*t->way));
	t->member = calloc(t->members + 1, sizeof(*t->member));
	if (!t->way || !t->member) {
		team_free(t);
		*team = NULL;
		return err_set(err, ENOMEM, "out of memory");
	}
	t->m2.node = lab_path_m2(lab, 0)->node;
	enlist(t);
	return 0;
}

void team_free(struct team *team)
{
	if (!team)
		return;
	for (size_t i = 0; team->member && i < team->members; i++) {
		agent_detach(team->member[i].agent);
		json_decref(team->member[i].features);
	}
	agent_detach(team->m2.agent);
	json_decref(team->wanted);
	free(team->way);
	free(team->member);
	free(team);
}

struct agent *team_m1(const struct team *team, size_t path, int pair)
{
	return team->way[path].pair[pair].agent;
}

struct agent *team_m2(const struct team *team)
{
	return team->m2.agent;
}

const char *team_congestion(const struct team *team)
{
	return team->congestion[0] ? team->congestion : NULL;
}

static int set_end(struct agent *agent, const struct lab_end *end,
		   struct err *err)
{
	char address[64];
	struct agent_netdev netdev = { .ifname = end->ifname,
				       .offload = -1,
				       .address = address };
	int rc;

	snprintf(address, sizeof(address), "%s/%d", end->address, end->prefix);
	rc = agent_set_netdev(agent, &netdev, NULL, err);
	if (rc || !*end->address6)
		return rc;
	snprintf(address, sizeof(address), "%s/64", end->address6);
	return agent_set_netdev(agent, &netdev, NULL, err);
}

/* Pairs may share M2's end: it is spoken of once, with the first of them. */
static bool is_first_at_m2(const struct team *team, size_t path, int pair)
{
	const char *ifname = lab_pair_m2(team->lab, path, pair)->ifname;

	for (int k = 0; k < pair; k++)
		if (strcmp(lab_pair_m2(team->lab, path, k)->ifname, ifname) ==
		    0)
			return false;
	return true;
}

static int instruct_m2(struct team *team, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < team->members; i++) {
		const struct member *m = &team->member[i];

		if (m->node && is_first_at_m2(team, m->path, m->pair))
			rc = set_end(team->m2.agent,
				     lab_pair_m2(team->lab, m->path, m->pair),
				     err);
	}
	return rc;
}

static void hear(const struct member *m, struct err *err)
{
	char words[sizeof(err->text)], before[sizeof(err->text)];

	if (m->agent && !agent_is_lost(m->agent))
		return; /* a refusal speaks for itself */
	lab_node_last_words(m->node, words, sizeof(words));
	snprintf(before, sizeof(before), "%s", err->text);
	if (words[0])
		err_set(err, err->code, "%.240s; %s", before, words);
}

void team_hear(const struct team *team, size_t path, int pair, struct err *err)
{
	hear(&team->way[path].pair[pair], err);
}

/* A new agent finds its node as the team wants it; a machine that was there
 * already has its addresses. */
static int instruct(struct team *team, const struct member *m, struct err *err)
{
	int rc = 0;

	if (team->wanted)
		rc = agent_set_sysctl(m->agent, json_incref(team->wanted), NULL,
				      err);
	if (rc || lab_is_outside(team->lab))
		return rc;
	if (m == &team->m2)
		return instruct_m2(team, err);
	return set_end(m->agent, lab_pair_m1(team->lab, m->path, m->pair), err);
}

/* Machines that are there already: how do they reach each other? */
static int find_way(struct team *team, const struct member *m, struct err *err)
{
	struct way_args args = { .m1 = m->agent,
				 .m2 = team->m2.agent,
				 .ipv4 = team->ipv4,
				 .ipv6 = team->ipv6 };
	struct lab_way way;
	int rc;

	if (m == &team->m2) /* the paths' M1s are asked as they come */
		return way_read_boot_id(m->agent, team->boot_id, err);
	lab_get_outside(team->lab, m->path, &args.wish);
	rc = way_find(&way, &args, err);
	if (rc)
		return err_wrap(err, "the way to M2");
	lab_learn_way(team->lab, m->path, &way);
	return 0;
}

static int start(struct team *team, struct member *m, struct err *err)
{
	struct lab_channel channel;
	int rc;

	agent_detach(m->agent);
	m->agent = NULL;
	rc = lab_start_agent(team->lab, m->node, &channel, err);
	if (!rc)
		rc = agent_attach(&m->agent, lab_node_name(m->node),
				  channel.read_fd, channel.write_fd,
				  HELLO_TIMEOUT_NS, err);
	if (!rc && lab_is_outside(team->lab))
		rc = find_way(team, m, err);
	if (!rc)
		rc = instruct(team, m, err);
	if (!rc)
		return 0;
	hear(m, err);
	agent_detach(m->agent);
	m->agent = NULL;
	return rc;
}

int team_start(struct team *team, int path, int pair, struct err *err)
{
	for (size_t p = 0; p < team->paths; p++)
		if (path < 0 || p == (size_t)path)
			team->way[p].mtu = 0;
	return start(team, path < 0 ? &team->m2 : &team->way[path].pair[pair],
		     err);
}

int team_start_path(struct team *team, size_t path, struct err *err)
{
	int rc = 0;

	for (int k = 0; k < team->way[path].pairs && !rc; k++)
		rc = team_start(team, (int)path, k, err);
	return rc;
}

/* Every agent in turn, M2 last; NULL past the end. Skips the missing. */
static struct agent *next_agent(const struct team *team, size_t *i)
{
	while (*i < team->members) {
		struct agent *agent = team->member[(*i)++].agent;

		if (agent)
			return agent;
	}
	return (*i)++ == team->members ? team->m2.agent : NULL;
}

/* The path of who next_agent() has just given, or -1 for M2. */
static int path_of(const struct team *team, size_t i)
{
	return i > team->members ? -1 : (int)team->member[i - 1].path;
}

static bool takes(const struct team *team, struct agent *agent, json_t *wanted,
		  const char *name, struct err *err)
{
	json_t *now = NULL;
	const char *got = "";
	bool took;

	if (agent_set_sysctl(agent, wanted, &now, err))
		return false;
	json_get_string(now, CONGESTION_KEY, &got, NULL);
	took = strcmp(got, name) == 0 ||
	       (lab_is_outside(team->lab) && way_allows(agent, name));
	json_decref(now);
	if (!took)
		err_set(err, EOPNOTSUPP,
			"%s allows neither cubic nor reno; allow one in "
			"net.ipv4.tcp_allowed_congestion_control",
			agent_node(agent));
	return took;
}

/* Does every node take this congestion control? If not, *failed is one that
 * does not. */
static bool all_take(const struct team *team, const char *name, int *failed,
		     struct err *err)
{
	json_t *wanted = json_pack("{ss}", CONGESTION_KEY, name);
	struct agent *agent;
	bool all = true;
	size_t i = 0;

	while (all && (agent = next_agent(team, &i))) {
		all = takes(team, agent, wanted, name, err);
		*failed = path_of(team, i);
	}
	json_decref(wanted);
	return all;
}

static int choose_congestion(struct team *team, int *failed, struct err *err)
{
	for (size_t i = 0; i < 2; i++) {
		if (!all_take(team, congestions[i], failed, err))
			continue;
		snprintf(team->congestion, sizeof(team->congestion), "%s",
			 congestions[i]);
		return 0;
	}
	return -err->code;
}

json_t *team_sysctls(void)
{
	json_t *all = json_object();

	for (size_t i = 0; i < ALIKE; i++)
		json_object_set_new(all, alike[i].name,
				    alike[i].value ? json_string(alike[i].value)
						   : json_null());
	return all;
}

/* What every node shall have: M2's own values and those fixed above. */
static int gather_wanted(struct team *team, struct err *err)
{
	json_t *names = json_array(), *now = NULL;
	int rc;

	for (size_t i = 0; i < ALIKE; i++)
		json_array_append_new(names, json_string(alike[i].name));
	rc = agent_get_sysctl(team->m2.agent, names, &now, err);
	json_decref(names);
	if (rc)
		return rc;
	for (size_t i = 0; i < ALIKE; i++)
		if (alike[i].value)
			json_object_set_new(now, alike[i].name,
					    json_string(alike[i].value));
	json_object_set_new(now, CONGESTION_KEY, json_string(team->congestion));
	json_decref(team->wanted);
	team->wanted = now;
	return 0;
}

static int store_settings(struct store *store, const char *node, json_t *now,
			  struct err *err)
{
	const char *key;
	json_t *value;
	int rc = 0;

	json_object_foreach(now, key, value)
		if (!rc && json_is_string(value))
			rc = store_set_setting(store, node, key,
					       json_string_value(value), err);
	return rc;
}

static int equalize_one(struct team *team, struct store *store,
			struct agent *agent, int path, struct err *err)
{
	const struct agent_hello *hello = agent_get_hello(agent);
	const char *node = agent_node(agent), *accelerator;
	json_t *now = NULL;
	char cpus[16];
	int rc = agent_set_sysctl(agent, team->wanted, &now, err);

	snprintf(cpus, sizeof(cpus), "%d", hello->cpus);
	if (!rc)
		rc = store_settings(store, node, now, err);
	if (!rc)
		rc = store_set_setting(store, node, "kernel", hello->kernel,
				       err);
	if (!rc)
		rc = store_set_setting(store, node, "cpus", cpus, err);
	accelerator = lab_node_accelerator(lab_find_node(team->lab, node));
	if (!rc && accelerator)
		rc = store_set_setting(store, node, "accelerator", accelerator,
				       err);
	json_decref(now);
	if (!rc && lab_is_outside(team->lab))
		rc = way_store_end(
			store, agent,
			path < 0 ? lab_path_m2(team->lab, 0)
				 : lab_path_m1(team->lab, (size_t)path),
			err);
	return rc;
}

int team_equalize(struct team *team, struct store *store, int *failed,
		  struct err *err)
{
	struct agent *agent;
	size_t i = 0;
	int rc = choose_congestion(team, failed, err);

	if (rc)
		return rc;
	*failed = -1;
	rc = gather_wanted(team, err);
	while (!rc && (agent = next_agent(team, &i))) {
		*failed = path_of(team, i);
		rc = equalize_one(team, store, agent, *failed, err);
	}
	return rc;
}

void team_drop(struct team *team, size_t path)
{
	for (int k = 0; k < team->way[path].pairs; k++) {
		agent_detach(team->way[path].pair[k].agent);
		team->way[path].pair[k].agent = NULL;
	}
}

/* Did the interface take what was asked? */
static int check_end(const struct agent *agent, const struct lab_end *end,
		     int mtu, int offload, json_t *state, struct err *err)
{
	json_t *features = json_object_get(state, "features");
	int64_t got = 0;
	int rc = json_get_int(state, "mtu", &got, err);

	if (rc)
		return rc;
	if (mtu != MTU_AS_IS && got != mtu)
		return err_set(err, EIO, "%s %s: MTU is %d, not %d",
			       agent_node(agent), end->ifname, (int)got, mtu);
	if (offload == OFFLOAD_OFF && !netdev_offload_is_off(features))
		return err_set(err, EIO, "%s %s: offload did not go off",
			       agent_node(agent), end->ifname);
	return 0;
}

/* *features (may be NULL): a new reference in place of the old one. */
static int configure_end(struct agent *agent, const struct lab_end *end,
			 int mtu, int offload, json_t **features,
			 struct err *err)
{
	int own_mtu = end->mtu ? end->mtu : mtu;
	int own_offload =
		end->fixed_offload || offload == OFFLOAD_AS_IS ? -1 : offload;
	struct agent_netdev netdev = { .ifname = end->ifname,
				       .mtu = own_mtu,
				       .offload = own_offload };
	json_t *state = NULL;
	int rc = agent_set_netdev(agent, &netdev, &state, err);

	if (!rc)
		rc = check_end(agent, end, own_mtu, own_offload, state, err);
	if (!rc && features) {
		json_decref(*features);
		*features = json_incref(json_object_get(state, "features"));
	}
	json_decref(state);
	return rc;
}

static int configure_pair(struct team *team, size_t path, int pair, int mtu,
			  int offload, struct err *err)
{
	struct member *m = &team->way[path].pair[pair];
	int rc = configure_end(m->agent, lab_pair_m1(team->lab, path, pair),
			       mtu, offload, &m->features, err);

	if (!rc && is_first_at_m2(team, path, pair))
		rc = configure_end(team->m2.agent,
				   lab_pair_m2(team->lab, path, pair), mtu,
				   offload, NULL, err);
	return rc;
}

/* *blame: M2 only if its agent is gone; else what M2 refuses is the pair's. */
static int configure_path(struct team *team, size_t path, int mtu, int offload,
			  int *blame, struct err *err)
{
	int rc = lab_set_hops(team->lab, path, mtu, offload, err);

	*blame = 0;
	for (int k = 0; k < team->way[path].pairs && !rc; k++) {
		*blame = k;
		rc = configure_pair(team, path, k, mtu, offload, err);
	}
	if (agent_is_lost(team->m2.agent))
		*blame = -1;
	return rc;
}

static bool share_an_end(const struct team *team, size_t a, size_t b)
{
	for (int k = 0; k < team->way[a].pairs; k++)
		for (int l = 0; l < team->way[b].pairs; l++)
			if (strcmp(lab_pair_m2(team->lab, a, k)->ifname,
				   lab_pair_m2(team->lab, b, l)->ifname) == 0)
				return true;
	return false;
}

/* Paths that share M2's end share hops, too: what those have is not what they
 * had, from the first hop on that is changed. */
static void forget_sharers(struct team *team, size_t path, int mtu, int offload)
{
	for (size_t p = 0; p < team->paths; p++) {
		struct way *way = &team->way[p];

		if ((way->mtu != mtu || way->offload != offload) &&
		    share_an_end(team, p, path))
			way->mtu = 0;
	}
	team->way[path].mtu = 0;
}

int team_set_path(struct team *team, size_t path, int mtu, int offload,
		  int *blame, struct err *err)
{
	struct way *way = &team->way[path];
	int rc;

	*blame = 0;
	if (way->mtu == mtu && way->offload == offload)
		return 0;
	forget_sharers(team, path, mtu, offload);
	rc = configure_path(team, path, mtu, offload, blame, err);
	if (rc)
		return rc;
	way->mtu = mtu;
	way->offload = offload;
	return 0;
}

const char *team_boot_id(const struct team *team)
{
	return team->boot_id;
}

const json_t *team_features(const struct team *team, size_t path)
{
	return team->way[path].pair[0].features;
}
