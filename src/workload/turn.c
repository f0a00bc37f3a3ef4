/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/turn.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>

#include "base/clock.h"
#include "workload/datagram.h"
#include "workload/tally.h"

/* Datagrams that have not come so long after the last one are lost. */
#define QUIET_NS (5 * NS_PER_MS)

/* A turn under way: what was said on the baton, and what has to be. */
struct course {
	struct end *end;
	const struct turn *turn;
	bool feeding;	  /* the workers that feed are at work */
	bool closed;	  /* our window is */
	bool at_gate;	  /* GATE_SHUT was told that all of ours are */
	bool said_stop;	  /* the other end knows it */
	bool heard_stop;  /* the other end's is */
	bool rest_known;  /* STOPPED was heard */
	bool drained;	  /* DRAINED was */
	uint64_t rest;	  /* the sender's count */
	int64_t fed_from; /* bytes fed before the turn */
	int64_t begun_ns;
};

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

	if (rc == -EPROTO || baton_look(&end->baton, &message, &said) >= 0)
		return rc;
	if (err)
		*err = said;
	return -said.code;
}

static bool counts(const struct end *end)
{
	return end->counting > 0;
}

static bool feeds(const struct end *end)
{
	return end->counting < end->lanes;
}

static int say(struct end *end, enum baton_kind kind, const struct turn *turn,
	       uint64_t a, struct err *err)
{
	const struct baton_message message = { .kind = kind,
					       .turn = turn->number,
					       .a = a };

	return baton_say(&end->baton, &message, err);
}

/* STOP was heard: nothing more is fed. */
static int stop_feeding(struct course *c, struct err *err)
{
	struct end *end = c->end;
	int rc = 0;

	if (c->feeding)
		rc = crew_stop(end->crew, end, false, err);
	c->feeding = false;
	for (size_t i = 0; i < end->lanes && end->ops->flush; i++)
		if (!end->lane[i].counts)
			end->ops->flush(&end->lane[i]);
	if (c->turn->number) {
		end->fed_ns += clock_mono_ns() - c->begun_ns;
		end->fed_bytes += (int64_t)end_bytes(end, false) - c->fed_from;
	}
	if (rc)
		return rc;
	if (!counts(end))
		end_tell_end(end, c->turn->number);
	return say(end, BATON_STOPPED, c->turn, end_bytes(end, false), err);
}

static int take_in(struct course *c, const struct baton_message *message,
		   struct err *err)
{
	const struct end *end = c->end;

	if (message->turn == c->turn->number) {
		if (message->kind == BATON_STOP && feeds(end) &&
		    !c->heard_stop) {
			c->heard_stop = true;
			return 0;
		}
		if (message->kind == BATON_STOPPED && c->said_stop &&
		    !c->rest_known) {
			c->rest_known = true;
			c->rest = message->a;
			return 0;
		}
		if (message->kind == BATON_DRAINED && end->conducts &&
		    feeds(end) && c->heard_stop && !c->drained) {
			c->drained = true;
			return 0;
		}
	}
	return err_set(err, EPROTO, "%s of turn %" PRIu32 " came unasked",
		       baton_kind_name(message->kind), message->turn);
}

/* Both ends' windows are over, where they have one: the path's other pairs
 * are told, if there are any. */
static void arrive(struct course *c)
{
	struct end *end = c->end;

	if (!end->gate || c->at_gate || (counts(end) && !c->closed) ||
	    (feeds(end) && !c->heard_stop))
		return;
	c->at_gate = true;
	gate_arrive(end->gate, GATE_SHUT);
}

/* No pair stops feeding before all have been measured. */
static bool may_stop(const struct course *c)
{
	return c->heard_stop &&
	       (!c->end->gate || gate_is_passed(c->end->gate, GATE_SHUT, NULL));
}

/* Whatever is on the baton; and what our own workers say, or other pairs. */
static int hear(void *arg, struct err *err)
{
	struct course *c = arg;
	struct baton_message message;
	int rc = baton_look(&c->end->baton, &message, err);

	if (rc > 0)
		rc = take_in(c, &message, err);
	/* its error is told when it is stopped, by who gives up */
	if (!rc && c->end->lanes > 1 && crew_failed(c->end->crew))
		rc = -ECANCELED;
	if (!rc && c->end->gate && gate_is_broken(c->end->gate))
		rc = err_set(err, ECANCELED, "another pair has failed");
	if (rc)
		return rc;
	arrive(c);
	return c->feeding && counts(c->end) && may_stop(c)
		       ? stop_feeding(c, err)
		       : 0;
}

/* STOP is due from the other end, and then from the path's other pairs. */
static int check_patience(const struct course *c, int64_t due_ns,
			  struct err *err)
{
	int64_t late_ns = clock_mono_ns() - due_ns;

	if (late_ns > c->end->patience_ns && !c->heard_stop)
		return silence(c->end, "STOP is overdue", err);
	if (late_ns > 2 * c->end->patience_ns)
		return err_set(err, ECANCELED,
			       "the path's other pairs do not stop");
	return 0;
}

/*
 * The timer goes off where STOP should have come, and every WAKE_AGAIN_NS
 * from then on: it bounds the silence, and it ends a send() that blocked in
 * the race of wake.h.
 */
static int feed(struct course *c, struct err *err)
{
	struct end *end = c->end;
	int64_t due_ns = c->begun_ns + c->turn->guard_ns + c->turn->measure_ns;
	int rc = 0;

	if (end->gate) /* it has no window here that others could wait for */
		gate_arrive(end->gate, GATE_OPEN);
	wake_at(&end->crew->wake, due_ns + WAKE_AGAIN_NS);
	for (;;) {
		wake_clear();
		rc = hear(c, err);
		if (rc || may_stop(c))
			break;
		rc = check_patience(c, due_ns, err);
		if (rc)
			break;
		rc = end->ops->feed(&end->lane[0], err);
		if (rc) {
			rc = explain(end, rc, err);
			break;
		}
	}
	wake_stop(&end->crew->wake);
	return rc ? rc : stop_feeding(c, err);
}

/* Until lane 0's data or the baton has something, or the deadline is over. */
static int await_either(const struct end *end, int64_t deadline_ns, bool *data,
			struct err *err)
{
	struct pollfd pfd[] = {
		{ .fd = lane_data_fd(&end->lane[0]), .events = POLLIN },
		{ .fd = end->baton.fd, .events = POLLIN },
	};
	int rc = poll(pfd, 2, clock_poll_ms(deadline_ns));

	if (rc < 0 && errno != EINTR)
		return err_sys(err, errno, "poll");
	*data = rc > 0 && pfd[0].revents;
	return 0;
}

static int await_data(struct course *c, struct err *err)
{
	struct end *end = c->end;
	int64_t deadline_ns = clock_mono_ns() + end->patience_ns;
	bool data = false;
	int rc = 0;

	while (!rc && !data) {
		rc = await_either(end, deadline_ns, &data, err);
		if (rc || data)
			break;
		rc = hear(c, err);
		if (!rc && clock_mono_ns() >= deadline_ns)
			rc = silence(end, "no data came", err);
	}
	return rc;
}

/*
 * The window in ticks, each shown to the watcher: over all lanes, of which
 * the others are seen as they are when lane 0's mark is made. 1 where he has
 * enough.
 */
static int count_ticks(struct course *c, const struct mark *opened,
		       int64_t edge_ns, struct mark *closed, struct err *err)
{
	struct end *end = c->end;
	const struct block_ticks *ticks = &end->ticks;
	uint64_t bytes = end_bytes(end, true);
	int64_t next_ns = opened->ns;
	int rc = 0;

	*closed = *opened;
	while (!rc && closed->ns < edge_ns) {
		struct block_slice tick = { .duration_ns = -closed->ns };

		next_ns += ticks->tick_ns;
		if (next_ns > edge_ns)
			next_ns = edge_ns;
		if (next_ns <= closed->ns)
			continue; /* a late one took its time, too */
		rc = crew_count_until(&end->lane[0], &end->crew->wake, next_ns,
				      closed, hear, c, err);
		if (rc)
			break;
		tick.bytes = (int64_t)(end_bytes(end, true) - bytes);
		tick.duration_ns += closed->ns;
		bytes += (uint64_t)tick.bytes;
		rc = ticks->on_tick(ticks->arg, &tick, err);
	}
	return rc;
}

static int count_open_window(struct course *c, const struct mark *opened,
			     struct mark *closed, struct err *err)
{
	struct end *end = c->end;
	int64_t edge_ns = opened->ns + c->turn->measure_ns;
	int rc;

	if (!end->ticks.tick_ns || c->turn->number == 0)
		return crew_count_until(&end->lane[0], &end->crew->wake,
					edge_ns, closed, hear, c, err);
	rc = count_ticks(c, opened, edge_ns, closed, err);
	if (rc > 0)
		crew_cut(end->crew, end);
	return rc < 0 ? rc : 0;
}

struct wait {
	struct course *course;
	enum gate_stage stage;
};

static int look_at_gate(void *arg, struct err *err)
{
	const struct wait *wait = arg;
	int rc = hear(wait->course, err);

	return rc ? rc
		  : gate_is_passed(wait->course->end->gate, wait->stage, NULL);
}

/* Lane 0 goes on until all pairs have come to the gate. Who is late gives up
 * first, by a patience that began before ours. */
static int count_until_passed(struct course *c, enum gate_stage stage,
			      struct err *err)
{
	struct end *end = c->end;
	struct wait wait = { .course = c, .stage = stage };
	int64_t deadline_ns = clock_mono_ns() + 2 * end->patience_ns;
	int rc = 0;

	while (!rc && !gate_is_passed(end->gate, stage, NULL)) {
		int64_t now_ns = clock_mono_ns();
		struct mark ignored;

		if (now_ns > deadline_ns)
			return err_set(err, ECANCELED,
				       "the path's other pairs do not come");
		rc = crew_count_until(&end->lane[0], &end->crew->wake,
				      now_ns + WAKE_AGAIN_NS, &ignored,
				      look_at_gate, &wait, err);
	}
	wake_stop(&end->crew->wake);
	return rc ? explain(end, rc, err) : 0;
}

/* A guard after the first data: of all pairs, where there are several. */
static int choose_opening(struct course *c, int64_t *open_ns, struct err *err)
{
	struct gate *gate = c->end->gate;
	int rc = 0;

	*open_ns = clock_mono_ns();
	if (gate) {
		gate_arrive(gate, GATE_OPEN);
		rc = count_until_passed(c, GATE_OPEN, err);
		gate_is_passed(gate, GATE_OPEN, open_ns);
	}
	*open_ns += c->turn->guard_ns;
	return rc;
}

/* Into pieces: what is paced, and may be lost. */
static void cut_slice(const struct course *c, struct lane *lane,
		      int64_t open_ns)
{
	const struct workload_ops *ops = c->end->ops;
	int64_t gap_ns = 0, piece_ns = 0;

	if (ops->lossy && !ops->exchange && c->turn->number)
		gap_ns = datagram_gap_ns(lane->point);
	if (gap_ns)
		piece_ns = loss_piece_ns(c->turn->measure_ns);
	pieces_open(&lane->pieces, open_ns, piece_ns,
		    gap_ns / (int64_t)lane->flows);
}

static int count_window(struct course *c, struct mark marks[2], struct err *err)
{
	struct end *end = c->end;
	struct lane *lane = &end->lane[0];
	struct wake *wake = &end->crew->wake;
	struct window window = { .measure_ns = c->turn->measure_ns };
	int rc = choose_opening(c, &window.open_ns, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < end->counting; i++)
		cut_slice(c, &end->lane[i], window.open_ns);
	crew_start(end->crew, end, true, &window);
	rc = crew_count_until(lane, wake, window.open_ns, &marks[0], hear, c,
			      err);
	lane->measuring = c->turn->number > 0;
	if (!rc)
		rc = count_open_window(c, &marks[0], &marks[1], err);
	lane->measuring = false;
	wake_stop(wake);
	if (rc)
		return explain(end, rc, err);
	c->closed = true;
	arrive(c);
	return end->gate ? count_until_passed(c, GATE_SHUT, err) : 0;
}

/* What lane 0 has asked for is answered; so do the workers, on their own. */
static int settle(struct course *c, struct err *err)
{
	struct end *end = c->end;
	int64_t deadline_ns = clock_mono_ns() + end->patience_ns;
	int rc = 0;

	while (!rc && end->lane[0].busy) {
		bool data;

		rc = await_either(end, deadline_ns, &data, err);
		if (!rc)
			rc = end->ops->drain(&end->lane[0], err);
		if (!rc)
			rc = hear(c, err);
		if (!rc && clock_mono_ns() >= deadline_ns)
			rc = silence(end, "no response came", err);
	}
	return rc ? rc : crew_stop(end->crew, end, true, err);
}

/* Is there nothing more to come? */
static bool is_over(const struct course *c, int64_t quiet_since_ns)
{
	const struct end *end = c->end;

	if (!c->rest_known || (feeds(end) && !c->heard_stop))
		return false;
	return end->ops->exchange || end_bytes(end, true) >= c->rest ||
	       (end->ops->lossy &&
		clock_mono_ns() >= quiet_since_ns + QUIET_NS);
}

/* How long to wait for data or a word: workers' bytes come without either. */
static int64_t next_look_ns(const struct end *end, int64_t deadline_ns)
{
	int64_t soon_ns = clock_mono_ns() + NS_PER_MS;

	if (end->counting > 1 || end->ops->lossy)
		return soon_ns < deadline_ns ? soon_ns : deadline_ns;
	return deadline_ns;
}

/*
 * Data and baton are read side by side: the sender may be in the midst of a
 * send() that only our reading lets him finish. Patience is with silence, and
 * begins anew with each byte.
 */
static int drain(struct course *c, struct err *err)
{
	struct end *end = c->end;
	int64_t heard_ns = clock_mono_ns();
	uint64_t bytes = end_bytes(end, true);
	bool data = true;
	int rc = 0;

	for (;;) {
		rc = data ? end->ops->drain(&end->lane[0], err) : 0;
		if (rc)
			return explain(end, rc, err);
		rc = hear(c, err);
		if (rc || is_over(c, heard_ns))
			break;
		if (end_bytes(end, true) != bytes)
			heard_ns = clock_mono_ns();
		else if (clock_mono_ns() >= heard_ns + end->patience_ns)
			return silence(end, "the rest did not come", err);
		bytes = end_bytes(end, true);
		rc = await_either(
			end, next_look_ns(end, heard_ns + end->patience_ns),
			&data, err);
		if (rc)
			return rc;
	}
	return rc ? rc : crew_stop(end->crew, end, true, err);
}

static int check_rest(const struct course *c, struct err *err)
{
	uint64_t bytes = end_bytes(c->end, true);

	if (c->end->ops->exchange || bytes == c->rest ||
	    (c->end->ops->lossy && bytes < c->rest))
		return 0;
	return err_set(err, EPROTO,
		       "%" PRIu64 " bytes came of %" PRIu64 " sent", bytes,
		       c->rest);
}

static int count(struct course *c, struct block_slice *slice, struct err *err)
{
	struct end *end = c->end;
	struct mark marks[2];
	int64_t first_ns;
	int rc = end->ops->exchange ? 0 : await_data(c, err);

	first_ns = clock_mono_ns();
	if (!rc)
		rc = count_window(c, marks, err);
	if (!rc && end->ops->exchange)
		rc = settle(c, err);
	c->said_stop = true;
	if (!rc)
		rc = say(end, BATON_STOP, c->turn, 0, err);
	if (!rc)
		rc = drain(c, err);
	if (!rc)
		rc = check_rest(c, err);
	if (!rc)
		rc = tally_slice(end, c->turn, marks, slice, err);
	if (rc)
		return rc;
	end->counted_turns += c->turn->number > 0;
	slice->idle_ns = end->last_ns ? first_ns - end->last_ns : 0;
	end->last_ns = clock_mono_ns();
	return 0;
}

/* The follower's DRAINED ends the conductor's turn. */
static int last_word(struct course *c, struct err *err)
{
	struct end *end = c->end;
	struct baton_message message;

	if (!end->conducts) {
		if (!counts(end))
			return 0;
		end_tell_end(end, c->turn->number);
		return say(end, BATON_DRAINED, c->turn, 0, err);
	}
	if (!feeds(end) || c->drained)
		return 0;
	return baton_expect(&end->baton, BATON_DRAINED, c->turn->number,
			    end->patience_ns, &message, err);
}

/* If a worker failed, it has the story. */
static int give_up(struct course *c, int rc, struct err *err)
{
	struct err said = ERR_INIT;
	int cause = crew_abandon(c->end->crew, c->end, &said);

	if (rc != -ECANCELED || !cause)
		return rc;
	if (err)
		*err = said;
	return explain(c->end, cause, err);
}

int turn_take(struct end *end, const struct turn *turn,
	      struct block_slice *slice, struct err *err)
{
	struct course course = {
		.end = end,
		.turn = turn,
		.fed_from = (int64_t)end_bytes(end, false),
		.begun_ns = clock_mono_ns(),
	};
	int rc;

	for (size_t i = 0; i < end->lanes; i++)
		end->lane[i].turn = turn->number;
	if (feeds(end)) {
		crew_start(end->crew, end, false, NULL);
		course.feeding = true;
	}
	rc = counts(end) ? count(&course, slice, err) : feed(&course, err);
	if (!rc)
		rc = last_word(&course, err);
	return rc ? give_up(&course, rc, err) : 0;
}
