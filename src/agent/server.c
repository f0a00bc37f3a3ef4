/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "agent/frame.h"
#include "agent/op.h"
#include "agent/protocol.h"
#include "base/json.h"
#include "base/log.h"

static int op_ping(struct agent_state *state, const json_t *args,
		   json_t **reply, struct err *err)
{
	(void)state;
	(void)args;
	(void)reply;
	(void)err;
	return 0;
}

static int op_quit(struct agent_state *state, const json_t *args,
		   json_t **reply, struct err *err)
{
	(void)args;
	(void)reply;
	(void)err;
	state->quit = true;
	return 0;
}

static const struct op own_ops[] = {
	{ "ping", op_ping },
	{ "quit", op_quit },
	{ NULL, NULL },
};

/* A family, and the right that it takes; 0: it is anybody's. What changes
 * the node asks for its right by itself: reading is free. */
static const struct {
	const struct op *ops;
	unsigned int right;
} families[] = {
	{ own_ops, 0 },
	{ node_ops, 0 },
	{ exec_ops, AGENT_MAY_EXEC },
	{ block_ops, 0 },
};

#define FAMILIES (sizeof(families) / sizeof(families[0]))

static const struct op *find_op(const char *name, unsigned int *right)
{
	for (size_t f = 0; f < FAMILIES; f++)
		for (const struct op *op = families[f].ops; op->name; op++) {
			*right = families[f].right;
			if (strcmp(op->name, name) == 0)
				return op;
		}
	return NULL;
}

static int run_op(struct agent_state *state, const json_t *request,
		  json_t **reply, struct err *err)
{
	const struct op *op;
	unsigned int right;
	const char *name;
	json_t *args;
	int rc = json_get_string(request, "op", &name, err);

	if (!rc)
		rc = json_get_object(request, "args", &args, err);
	if (rc)
		return rc;
	op = find_op(name, &right);
	if (!op)
		return err_set(err, EOPNOTSUPP,
			       "this agent knows no op '%.40s'", name);
	if (right & ~state->rights)
		return err_set(err, EPERM,
			       "this agent runs no commands for others");
	rc = op->run(state, args, reply, err);
	return rc ? err_wrap(err, "%s", name) : 0;
}

/* Steals `fields`, which may be NULL. */
static json_t *refusal(json_t *fields, const struct err *err)
{
	json_t *error = fields ? fields : json_object();
	json_t *text = json_string(err->text);

	json_object_set_new(error, "code", json_integer(err->code));
	json_object_set_new(error, "text",
			    text ? text : json_string("(not UTF-8)"));
	return error;
}

static int answer(int fd, int64_t id, const char *key, json_t *value,
		  struct err *err)
{
	json_t *frame = json_object();
	int rc;

	json_object_set_new(frame, "id", json_integer(id));
	json_object_set_new(frame, key, value);
	rc = frame_write(fd, frame, FRAME_NO_DEADLINE, err);
	json_decref(frame);
	return rc;
}

static int serve_request(struct agent_state *state, int fd,
			 const json_t *request, struct err *err)
{
	struct err why = ERR_INIT;
	json_t *reply = NULL;
	int64_t id = -1;
	int rc = json_get_int(request, "id", &id, &why);

	state->request_id = id;
	if (!rc)
		rc = run_op(state, request, &reply, &why);
	if (rc)
		return answer(fd, id, "error", refusal(reply, &why), err);
	return answer(fd, id, "ok", reply ? reply : json_object(), err);
}

/* 0: go on. -EPIPE: the stream has ended. */
static int serve_frame(struct agent_state *state, struct err *err)
{
	struct err why = ERR_INIT;
	json_t *request;
	int rc = frame_read_limited(state->read_fd, state->frame_max, &request,
				    FRAME_NO_DEADLINE, &why);

	if (rc == -EBADMSG || rc == -EMSGSIZE) {
		log_warn("agent: %s", why.text);
		answer(state->write_fd, -1, "error", refusal(NULL, &why), NULL);
	}
	if (rc == -EBADMSG)
		return 0;
	if (rc) {
		*err = why;
		return rc;
	}
	rc = serve_request(state, state->write_fd, request, err);
	json_decref(request);
	return rc;
}

static void make_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) < 0)
		return; /* no terminal */
	cfmakeraw(&t);
	tcsetattr(fd, TCSANOW, &t);
}

static int say_hello(int fd, struct err *err)
{
	struct utsname u;
	char kernel[sizeof(u.sysname) + sizeof(u.release)];
	json_t *hello;
	int rc;

	if (uname(&u) < 0)
		return err_sys(err, errno, "uname");
	snprintf(kernel, sizeof(kernel), "%s %s", u.sysname, u.release);
	hello = json_pack("{si ss ss sI}", "protocol", AGENT_PROTOCOL,
			  "version", VAZAO_VERSION, "kernel", kernel, "cpus",
			  (json_int_t)sysconf(_SC_NPROCESSORS_ONLN));
	rc = frame_write_bytes(fd, AGENT_MAGIC, strlen(AGENT_MAGIC),
			       FRAME_NO_DEADLINE, err);
	if (!rc)
		rc = frame_write(fd, hello, FRAME_NO_DEADLINE, err);
	json_decref(hello);
	return rc;
}

int agent_serve_as(const struct agent_serve_args *args, struct err *err)
{
	struct agent_state state = {
		.read_fd = args->read_fd,
		.write_fd = args->write_fd,
		.rights = args->rights,
		.keep_addresses = args->keep_addresses,
		.loopback_only = args->loopback_only,
		.from_network = args->from_network,
		.frame_max = args->frame_max ? args->frame_max : FRAME_MAX,
		.restore = args->restore,
	};
	int rc;

	signal(SIGPIPE, SIG_IGN);
	make_raw(state.read_fd);
	make_raw(state.write_fd);
	rc = say_hello(state.write_fd, err);
	while (!rc && !state.quit)
		rc = serve_frame(&state, err);
	op_block_close(&state);
	eye_close(&state.eye);
	return rc == -EPIPE ? 0 : rc;
}

int agent_serve(int read_fd, int write_fd, struct err *err)
{
	const struct agent_serve_args args = {
		.read_fd = read_fd,
		.write_fd = write_fd,
		.rights = AGENT_MAY_CONFIGURE | AGENT_MAY_EXEC,
	};

	return agent_serve_as(&args, err);
}
