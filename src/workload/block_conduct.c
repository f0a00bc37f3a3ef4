/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * block_conduct.c - M2's side of a block: listens, gives the turns, counts
 * where it receives.
 */
#include "workload/block.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "workload/admit.h"
#include "workload/datagram.h"
#include "workload/place.h"
#include "workload/turn.h"

/* One path's listeners, and its end once accepted. */
struct block_conductor {
	int data_listener, baton_listener;
	bool has_token;
	uint8_t token[BLOCK_TOKEN_BYTES];
	int64_t strangers;
	struct point point;
	char congestion[16];
	struct place place;
	struct end end;
	uint32_t turns;	 /* given so far, the warm-up not counted */
	int64_t held_ns; /* time in which this path had the turn */
};

/* What a turn costs beside guard and measure: two round trips and the rest
 * of the data. Generous; for block_longest_ns() alone. */
#define TURN_EXTRA_NS (20 * NS_PER_MS)

int64_t block_longest_ns(const struct block_timing *timing, size_t paths,
			 size_t slices)
{
	int64_t warmup_ns = timing->warmup_ns + TURN_EXTRA_NS;
	int64_t slice_ns = timing->guard_ns + timing->slice_ns + TURN_EXTRA_NS;

	return 2 * ((int64_t)paths * warmup_ns + (int64_t)slices * slice_ns) +
	       timing->patience_ns;
}

static int listen_one(struct address *at, int backlog,
		      const struct sock_args *args, uint16_t *port,
		      struct err *err)
{
	int fd = sock_listen(at, backlog, args, err);

	*port = fd < 0 ? 0 : address_get_port(at);
	return fd;
}

static int listen_both(struct block_conductor *c,
		       const struct block_listen_args *args,
		       uint16_t *data_port, uint16_t *baton_port,
		       struct err *err)
{
	const struct sock_args plain = { 0 };
	struct address baton = args->address, data = args->address;
	int rc = place_choose(&c->place, args->point, args->data_address, &data,
			      err);

	if (rc)
		return rc;
	c->baton_listener = listen_one(&baton, 1, &plain, baton_port, err);
	if (c->baton_listener < 0)
		return c->baton_listener;
	c->data_listener =
		listen_one(&data, SOMAXCONN, &c->end.sock, data_port, err);
	return c->data_listener < 0 ? c->data_listener : 0;
}

int block_listen(struct block_conductor **conductor,
		 const struct block_listen_args *args, uint16_t *data_port,
		 uint16_t *baton_port, struct err *err)
{
	struct block_conductor *c = calloc(1, sizeof(*c));
	int rc;

	*conductor = NULL;
	if (!c)
		return err_sys(err, ENOMEM, "a conductor");
	c->data_listener = c->baton_listener = -1;
	c->has_token = args->token;
	if (args->token)
		memcpy(c->token, args->token, sizeof(c->token));
	c->point = *args->point;
	snprintf(c->congestion, sizeof(c->congestion), "%s",
		 args->congestion ? args->congestion : "");
	rc = end_init(&c->end,
		      &(struct end_args){ .point = &c->point,
					  .conducts = true,
					  .congestion = args->congestion
								? c->congestion
								: NULL },
		      err);
	if (!rc)
		rc = listen_both(c, args, data_port, baton_port, err);
	if (rc)
		block_conductor_free(c);
	else
		*conductor = c;
	return rc;
}

static void close_listener(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void block_conductor_free(struct block_conductor *conductor)
{
	if (!conductor)
		return;
	close_listener(&conductor->data_listener);
	close_listener(&conductor->baton_listener);
	end_close(&conductor->end, false);
	place_leave(&conductor->place);
	free(conductor);
}

static int accept_baton(struct block_conductor *c, int64_t deadline_ns,
			struct err *err)
{
	struct admission admission;
	int rc, fd;

	admit_open(&admission, c->baton_listener,
		   c->has_token ? c->token : NULL);
	fd = admit_next(&admission, deadline_ns, err);
	rc = fd < 0 ? fd : baton_open(&c->end.baton, fd, err);
	if (!rc)
		rc = wake_on_data(fd, err);
	admit_close(&admission);
	c->strangers += admission.strangers;
	return rc;
}

static int accept_flow(struct block_conductor *c, struct admission *admission,
		       int64_t deadline_ns, struct err *err)
{
	const struct datagram_door door = {
		.listener_fd = c->data_listener,
		.args = &c->end.sock,
		.token = admission->token,
		.flow = c->end.flow,
		.flows = c->end.flows,
	};

	if (workload_of(&c->point)->type == SOCK_DGRAM)
		return datagram_accept(&door, deadline_ns, err);
	return admit_next(admission, deadline_ns, err);
}

/* Who answers crr accepts for itself. */
static int share_listener(struct block_conductor *c, struct err *err)
{
	struct end *end = &c->end;
	int rc = 0;

	while (!rc && end->flows < end->flows_max) {
		int fd = fcntl(c->data_listener, F_DUPFD_CLOEXEC, 0);

		rc = fd < 0 ? err_sys(err, errno, "a listener")
			    : end_add_flow(end, fd, err);
	}
	return rc;
}

static int accept_flows(struct block_conductor *c, int64_t deadline_ns,
			struct err *err)
{
	struct end *end = &c->end;
	struct admission admission;
	int rc = 0;

	admit_open(&admission, c->data_listener,
		   c->has_token ? c->token : NULL);
	while (!rc && end->flows < end_connections(end)) {
		int fd = accept_flow(c, &admission, deadline_ns, err);

		rc = fd < 0 ? fd : end_add_flow(end, fd, err);
	}
	if (!rc && end->ops->connects)
		rc = share_listener(c, err);
	admit_close(&admission);
	c->strangers += admission.strangers;
	return rc;
}

static int accept_all(struct block_conductor *c, int64_t deadline_ns,
		      struct err *err)
{
	int rc = accept_baton(c, deadline_ns, err);

	if (!rc)
		rc = accept_flows(c, deadline_ns, err);
	close_listener(&c->data_listener);
	close_listener(&c->baton_listener);
	return rc;
}

/* *slice stays as it is where the follower alone counts. */
static int give_turn(struct block_conductor *c, const struct turn *turn,
		     struct block_slice *slice, struct err *err)
{
	const struct baton_message go = {
		.kind = BATON_GO,
		.turn = turn->number,
		.a = (uint64_t)turn->guard_ns,
		.b = (uint64_t)turn->measure_ns,
	};
	int64_t begun_ns = clock_mono_ns();
	int rc = baton_say(&c->end.baton, &go, err);

	if (!rc)
		rc = turn_take(&c->end, turn, slice, err);
	c->held_ns += clock_mono_ns() - begun_ns;
	return rc ? err_wrap(err, "turn %u", turn->number) : 0;
}

/* A turn that counts, its watcher told of both edges. */
static int watch_turn(const struct block_conduct_args *args, size_t path,
		      const struct turn *turn, struct block_slice *slice,
		      struct err *err)
{
	struct block_conductor *c = args->path[path];
	const struct block_watch *watch = args->watch;
	int rc;

	if (watch)
		watch->turn_begins(watch->arg, path, &c->end);
	rc = give_turn(c, turn, slice, err);
	if (watch && !rc)
		watch->turn_ends(watch->arg, path, &c->end);
	return rc;
}

static int say_goodbye(struct block_conductor *c, struct block_result *result,
		       struct err *err)
{
	const struct baton_message over = { .kind = BATON_END };
	struct baton_message answer;
	int rc = end_report(&c->end, result, err);

	result->strangers = c->strangers;
	if (!rc)
		rc = baton_say(&c->end.baton, &over, err);
	if (!rc)
		rc = baton_expect(&c->end.baton, BATON_END, 0,
				  c->end.patience_ns, &answer, err);
	if (!rc)
		end_close(&c->end, true);
	return rc;
}

static int blame(const struct block_conduct_args *args, size_t path,
		 struct err *err)
{
	*args->failed_path = (int)path;
	return err_wrap(err, "path %s", args->path_name[path]);
}

static int open_paths(const struct block_conduct_args *args, struct crew *crew,
		      struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + args->timing.patience_ns;

	for (size_t p = 0; p < args->paths; p++) {
		struct block_conductor *c = args->path[p];

		end_set_patience(&c->end, args->timing.patience_ns);
		c->end.ticks = args->ticks;
		c->end.token = c->has_token ? c->token : NULL;
		if (accept_all(c, deadline_ns, err) ||
		    end_join_crew(&c->end, crew, err))
			return blame(args, p, err);
	}
	return 0;
}

static int warm_up(const struct block_conduct_args *args, struct err *err)
{
	const struct turn turn = { .measure_ns = args->timing.warmup_ns };
	struct block_slice discarded;

	for (size_t p = 0; p < args->paths; p++)
		if (give_turn(args->path[p], &turn, &discarded, err))
			return blame(args, p, err);
	return 0;
}

/* Slow is not silent: nobody broke his patience, yet it takes too long. */
static int too_long(const struct block_conduct_args *args, struct err *err)
{
	size_t slowest = 0;

	for (size_t p = 1; p < args->paths; p++)
		if (args->path[p]->held_ns > args->path[slowest]->held_ns)
			slowest = p;
	err_set(err, ETIMEDOUT,
		"too slow: it held the turn for %.3g s of a block's %.3g s",
		(double)args->path[slowest]->held_ns / 1e9,
		(double)block_longest_ns(&args->timing, args->paths,
					 args->slices) /
			1e9);
	return blame(args, slowest, err);
}

static int conduct_slices(const struct block_conduct_args *args,
			  int64_t deadline_ns, struct block_result *results,
			  struct err *err)
{
	struct turn turn = { .guard_ns = args->timing.guard_ns,
			     .measure_ns = args->timing.slice_ns };

	for (size_t s = 0; s < args->slices; s++) {
		size_t p = (size_t)args->order[s];
		struct block_conductor *c = args->path[p];
		struct block_slice slice = { 0 };

		if (clock_mono_ns() > deadline_ns)
			return too_long(args, err);
		turn.number = ++c->turns;
		if (watch_turn(args, p, &turn, &slice, err))
			return blame(args, p, err);
		if (c->end.counting)
			results[p].slice[results[p].slices++] = slice;
	}
	return 0;
}

static int close_paths(const struct block_conduct_args *args,
		       struct block_result *results, struct err *err)
{
	for (size_t p = 0; p < args->paths; p++)
		if (say_goodbye(args->path[p], &results[p], err))
			return blame(args, p, err);
	return 0;
}

/* The paths that are well shall not wait for what will not come. */
static void give_up(const struct block_conduct_args *args, int code)
{
	const struct baton_message error = { .kind = BATON_ERROR,
					     .a = (uint64_t)code };

	for (size_t p = 0; p < args->paths; p++) {
		struct end *end = &args->path[p]->end;

		if (end->ops && end->baton.fd >= 0)
			baton_say(&end->baton, &error, NULL);
		end_close(end, false);
	}
}

static int check(const struct block_conduct_args *args,
		 struct block_result *results, struct err *err)
{
	if (args->paths < 1 || args->paths > BLOCK_MAX_PATHS)
		return err_set(err, EINVAL, "%zu paths where 1 to %d can be",
			       args->paths, BLOCK_MAX_PATHS);
	for (size_t s = 0; s < args->slices; s++)
		if (args->order[s] < 0 || (size_t)args->order[s] >= args->paths)
			return err_set(err, EINVAL, "slice %zu on no path: %d",
				       s, args->order[s]);
	for (size_t p = 0; p < args->paths; p++) {
		results[p].slice =
			calloc(args->slices + 1, sizeof(*results[p].slice));
		if (!results[p].slice)
			return err_sys(err, ENOMEM, "%zu slices", args->slices);
	}
	return 0;
}

int block_conduct(const struct block_conduct_args *args,
		  struct block_result *results, struct err *err)
{
	int64_t deadline_ns =
		clock_mono_ns() +
		block_longest_ns(&args->timing, args->paths, args->slices);
	struct crew crew;
	int rc;

	*args->failed_path = -1;
	rc = check(args, results, err);
	if (rc)
		return rc;
	rc = crew_open(
		&crew,
		&(struct crew_args){ .point = args->point,
				     .lanes = args->path[0]->end.lanes,
				     .counting = args->path[0]->end.counting },
		err);
	if (rc)
		return rc;
	rc = open_paths(args, &crew, err);
	if (!rc)
		rc = warm_up(args, err);
	if (!rc)
		rc = conduct_slices(args, deadline_ns, results, err);
	if (!rc)
		rc = close_paths(args, results, err);
	if (rc)
		give_up(args, -rc);
	crew_close(&crew);
	return rc;
}
