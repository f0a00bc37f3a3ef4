/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/turn.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>

#include "base/clock.h"

static int silence(const struct end *end, const char *what, struct err *err)
{
	return err_set(err, ETIMEDOUT, "%s for %g s", what,
		       (double)end->patience_ns / 1e9);
}

/* A data connection that breaks is a consequence more often than a cause:
 * if the other end said on the baton why, that is the better story. */
static int explain(struct end *end, int rc, struct err *err)
{
	struct err said = ERR_INIT;
	struct baton_message message;

	if (baton_look(&end->baton, &message, &said) >= 0)
		return rc;
	if (err)
		*err = said;
	return -said.code;
}

static int unexpected(const struct baton_message *message, struct err *err)
{
	return err_set(err, EPROTO, "%s of turn %" PRIu32 " came unasked",
		       baton_kind_name(message->kind), message->turn);
}

/* Sets *stopped once STOP of this turn is there. */
static int look_for_stop(struct end *end, const struct turn *turn,
			 bool *stopped, struct err *err)
{
	struct baton_message message;
	int rc = baton_look(&end->baton, &message, err);

	if (rc <= 0)
		return rc;
	if (message.kind != BATON_STOP || message.turn != turn->number)
		return unexpected(&message, err);
	*stopped = true;
	return 0;
}

/*
 * The timer goes off where STOP should have come, and every WAKE_AGAIN_NS
 * from then on: it bounds the silence, and it ends a send() that blocked in
 * the race of wake.h.
 */
static int send_until_stop(struct end *end, const struct turn *turn,
			   struct err *err)
{
	int64_t due_ns = clock_mono_ns() + turn->guard_ns + turn->measure_ns;
	bool stopped = false;
	int rc = 0;

	wake_at(&end->kit->wake, due_ns + WAKE_AGAIN_NS);
	for (;;) {
		wake_clear();
		rc = look_for_stop(end, turn, &stopped, err);
		if (rc || stopped)
			break;
		if (clock_mono_ns() > due_ns + end->patience_ns) {
			rc = silence(end, "STOP is overdue", err);
			break;
		}
		rc = end->ops->send(end, err);
		if (rc) {
			rc = explain(end, rc, err);
			break;
		}
	}
	wake_stop(&end->kit->wake);
	return rc;
}

int turn_send(struct end *end, const struct turn *turn, struct err *err)
{
	struct baton_message message = { .kind = BATON_STOPPED,
					 .turn = turn->number };
	int rc = send_until_stop(end, turn, err);

	if (rc)
		return rc;
	end->ops->flush(end);
	end_tell_end(end, turn->number);
	message.a = end->bytes;
	return baton_say(&end->baton, &message, err);
}

/* Until data or the baton has something, or the deadline is over. */
static int await_either(const struct end *end, int64_t deadline_ns, bool *data,
			struct err *err)
{
	struct pollfd pfd[] = {
		{ .fd = end_data_fd(end), .events = POLLIN },
		{ .fd = end->baton.fd, .events = POLLIN },
	};
	int rc = poll(pfd, 2, clock_poll_ms(deadline_ns));

	if (rc < 0 && errno != EINTR)
		return err_sys(err, errno, "poll");
	*data = rc > 0 && pfd[0].revents;
	return 0;
}

/* While the receiver counts, nothing but an ERROR may come. */
static int look_for_error(struct end *end, struct err *err)
{
	struct baton_message message;
	int rc = baton_look(&end->baton, &message, err);

	return rc > 0 ? unexpected(&message, err) : rc;
}

static int await_data(struct end *end, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + end->patience_ns;
	bool data = false;
	int rc = 0;

	while (!rc && !data) {
		rc = await_either(end, deadline_ns, &data, err);
		if (rc || data)
			break;
		rc = look_for_error(end, err);
		if (!rc && clock_mono_ns() >= deadline_ns)
			rc = silence(end, "no data came", err);
	}
	return rc;
}

struct mark {
	int64_t ns;
	uint64_t bytes;
};

/* Bytes first, clock second, with nothing between: one edge of the window. */
static int receive_until(struct end *end, int64_t edge_ns, struct mark *mark,
			 struct err *err)
{
	int rc;

	wake_at(&end->kit->wake, edge_ns);
	do {
		rc = end->ops->receive(end, err);
		mark->bytes = end->bytes;
		wake_clear();
		mark->ns = clock_mono_ns();
		if (rc)
			return explain(end, rc, err);
		rc = look_for_error(end, err);
	} while (!rc && mark->ns < edge_ns);
	return rc;
}

/* The window in ticks, each shown to the watcher: 1 where he has enough. */
static int receive_ticks(struct end *end, const struct mark *opened,
			 int64_t edge_ns, struct mark *closed, struct err *err)
{
	const struct block_ticks *ticks = &end->ticks;
	int64_t next_ns = opened->ns;
	int rc = 0;

	*closed = *opened;
	while (!rc && closed->ns < edge_ns) {
		struct mark last = *closed;
		struct block_slice tick = { 0 };

		next_ns += ticks->tick_ns;
		if (next_ns > edge_ns)
			next_ns = edge_ns;
		if (next_ns <= last.ns)
			continue; /* a late one took its time, too */
		rc = receive_until(end, next_ns, closed, err);
		if (rc)
			break;
		tick.bytes = (int64_t)(closed->bytes - last.bytes);
		tick.duration_ns = closed->ns - last.ns;
		rc = ticks->on_tick(ticks->arg, &tick, err);
	}
	return rc;
}

static int receive_window(struct end *end, const struct turn *turn,
			  const struct mark *opened, struct mark *closed,
			  struct err *err)
{
	int64_t edge_ns = opened->ns + turn->measure_ns;
	int rc;

	if (!end->ticks.tick_ns || turn->number == 0)
		return receive_until(end, edge_ns, closed, err);
	rc = receive_ticks(end, opened, edge_ns, closed, err);
	return rc < 0 ? rc : 0;
}

static int count_window(struct end *end, const struct turn *turn,
			struct block_slice *slice, struct err *err)
{
	int64_t first_ns = clock_mono_ns();
	struct mark opened, closed;
	int rc = receive_until(end, first_ns + turn->guard_ns, &opened, err);

	if (!rc)
		rc = receive_window(end, turn, &opened, &closed, err);
	wake_stop(&end->kit->wake);
	if (rc)
		return rc;
	slice->idle_ns = end->last_ns ? first_ns - end->last_ns : 0;
	slice->bytes = (int64_t)(closed.bytes - opened.bytes);
	slice->duration_ns = closed.ns - opened.ns;
	return 0;
}

/* What is still to come after STOP. */
struct rest {
	bool known;
	uint64_t bytes; /* the sender's count */
};

static int look_for_stopped(struct end *end, const struct turn *turn,
			    struct rest *rest, struct err *err)
{
	struct baton_message message;
	int rc = baton_look(&end->baton, &message, err);

	if (rc <= 0)
		return rc;
	if (rest->known || message.kind != BATON_STOPPED ||
	    message.turn != turn->number)
		return unexpected(&message, err);
	rest->known = true;
	rest->bytes = message.a;
	return 0;
}

/*
 * Data and baton are read side by side: the sender may be in the midst of a
 * send() that only our reading lets him finish. Patience is with silence, and
 * begins anew with each byte.
 */
static int drain(struct end *end, const struct turn *turn, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + end->patience_ns;
	struct rest rest = { 0 };
	bool data = true;

	for (;;) {
		int rc = data ? end->ops->drain(end, err) : 0;

		if (rc)
			return explain(end, rc, err);
		rc = look_for_stopped(end, turn, &rest, err);
		if (rc)
			return rc;
		if (rest.known && end->bytes >= rest.bytes)
			break;
		if (data)
			deadline_ns = clock_mono_ns() + end->patience_ns;
		else if (clock_mono_ns() >= deadline_ns)
			return silence(end, "the rest did not come", err);
		rc = await_either(end, deadline_ns, &data, err);
		if (rc)
			return rc;
	}
	if (end->bytes == rest.bytes)
		return 0;
	return err_set(err, EPROTO,
		       "%" PRIu64 " bytes came of %" PRIu64 " sent", end->bytes,
		       rest.bytes);
}

int turn_receive(struct end *end, const struct turn *turn,
		 struct block_slice *slice, struct err *err)
{
	const struct baton_message stop = { .kind = BATON_STOP,
					    .turn = turn->number };
	int rc = await_data(end, err);

	if (!rc)
		rc = count_window(end, turn, slice, err);
	if (!rc)
		rc = baton_say(&end->baton, &stop, err);
	if (!rc)
		rc = drain(end, turn, err);
	end->last_ns = clock_mono_ns();
	return rc;
}
