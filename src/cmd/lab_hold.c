/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/lab_hold.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "cmd/lab_door.h"
#include "lab/cage.h"
#include "lab/lab.h"
#include "lab/nic.h"

#define HELLO_TIMEOUT_NS (20 * NS_PER_S)
#define LOOK_MS		 1000 /* whether the lab shall end */

struct held {
	const struct hold *hold;
	struct lab *lab;
	bool *built;	      /* [plan->paths] */
	struct agent **agent; /* [lab_nodes()]; NULL for namespaces */
	json_t *missing;      /* texts */
	int64_t since_ns;     /* clock_real_ns() */
};

/*
 * Building.
 */

static json_t *pack_error(const struct err *err)
{
	return json_pack("{s:{s:i, s:s}}", "error", "code", err->code, "text",
			 err->text);
}

/* Nobody listens any more where `lab up` was interrupted: -EPIPE. */
static int say(int word, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	ssize_t n = text ? write(word, text, strlen(text)) : -1;

	free(text);
	json_decref(json);
	close(word);
	return n < 0 ? -EPIPE : 0;
}

static void note_failures(struct held *held,
			  const struct lab_path_failure *failure, size_t failed)
{
	for (size_t i = 0; i < held->hold->plan->paths; i++)
		held->built[i] = true;
	for (size_t i = 0; i < failed; i++) {
		held->built[failure[i].path] = false;
		json_array_append_new(held->missing,
				      json_string(failure[i].err.text));
	}
}

static int build(struct held *held, struct err *err)
{
	const struct plan *plan = held->hold->plan;
	struct lab_path_spec *spec = calloc(plan->paths, sizeof(*spec));
	struct lab_path_failure *failure =
		calloc(plan->paths, sizeof(*failure));
	struct lab_args args = {
		.path = spec,
		.paths = plan->paths,
		.split_cpus = plan->placement == PLAN_PLACEMENT_SPLIT,
		.link_bps = plan->link_bps,
		.agent_path = held->hold->agent_path,
		.self_path = held->hold->self_path,
		.pairs = plan_members(plan),
		.host_netns_fd = held->hold->host_netns_fd,
		.nic = plan->nic,
		.nics = plan->nics,
		.nic_keeper_fd = nic_keeper_fd(held->hold->nics)
	};
	size_t failed = 0;
	int rc = -ENOMEM;

	held->built = calloc(plan->paths, sizeof(*held->built));
	if (!spec || !failure || !held->built) {
		err_sys(err, ENOMEM, "the lab");
		goto out;
	}
	for (size_t i = 0; i < plan->paths; i++)
		spec[i] = (struct lab_path_spec){ plan->path[i].name,
						  plan->path[i].kind,
						  plan->path[i].options };
	rc = lab_create(&held->lab, &args, failure, &failed, err);
	if (!rc)
		note_failures(held, failure, failed);
out:
	free(failure);
	free(spec);
	return rc;
}

/* What `lab exec` and a first ping need: the guest's own address. */
static int set_addresses(struct held *held, const struct lab_node *node,
			 struct agent *agent, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < held->hold->plan->paths; i++) {
		const struct lab_end *m1 = lab_path_m1(held->lab, i);
		char address[64];
		struct agent_netdev netdev = { .ifname = m1->ifname,
					       .offload = -1,
					       .address = address };

		if (!held->built[i] || m1->node != node)
			continue;
		snprintf(address, sizeof(address), "%s/%d", m1->address,
			 m1->prefix);
		rc = agent_set_netdev(agent, &netdev, NULL, err);
	}
	return rc;
}

/* Boots the guest, too. */
static int start_guest(struct held *held, size_t index, struct err *err)
{
	struct lab_node *node = lab_node_at(held->lab, index);
	struct lab_channel channel;
	int rc;

	agent_detach(held->agent[index]);
	held->agent[index] = NULL;
	rc = lab_start_agent(held->lab, node, &channel, err);
	if (!rc)
		rc = agent_attach(&held->agent[index], lab_node_name(node),
				  channel.read_fd, channel.write_fd,
				  HELLO_TIMEOUT_NS, err);
	return rc ? rc : set_addresses(held, node, held->agent[index], err);
}

static bool is_guest(const struct lab_node *node)
{
	return lab_node_netns_fd(node) < 0;
}

static int start_guests(struct held *held, struct err *err)
{
	held->agent = calloc(lab_nodes(held->lab), sizeof(struct agent *));
	if (!held->agent)
		return err_sys(err, ENOMEM, "the lab");
	for (size_t i = 0; i < lab_nodes(held->lab); i++) {
		struct err why = ERR_INIT;

		if (is_guest(lab_node_at(held->lab, i)) &&
		    start_guest(held, i, &why))
			json_array_append_new(held->missing,
					      json_string(why.text));
	}
	return 0;
}

/*
 * Answering: list.
 */

static json_t *find_link(const json_t *links, const char *ifname)
{
	json_t *link;
	size_t i;

	json_array_foreach(links, i, link)
		if (!strcmp(json_string_value(json_object_get(link, "ifname")),
			    ifname))
			return link;
	return NULL;
}

static void add_hops(const struct lab_node *node, const json_t *hops,
		     json_t *links)
{
	const char *ifname, *owner;
	json_t *hop;
	size_t i;

	json_array_foreach(hops, i, hop) {
		ifname = json_string_value(json_object_get(hop, "ifname"));
		owner = json_string_value(json_object_get(hop, "node"));
		if (strcmp(owner, lab_node_name(node)) == 0 &&
		    !find_link(links, ifname))
			json_array_append(links, hop);
	}
}

/* A guest's own interface is no hop of the lab: made up from what is known. */
static void add_end(const struct lab_node *node, const struct lab_end *end,
		    json_t *links)
{
	char address[64];
	json_t *link;

	if (end->node != node)
		return;
	link = find_link(links, end->ifname);
	if (!link) {
		link = json_pack("{s:s}", "ifname", end->ifname);
		json_array_append_new(links, link);
	}
	snprintf(address, sizeof(address), "%s/%d", end->address, end->prefix);
	json_object_set_new(link, "address", json_string(address));
}

static json_t *pack_node(const struct held *held, const struct lab_node *node,
			 const json_t *paths)
{
	json_t *links = json_array();
	json_t *path;
	size_t i;

	json_array_foreach(paths, i, path)
		add_hops(node, json_object_get(path, "hops"), links);
	for (i = 0; i < held->hold->plan->paths; i++) {
		if (!held->built[i])
			continue;
		add_end(node, lab_path_m1(held->lab, i), links);
		add_end(node, lab_path_m2(held->lab, i), links);
	}
	return json_pack("{s:s, s:s, s:o}", "node", lab_node_name(node), "kind",
			 lab_node_kind(node), "links", links);
}

static json_t *answer_list(const struct held *held)
{
	json_t *paths = lab_describe(held->lab);
	json_t *nodes = json_array();

	for (size_t i = 0; i < lab_nodes(held->lab); i++)
		json_array_append_new(
			nodes,
			pack_node(held, lab_node_at(held->lab, i), paths));
	json_decref(paths);
	return json_pack("{s:s, s:s, s:I, s:O, s:o}", "lab", held->hold->name,
			 "plan", held->hold->plan->source, "since_ns",
			 (json_int_t)held->since_ns, "missing", held->missing,
			 "nodes", nodes);
}

/*
 * Answering: enter and exec.
 */

static int find_node(const struct held *held, const json_t *request,
		     size_t *index, struct err *err)
{
	char names[256] = "";
	const char *name;
	size_t used = 0;
	int rc = json_get_string(request, "node", &name, err);

	if (rc)
		return rc;
	for (*index = 0; *index < lab_nodes(held->lab); ++*index) {
		const char *one = lab_node_name(lab_node_at(held->lab, *index));

		if (strcmp(name, one) == 0)
			return 0;
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used,
						 sizeof(names) - used, "%s%s",
						 used ? ", " : "", one);
	}
	return err_set(err, ENOENT, "there is no node '%s' (there are: %s)",
		       name, names);
}

static void close_fds(const int *fd, int fds)
{
	for (int i = 0; i < fds; i++)
		close(fd[i]);
}

/* User, PID, mount, network: in the order in which they are entered. */
static int answer_enter(const struct held *held, size_t index,
			int fd[DOOR_FDS_MAX], struct err *err)
{
	static const char *const own[] = { "/proc/self/ns/user",
					   "/proc/self/ns/pid",
					   "/proc/self/ns/mnt" };
	int netns = lab_node_netns_fd(lab_node_at(held->lab, index));

	for (int i = 0; i < 3; i++) {
		fd[i] = open(own[i], O_RDONLY | O_CLOEXEC);
		if (fd[i] < 0) {
			close_fds(fd, i);
			return err_sys(err, errno, "%s", own[i]);
		}
	}
	fd[3] = fcntl(netns, F_DUPFD_CLOEXEC, 0);
	return 0;
}

static char **unpack_argv(const json_t *words)
{
	char **argv = calloc(json_array_size(words) + 1, sizeof(*argv));
	json_t *word;
	size_t i;

	if (argv)
		json_array_foreach(words, i, word)
			argv[i] = (char *)json_string_value(word);
	return argv;
}

static int run_in_guest(struct held *held, size_t index, char **argv,
			json_t **reply, struct err *err)
{
	char *output = NULL;
	int status = 0;
	int rc;

	if (!held->agent[index]) { /* it was lost before */
		rc = start_guest(held, index, err);
		if (rc)
			return rc;
	}
	rc = agent_exec(held->agent[index], argv, &output, &status, err);
	if (rc == -EPIPE || rc == -ETIMEDOUT) {
		agent_detach(held->agent[index]);
		held->agent[index] = NULL;
		err_wrap(err, "the guest is lost; the next command boots it "
			      "anew");
	}
	if (!rc)
		*reply = json_pack("{s:s, s:i}", "output", output, "status",
				   status);
	free(output);
	return rc;
}

static int answer_exec(struct held *held, size_t index, const json_t *request,
		       json_t **reply, struct err *err)
{
	char **argv = unpack_argv(json_object_get(request, "argv"));
	int rc;

	if (!argv || !argv[0])
		rc = err_set(err, EINVAL, "no command");
	else
		rc = run_in_guest(held, index, argv, reply, err);
	free(argv);
	return rc;
}

/* "exec" into a namespace is done by the caller, whose terminal it has: it
 * gets the way in. */
static int answer_for_node(struct held *held, const json_t *request,
			   json_t **reply, int fd[DOOR_FDS_MAX], int *fds,
			   struct err *err)
{
	size_t index;
	int rc = find_node(held, request, &index, err);

	if (rc)
		return rc;
	if (is_guest(lab_node_at(held->lab, index)))
		return answer_exec(held, index, request, reply, err);
	rc = answer_enter(held, index, fd, err);
	if (rc)
		return rc;
	*fds = DOOR_FDS_MAX;
	*reply = json_object();
	return 0;
}

static void answer(struct held *held, int connection)
{
	int fd[DOOR_FDS_MAX], fds = 0;
	struct err err = ERR_INIT;
	json_t *request = NULL, *reply = NULL;
	const char *op = "";
	int rc = door_read(connection, &request, &err);

	if (!rc)
		rc = json_get_string(request, "op", &op, &err);
	if (!rc && strcmp(op, "list") == 0)
		reply = answer_list(held);
	else if (!rc && strcmp(op, "exec") == 0)
		rc = answer_for_node(held, request, &reply, fd, &fds, &err);
	else if (!rc)
		rc = err_set(&err, EPROTO, "'%s' is nothing it does", op);
	if (rc)
		reply = pack_error(&err);
	if (door_answer(connection, reply, fd, fds))
		log_info("lab: a caller left without its answer");
	close_fds(fd, fds);
	json_decref(request);
}

static void serve(struct held *held)
{
	struct pollfd door = { .fd = held->hold->door, .events = POLLIN };

	while (!cage_stop_asked()) {
		int connection;

		if (poll(&door, 1, LOOK_MS) != 1)
			continue;
		connection = accept4(door.fd, NULL, NULL, SOCK_CLOEXEC);
		if (connection < 0)
			continue;
		answer(held, connection);
		close(connection);
	}
}

static void release(struct held *held)
{
	for (size_t i = 0; held->agent && i < lab_nodes(held->lab); i++)
		agent_detach(held->agent[i]);
	free(held->agent);
	lab_destroy(held->lab);
	json_decref(held->missing);
	free(held->built);
}

static int inside(void *arg)
{
	const struct hold *hold = arg;
	struct held held = { .hold = hold,
			     .since_ns = clock_real_ns(),
			     .missing = json_array() };
	struct err err = ERR_INIT;
	int rc = build(&held, &err);

	if (!rc)
		rc = start_guests(&held, &err);
	if (rc)
		say(hold->word, pack_error(&err));
	else if (!say(hold->word, json_pack("{s:O}", "ready", held.missing)))
		serve(&held);
	release(&held);
	return 0;
}

void hold_lab(struct hold *hold)
{
	struct err err = ERR_INIT;
	int status, rc;

	if (listen(hold->door, 16) < 0) {
		err_sys(&err, errno, "the lab's socket");
		say(hold->word, pack_error(&err));
		return;
	}
	rc = hold->plan->nics ? nic_keeper_start(&hold->nics, &err) : 0;
	if (!rc)
		rc = cage_run(inside, hold, &status, &err);
	if (rc && rc != -EINTR)
		say(hold->word, pack_error(&err));
	if (nic_keeper_end(hold->nics, &err))
		log_error("lab: %s", err.text);
}
