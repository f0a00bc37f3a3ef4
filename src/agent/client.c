/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "agent/frame.h"
#include "agent/protocol.h"
#include "base/clock.h"
#include "base/json.h"

/* A request is far smaller than what any stream takes without being read. */
#define POST_TIMEOUT_NS (2 * NS_PER_S)
#define PING_TIMEOUT_NS (2 * NS_PER_S)
#define SET_TIMEOUT_NS	(5 * NS_PER_S)
#define EXEC_TIMEOUT_NS (60 * NS_PER_S)

struct agent {
	char *node;
	int read_fd, write_fd;
	int64_t next_id;
	bool posted; /* a call waits for its answer */
	bool lost;
	struct agent_hello hello;
};

static int lose(struct agent *agent, struct err *err)
{
	agent->lost = true;
	return err_wrap(err, "%s", agent->node);
}

static int take_hello(struct agent *agent, const json_t *json, struct err *err)
{
	struct agent_hello *hello = &agent->hello;
	const char *version, *kernel;
	int64_t protocol, cpus;
	int rc = json_get_int(json, "protocol", &protocol, err);

	if (!rc && protocol != AGENT_PROTOCOL)
		rc = err_set(err, EPROTONOSUPPORT,
			     "the agent speaks protocol %d, vazao %s speaks %d",
			     (int)protocol, VAZAO_VERSION, AGENT_PROTOCOL);
	if (!rc)
		rc = json_get_string(json, "version", &version, err);
	if (!rc)
		rc = json_get_string(json, "kernel", &kernel, err);
	if (!rc)
		rc = json_get_int(json, "cpus", &cpus, err);
	if (rc)
		return rc;
	snprintf(hello->version, sizeof(hello->version), "%s", version);
	snprintf(hello->kernel, sizeof(hello->kernel), "%s", kernel);
	hello->cpus = (int)cpus;
	return 0;
}

static int await_hello(struct agent *agent, int64_t deadline_ns,
		       struct err *err)
{
	char noise[160];
	json_t *json;
	int rc = frame_seek(agent->read_fd, AGENT_MAGIC, deadline_ns, noise,
			    sizeof(noise), err);

	if (rc && noise[0])
		return err_wrap(err, "it last wrote '%s'", noise);
	if (!rc)
		rc = frame_read(agent->read_fd, &json, deadline_ns, err);
	if (rc)
		return rc;
	rc = take_hello(agent, json, err);
	json_decref(json);
	return rc;
}

static void set_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int agent_attach(struct agent **agent, const char *node, int read_fd,
		 int write_fd, int64_t timeout_ns, struct err *err)
{
	struct agent *a = calloc(1, sizeof(*a));
	int rc;

	*agent = NULL;
	if (!a) {
		close(read_fd);
		if (write_fd != read_fd)
			close(write_fd);
		return err_sys(err, ENOMEM, "%s", node);
	}
	a->read_fd = read_fd;
	a->write_fd = write_fd;
	a->node = strdup(node);
	set_nonblocking(read_fd);
	set_nonblocking(write_fd);
	rc = a->node ? await_hello(a, clock_mono_ns() + timeout_ns, err)
		     : err_set(err, ENOMEM, "out of memory");
	if (rc) {
		agent_detach(a);
		return err_wrap(err, "%s", node);
	}
	*agent = a;
	return 0;
}

void agent_detach(struct agent *agent)
{
	if (!agent)
		return;
	close(agent->read_fd);
	if (agent->write_fd != agent->read_fd)
		close(agent->write_fd);
	free(agent->node);
	free(agent);
}

const char *agent_node(const struct agent *agent)
{
	return agent->node;
}

const struct agent_hello *agent_get_hello(const struct agent *agent)
{
	return &agent->hello;
}

bool agent_is_lost(const struct agent *agent)
{
	return agent->lost;
}

int agent_post(struct agent *agent, const char *op, json_t *args,
	       struct err *err)
{
	json_t *frame =
		json_pack("{sI ss so}", "id", (json_int_t)agent->next_id + 1,
			  "op", op, "args", args ? args : json_object());
	int rc;

	if (!frame)
		return err_set(err, EINVAL, "%s: %s is not to be sent",
			       agent->node, op);
	if (agent->lost || agent->posted)
		rc = err_set(err, agent->lost ? EPIPE : EBUSY,
			     agent->lost ? "%s: the agent was lost before"
					 : "%s: the agent is at work",
			     agent->node);
	else
		rc = frame_write(agent->write_fd, frame,
				 clock_mono_ns() + POST_TIMEOUT_NS, err)
			     ? lose(agent, err)
			     : 0;
	json_decref(frame);
	if (rc)
		return rc;
	agent->next_id++;
	agent->posted = true;
	return 0;
}

/* A refusal becomes the error that it tells of. */
static int take_refusal(struct agent *agent, json_t *error, json_t **refusal,
			struct err *err)
{
	const char *text;
	int64_t code;

	if (json_get_int(error, "code", &code, err) ||
	    json_get_string(error, "text", &text, err))
		return lose(agent, err);
	if (refusal)
		*refusal = json_incref(error);
	return err_set(err, code > 0 && code < 4096 ? (int)code : EIO, "%s: %s",
		       agent->node, text);
}

static int take_reply(struct agent *agent, json_t *frame, json_t **reply,
		      json_t **refusal, struct err *err)
{
	json_t *error = json_object_get(frame, "error");
	json_t *ok;
	int64_t id;

	if (json_get_int(frame, "id", &id, err))
		return lose(agent, err);
	if (error && (id == agent->next_id || id == -1))
		return take_refusal(agent, error, refusal, err);
	if (id != agent->next_id || json_get_object(frame, "ok", &ok, err)) {
		err_set(err, EPROTO, "an answer to something else");
		return lose(agent, err);
	}
	if (reply)
		*reply = json_incref(ok);
	return 0;
}

static int may_wait(const struct agent *agent, json_t **reply, json_t **refusal,
		    struct err *err)
{
	if (reply)
		*reply = NULL;
	if (refusal)
		*refusal = NULL;
	if (agent->lost)
		return err_set(err, EPIPE, "%s: the agent was lost before",
			       agent->node);
	if (!agent->posted)
		return err_set(err, EINVAL, "%s: was asked nothing",
			       agent->node);
	return 0;
}

int client_wait_until(struct agent *agent, int64_t deadline_mono_ns,
		      json_t **reply, json_t **refusal, struct err *err)
{
	json_t *frame;
	int rc = may_wait(agent, reply, refusal, err);

	if (rc)
		return rc;
	agent->posted = false;
	if (frame_read(agent->read_fd, &frame, deadline_mono_ns, err))
		return lose(agent, err);
	rc = take_reply(agent, frame, reply, refusal, err);
	json_decref(frame);
	return rc;
}

/*
 * A watched block. The nudge is a ping while the agent is at work: it ends
 * the slice, and is answered after the block.
 */

static int nudge(struct agent *agent, struct err *err)
{
	json_t *frame =
		json_pack("{sI ss s{}}", "id", (json_int_t)agent->next_id + 1,
			  "op", "ping", "args");
	int rc = frame_write(agent->write_fd, frame,
			     clock_mono_ns() + POST_TIMEOUT_NS, err);

	json_decref(frame);
	return rc ? lose(agent, err) : 0;
}

static int take_nudge_reply(struct agent *agent, struct err *err)
{
	agent->next_id++;
	agent->posted = true;
	return agent_wait(agent, PING_TIMEOUT_NS, NULL, err);
}

/* 1: an event, *enough is set where the watcher says so. */
static int take_event(struct agent *agent, const struct agent_watch *watch,
		      const json_t *frame, bool *enough, struct err *err)
{
	json_t *event = json_object_get(frame, "event");
	struct block_slice tick = { 0 };
	json_int_t bytes, duration_ns;

	if (!event)
		return 0;
	if (json_unpack(json_object_get(event, "tick"), "[II]", &bytes,
			&duration_ns) < 0 ||
	    bytes < 0 || duration_ns <= 0) {
		err_set(err, EPROTO, "an event that is no tick");
		return lose(agent, err);
	}
	tick.bytes = bytes;
	tick.duration_ns = duration_ns;
	*enough |= watch->on_tick(watch->arg, &tick) > 0;
	return 1;
}

/* 1 once the agent has something to say; *stop where stop_fd has. */
static int await_agent(const struct agent *agent,
		       const struct agent_watch *watch, int64_t deadline_ns,
		       bool *stop)
{
	struct pollfd pfd[] = {
		{ .fd = agent->read_fd, .events = POLLIN },
		{ .fd = *stop ? -1 : watch->stop_fd, .events = POLLIN },
	};
	int rc = poll(pfd, 2, clock_poll_ms(deadline_ns));

	if (rc < 0 && errno != EINTR)
		return 1; /* reading will tell */
	if (rc > 0 && pfd[1].revents)
		*stop = true;
	return rc == 0 || pfd[0].revents;
}

/* Until a frame that is no event; it is the caller's. */
static int watch_frames(struct agent *agent, const struct agent_watch *watch,
			int64_t deadline_ns, bool *nudged, json_t **frame,
			struct err *err)
{
	bool enough = false;
	int rc = 0;

	*nudged = false;
	while (!rc) {
		if (await_agent(agent, watch, deadline_ns, &enough)) {
			if (frame_read(agent->read_fd, frame, deadline_ns, err))
				return lose(agent, err);
			rc = take_event(agent, watch, *frame, &enough, err);
			if (rc == 0)
				return 0;
			json_decref(*frame);
			rc = rc > 0 ? 0 : rc;
		}
		if (!rc && enough && !*nudged) {
			*nudged = true;
			rc = nudge(agent, err);
		}
	}
	return rc;
}

int client_wait_watching(struct agent *agent, const struct agent_watch *watch,
			 int64_t deadline_mono_ns, json_t **reply,
			 json_t **refusal, struct err *err)
{
	struct err later = ERR_INIT;
	json_t *frame;
	bool nudged;
	int rc = may_wait(agent, reply, refusal, err);

	if (rc)
		return rc;
	agent->posted = false;
	rc = watch_frames(agent, watch, deadline_mono_ns, &nudged, &frame, err);
	if (rc)
		return rc;
	rc = take_reply(agent, frame, reply, refusal, err);
	json_decref(frame);
	if (nudged && !agent->lost)
		take_nudge_reply(agent, &later);
	return rc;
}

int agent_make_token(char token[static 33], struct err *err)
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_sys(err, errno, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

int agent_wait(struct agent *agent, int64_t timeout_ns, json_t **reply,
	       struct err *err)
{
	return client_wait_until(agent, clock_mono_ns() + timeout_ns, reply,
				 NULL, err);
}

int agent_call(struct agent *agent, const char *op, json_t *args,
	       int64_t timeout_ns, json_t **reply, struct err *err)
{
	int rc = agent_post(agent, op, args, err);

	if (reply)
		*reply = NULL;
	return rc ? rc : agent_wait(agent, timeout_ns, reply, err);
}

int agent_ping(struct agent *agent, struct err *err)
{
	return agent_call(agent, "ping", NULL, PING_TIMEOUT_NS, NULL, err);
}

int agent_set_netdev(struct agent *agent, const struct agent_netdev *netdev,
		     json_t **state, struct err *err)
{
	json_t *args = json_pack("{ss}", "ifname", netdev->ifname);

	if (netdev->mtu)
		json_object_set_new(args, "mtu", json_integer(netdev->mtu));
	if (netdev->offload >= 0)
		json_object_set_new(
			args, "offload",
			json_boolean(netdev->offload == OFFLOAD_ON));
	if (netdev->address)
		json_object_set_new(args, "address",
				    json_string(netdev->address));
	return agent_call(agent, "netdev_set", args, SET_TIMEOUT_NS, state,
			  err);
}

static int call_sysctl(struct agent *agent, const char *op, json_t *args,
		       json_t **now, struct err *err)
{
	json_t *reply, *values;
	int rc = agent_call(agent, op, args, SET_TIMEOUT_NS, &reply, err);

	if (rc)
		return rc;
	rc = json_get_object(reply, "values", &values, err);
	if (!rc && now)
		*now = json_incref(values);
	json_decref(reply);
	return rc ? err_wrap(err, "%s", agent->node) : 0;
}

int agent_set_sysctl(struct agent *agent, json_t *wanted, json_t **now,
		     struct err *err)
{
	return call_sysctl(agent, "sysctl_set",
			   json_pack("{sO}", "values", wanted), now, err);
}

int agent_get_sysctl(struct agent *agent, json_t *names, json_t **now,
		     struct err *err)
{
	return call_sysctl(agent, "sysctl_get",
			   json_pack("{sO}", "names", names), now, err);
}

static int take_output(const json_t *reply, char **output, int *status,
		       struct err *err)
{
	const char *text;
	int64_t value;
	int rc = json_get_string(reply, "output", &text, err);

	if (!rc)
		rc = json_get_int(reply, "status", &value, err);
	if (rc)
		return rc;
	*output = strdup(text);
	*status = (int)value;
	return *output ? 0 : err_set(err, ENOMEM, "out of memory");
}

int agent_exec(struct agent *agent, char *const argv[], char **output,
	       int *status, struct err *err)
{
	json_t *words = json_array();
	json_t *reply;
	int rc;

	for (size_t i = 0; argv[i]; i++)
		json_array_append_new(words, json_string(argv[i]));
	rc = agent_call(agent, "exec",
			json_pack("{so sI}", "argv", words, "timeout_ns",
				  (json_int_t)EXEC_TIMEOUT_NS),
			EXEC_TIMEOUT_NS + PING_TIMEOUT_NS, &reply, err);
	if (rc)
		return rc;
	rc = take_output(reply, output, status, err);
	json_decref(reply);
	return rc ? err_wrap(err, "%s", agent->node) : 0;
}
