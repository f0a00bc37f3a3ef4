/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/errand_nodes.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/errand.h"
#include "agent/guest_line.h"
#include "agent/guest_veth.h"
#include "agent/server.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

#define HELLO_TIMEOUT_NS (60 * NS_PER_S)
#define CONGESTION_KEY	 "net.ipv4.tcp_congestion_control"

static _Noreturn void be_agent(int fd, bool apart)
{
	struct err err = ERR_INIT;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (apart && unshare(CLONE_NEWNET) < 0) {
		log_error("a namespace for M2: %s", strerror(errno));
		_exit(1);
	}
	if (agent_serve(fd, fd, &err))
		log_error("agent: %s", err.text);
	_exit(0);
}

/* An agent in a child; `apart`: in a network namespace of its own. */
static int start_one(struct agent **agent, const char *name, bool apart,
		     pid_t *pid, struct err *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "socketpair");
	*pid = fork();
	if (*pid == 0) {
		close(pair[0]);
		be_agent(pair[1], apart);
	}
	close(pair[1]);
	if (*pid < 0) {
		close(pair[0]);
		return err_sys(err, errno, "starting %s's agent", name);
	}
	return agent_attach(agent, name, pair[0], pair[0], HELLO_TIMEOUT_NS,
			    err);
}

static int start_domU(struct agent **agent, struct err *err)
{
	int fd;
	int rc = guest_accept(ERRAND_DOMU_ADDRESS, ERRAND_DOMU_PORT,
			      HELLO_TIMEOUT_NS, &fd, err);

	if (rc)
		return err_wrap(err, "domU");
	return agent_attach(agent, "domU", fd, fd, HELLO_TIMEOUT_NS, err);
}

int errand_nodes_start(struct errand_nodes *nodes, const char *own_name,
		       bool wants_domU, struct err *err)
{
	pid_t m2, own;
	int rc;

	*nodes = (struct errand_nodes){ 0 };
	rc = start_one(&nodes->m2, "M2", true, &m2, err);
	if (!rc)
		rc = guest_move_link(ERRAND_CABLE, m2, err);
	if (!rc)
		rc = start_one(&nodes->own, own_name, false, &own, err);
	if (!rc && wants_domU)
		rc = start_domU(&nodes->domU, err);
	return rc;
}

/* The i-th of them; NULL where there is none. */
static struct agent *at(const struct errand_nodes *nodes, int i)
{
	struct agent *const all[] = { nodes->m2, nodes->own, nodes->domU };

	return all[i];
}

enum { NODES = 3 };

static bool takes(struct agent *agent, const char *congestion)
{
	json_t *wanted = json_pack("{ss}", CONGESTION_KEY, congestion);
	const char *got = "";
	json_t *now = NULL;
	bool took = false;

	if (!agent_set_sysctl(agent, wanted, &now, NULL)) {
		json_get_string(now, CONGESTION_KEY, &got, NULL);
		took = strcmp(got, congestion) == 0;
	}
	json_decref(now);
	json_decref(wanted);
	return took;
}

static int choose_congestion(struct errand_nodes *nodes, struct err *err)
{
	static const char *const choices[] = { "cubic", "reno" };

	for (int c = 0; c < 2; c++) {
		bool all = true;

		for (int i = 0; i < NODES && all; i++)
			all = !at(nodes, i) || takes(at(nodes, i), choices[c]);
		if (!all)
			continue;
		snprintf(nodes->congestion, sizeof(nodes->congestion), "%s",
			 choices[c]);
		return 0;
	}
	return err_set(err, EOPNOTSUPP,
		       "the nodes have neither cubic nor reno in common");
}

/* Values for all: the ones that are fixed, the rest as M2 has them. */
static int gather(struct errand_nodes *nodes, json_t *sysctls, json_t **wanted,
		  struct err *err)
{
	json_t *names = json_array(), *value;
	const char *name;
	int rc;

	json_object_foreach(sysctls, name, value)
		json_array_append_new(names, json_string(name));
	rc = agent_get_sysctl(nodes->m2, names, wanted, err);
	json_decref(names);
	if (rc)
		return rc;
	json_object_foreach(sysctls, name, value)
		if (json_is_string(value))
			json_object_set(*wanted, name, value);
	json_object_set_new(*wanted, CONGESTION_KEY,
			    json_string(nodes->congestion));
	return 0;
}

static int set_one(struct agent *agent, json_t *wanted, json_t *settings,
		   struct err *err)
{
	const struct agent_hello *hello = agent_get_hello(agent);
	json_t *now = NULL;
	char cpus[16];
	int rc = agent_set_sysctl(agent, wanted, &now, err);

	if (rc)
		return rc;
	snprintf(cpus, sizeof(cpus), "%d", hello->cpus);
	json_object_set_new(now, "kernel", json_string(hello->kernel));
	json_object_set_new(now, "cpus", json_string(cpus));
	json_object_set_new(settings, agent_node(agent), now);
	return 0;
}

int errand_nodes_equalize(struct errand_nodes *nodes, json_t *sysctls,
			  json_t **settings, struct err *err)
{
	json_t *wanted = NULL;
	int rc = choose_congestion(nodes, err);

	*settings = json_object();
	if (!rc)
		rc = gather(nodes, sysctls, &wanted, err);
	for (int i = 0; i < NODES && !rc; i++)
		if (at(nodes, i))
			rc = set_one(at(nodes, i), wanted, *settings, err);
	json_decref(wanted);
	return rc;
}

int errand_nodes_set(struct errand_nodes *nodes, int mtu, int offload,
		     struct err *err)
{
	int rc = 0;

	for (int i = 0; i < NODES && !rc; i++) {
		struct agent_netdev netdev = { .ifname = i ? ERRAND_IFNAME
							   : ERRAND_CABLE,
					       .mtu = mtu,
					       .offload = offload };
		json_t *state = NULL;
		int64_t got = 0;

		if (!at(nodes, i))
			continue;
		rc = agent_set_netdev(at(nodes, i), &netdev, &state, err);
		if (!rc)
			rc = json_get_int(state, "mtu", &got, err);
		if (!rc && got != mtu)
			rc = err_set(err, EIO, "%s %s: MTU is %d, not %d",
				     agent_node(at(nodes, i)), netdev.ifname,
				     (int)got, mtu);
		json_decref(state);
	}
	return rc;
}
