/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * op_watch.c - what a block over a network needs beside its ops: events while
 * it runs, and the token of its connections.
 */
#include "agent/op.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "agent/frame.h"
#include "agent/server.h"
#include "base/clock.h"
#include "base/json.h"

/* Below this the telling would be seen in what is measured. */
#define TICK_MIN_NS (10 * NS_PER_MS)
#define TICK_MAX_NS (60 * NS_PER_S)

/* A coordinator who takes nothing for so long has gone. */
#define EVENT_TIMEOUT_NS (5 * NS_PER_S)

static int send_event(const struct agent_state *state,
		      const struct block_slice *tick, struct err *err)
{
	json_t *frame = json_pack(
		"{sI s{s[II]}}", "id", (json_int_t)state->request_id, "event",
		"tick", (json_int_t)tick->bytes, (json_int_t)tick->duration_ns);
	int rc = frame_write(state->write_fd, frame,
			     clock_mono_ns() + EVENT_TIMEOUT_NS, err);

	json_decref(frame);
	return rc;
}

/* A request, or the stream's end: whichever, the slice is over. */
static bool is_spoken_to(const struct agent_state *state)
{
	struct pollfd pfd = { .fd = state->read_fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

static int on_tick(void *arg, const struct block_slice *tick, struct err *err)
{
	const struct agent_state *state = arg;
	int rc = send_event(state, tick, err);

	return rc ? rc : is_spoken_to(state);
}

int op_ticks_init(struct agent_state *state, const json_t *args,
		  struct block_ticks *ticks, struct err *err)
{
	int64_t tick_ns;
	int rc;

	*ticks = (struct block_ticks){ 0 };
	if (!json_object_get(args, "tick_ns"))
		return 0;
	rc = json_get_int(args, "tick_ns", &tick_ns, err);
	if (rc)
		return rc;
	if (tick_ns < TICK_MIN_NS || tick_ns > TICK_MAX_NS)
		return err_set(err, ERANGE,
			       "tick_ns: not within 10 ms to 60 s");
	*ticks = (struct block_ticks){ .tick_ns = tick_ns,
				       .on_tick = on_tick,
				       .arg = state };
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int op_get_token(const json_t *args, uint8_t token[BLOCK_TOKEN_BYTES],
		 bool *given, struct err *err)
{
	const char *text;
	int rc;

	*given = json_object_get(args, "token");
	if (!*given)
		return 0;
	rc = json_get_string(args, "token", &text, err);
	if (rc)
		return rc;
	if (strlen(text) != 2 * BLOCK_TOKEN_BYTES)
		return err_set(err, EINVAL, "token: not %d hex digits",
			       2 * BLOCK_TOKEN_BYTES);
	for (size_t i = 0; i < BLOCK_TOKEN_BYTES; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return err_set(err, EINVAL, "token: not %d hex digits",
				       2 * BLOCK_TOKEN_BYTES);
		token[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* Files by name and other people's processes are for nodes of a lab's own. */
int op_check_observe(const struct agent_state *state, const json_t *wanted,
		     struct err *err)
{
	json_t *paths = json_object_get(wanted, "path"), *path;
	size_t i;

	if (state->rights & AGENT_MAY_CONFIGURE)
		return 0;
	json_array_foreach(paths, i, path) {
		if (json_object_get(path, "hops") ||
		    json_object_get(path, "processes"))
			return err_set(err, EPERM,
				       "this agent observes no hops and no "
				       "processes but its own");
	}
	return 0;
}
