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

/* UML boots in 1.3 s, QEMU under tcg in 3.2 s; the lab has its own, longer
 * deadline for a boot. */
#define HELLO_TIMEOUT_NS (20 * NS_PER_S)

struct member {
	struct lab_node *node;
	struct agent *agent;
	int mtu, offload; /* of its path, ends and hops; mtu 0: not known */
	json_t *features; /* offloads of its end, as last read back */
};

struct team {
	struct lab *lab;
	size_t paths;
	struct member *m1; /* [paths] */
	struct member m2;
	json_t *wanted; /* sysctls every node gets */
	char congestion[16];
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

int team_create(struct team **team, struct lab *lab, size_t paths,
		struct err *err)
{
	struct team *t = calloc(1, sizeof(*t));

	*team = t;
	if (!t)
		return err_set(err, ENOMEM, "out of memory");
	t->lab = lab;
	t->paths = paths;
	t->m1 = calloc(paths, sizeof(*t->m1));
	if (!t->m1) {
		free(t);
		*team = NULL;
		return err_set(err, ENOMEM, "out of memory");
	}
	t->m2.node = lab_path_m2(lab, 0)->node;
	for (size_t p = 0; p < paths; p++) {
		const struct lab_end *end = lab_path_m1(lab, p);

		t->m1[p].node = end ? end->node : NULL;
	}
	return 0;
}

void team_free(struct team *team)
{
	if (!team)
		return;
	for (size_t p = 0; p < team->paths; p++) {
		agent_detach(team->m1[p].agent);
		json_decref(team->m1[p].features);
	}
	agent_detach(team->m2.agent);
	json_decref(team->wanted);
	free(team->m1);
	free(team);
}

struct agent *team_m1(const struct team *team, size_t path)
{
	return team->m1[path].agent;
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

/* A new agent finds its node as the team wants it. */
static int instruct(struct team *team, int path, struct agent *agent,
		    struct err *err)
{
	int rc = 0;

	if (team->wanted)
		rc = agent_set_sysctl(agent, json_incref(team->wanted), NULL,
				      err);
	for (size_t p = 0; !rc && p < team->paths; p++) {
		if (path >= 0 && p != (size_t)path)
			continue;
		if (!team->m1[p].node)
			continue;
		rc = set_end(agent,
			     path >= 0 ? lab_path_m1(team->lab, p)
				       : lab_path_m2(team->lab, p),
			     err);
	}
	return rc;
}

void team_hear(const struct team *team, size_t path, struct err *err)
{
	const struct lab_node *node = team->m1[path].node;
	const struct agent *agent = team->m1[path].agent;
	char words[sizeof(err->text)], before[sizeof(err->text)];

	if (!node || (agent && !agent_is_lost(agent)))
		return; /* a refusal speaks for itself */
	lab_node_last_words(node, words, sizeof(words));
	snprintf(before, sizeof(before), "%s", err->text);
	if (words[0])
		err_set(err, err->code, "%.240s; %s", before, words);
}

int team_start(struct team *team, int path, struct err *err)
{
	struct member *m = path < 0 ? &team->m2 : &team->m1[path];
	struct lab_channel channel;
	int rc;

	agent_detach(m->agent);
	m->agent = NULL;
	for (size_t p = 0; p < team->paths; p++)
		if (path < 0 || p == (size_t)path)
			team->m1[p].mtu = 0;
	rc = lab_start_agent(team->lab, m->node, &channel, err);
	if (rc)
		return rc;
	rc = agent_attach(&m->agent, lab_node_name(m->node), channel.read_fd,
			  channel.write_fd, HELLO_TIMEOUT_NS, err);
	if (!rc)
		rc = instruct(team, path, m->agent, err);
	if (!rc)
		return 0;
	if (path >= 0)
		team_hear(team, (size_t)path, err);
	agent_detach(m->agent);
	m->agent = NULL;
	return rc;
}

/* Every agent in turn, M2 last; NULL past the end. Skips the missing. */
static struct agent *next_agent(const struct team *team, size_t *i)
{
	while (*i < team->paths) {
		struct agent *agent = team->m1[(*i)++].agent;

		if (agent)
			return agent;
	}
	return (*i)++ == team->paths ? team->m2.agent : NULL;
}

/* The member that next_agent() has just given: a path, or -1 for M2. */
static int member_of(const struct team *team, size_t i)
{
	return i > team->paths ? -1 : (int)i - 1;
}

static bool takes(struct agent *agent, json_t *wanted, const char *name,
		  struct err *err)
{
	json_t *now = NULL;
	const char *got = "";
	bool took;

	if (agent_set_sysctl(agent, wanted, &now, err))
		return false;
	json_get_string(now, CONGESTION_KEY, &got, NULL);
	took = strcmp(got, name) == 0;
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
		all = takes(agent, wanted, name, err);
		*failed = member_of(team, i);
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
			struct agent *agent, struct err *err)
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
		rc = equalize_one(team, store, agent, err);
		*failed = member_of(team, i);
	}
	return rc;
}

void team_drop(struct team *team, size_t path)
{
	agent_detach(team->m1[path].agent);
	team->m1[path].agent = NULL;
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
	if (got != mtu)
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
	struct agent_netdev netdev = { .ifname = end->ifname,
				       .mtu = mtu,
				       .offload = offload };
	json_t *state = NULL;
	int rc = agent_set_netdev(agent, &netdev, &state, err);

	if (!rc)
		rc = check_end(agent, end, mtu, offload, state, err);
	if (!rc && features) {
		json_decref(*features);
		*features = json_incref(json_object_get(state, "features"));
	}
	json_decref(state);
	return rc;
}

/* *blame: M2 only if its agent is gone; else what M2 refuses is the path's. */
static int configure_path(struct team *team, size_t path, int mtu, int offload,
			  int *blame, struct err *err)
{
	int rc = lab_set_hops(team->lab, path, mtu, offload, err);

	if (!rc)
		rc = configure_end(team->m1[path].agent,
				   lab_path_m1(team->lab, path), mtu, offload,
				   &team->m1[path].features, err);
	if (!rc)
		rc = configure_end(team->m2.agent, lab_path_m2(team->lab, path),
				   mtu, offload, NULL, err);
	*blame = agent_is_lost(team->m2.agent) ? -1 : 0;
	return rc;
}

/* Paths that share M2's end share hops, too: what those have is not what they
 * had, from the first hop on that is changed. */
static void forget_sharers(struct team *team, size_t path, int mtu, int offload)
{
	const char *plug = lab_path_m2(team->lab, path)->ifname;

	for (size_t p = 0; p < team->paths; p++) {
		struct member *m = &team->m1[p];

		if (m->node && (m->mtu != mtu || m->offload != offload) &&
		    strcmp(lab_path_m2(team->lab, p)->ifname, plug) == 0)
			m->mtu = 0;
	}
	team->m1[path].mtu = 0;
}

int team_set_path(struct team *team, size_t path, int mtu, int offload,
		  int *blame, struct err *err)
{
	struct member *m = &team->m1[path];
	int rc;

	*blame = 0;
	if (m->mtu == mtu && m->offload == offload)
		return 0;
	forget_sharers(team, path, mtu, offload);
	rc = configure_path(team, path, mtu, offload, blame, err);
	if (rc)
		return rc;
	m->mtu = mtu;
	m->offload = offload;
	return 0;
}

const json_t *team_features(const struct team *team, size_t path)
{
	return team->m1[path].features;
}
