/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * block_follow.c - M1's side of a block: connects, and takes the turns that
 * the conductor gives it.
 */
#include "workload/block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "workload/admit.h"
#include "workload/datagram.h"
#include "workload/place.h"
#include "workload/turn.h"

static int connect_baton(struct end *end, const struct block_follow_args *args,
			 int64_t deadline_ns, struct err *err)
{
	const struct sock_args plain = { 0 };
	struct address address = args->address;
	int fd, rc;

	address_set_port(&address, args->baton_port);
	fd = sock_connect(&address, &plain, deadline_ns, err);
	rc = fd < 0 ? fd : baton_open(&end->baton, fd, err);
	if (!rc)
		rc = admit_show(fd, end->token, err);
	return rc ? rc : wake_on_data(fd, err);
}

static int connect_flow(struct end *end, int64_t deadline_ns, struct err *err)
{
	int fd;

	if (workload_of(end->sock.point)->type == SOCK_DGRAM)
		return datagram_connect(
			&(struct datagram_knock){ .at = &end->peer,
						  .args = &end->sock,
						  .token = end->token },
			deadline_ns, err);
	fd = sock_connect(&end->peer, &end->sock, deadline_ns, err);
	if (fd < 0 || !admit_show(fd, end->token, err))
		return fd;
	close(fd);
	return -err->code;
}

static int connect_all(struct end *end, const struct block_follow_args *args,
		       struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + args->timing.patience_ns;
	int rc = connect_baton(end, args, deadline_ns, err);

	end->peer = args->address;
	if (!rc)
		rc = place_find(args->data_address, &end->peer, err);
	address_set_port(&end->peer, args->data_port);
	while (!rc && end->flows < end_connections(end)) {
		int fd = connect_flow(end, deadline_ns, err);

		rc = fd < 0 ? fd : end_add_flow(end, fd, err);
	}
	/* who asks by crr connects for itself */
	if (end->ops->connects)
		end->flows = end->flows_max;
	return rc;
}

/* Room for the slice of this turn; turns come in order, 1, 2, ... */
static int add_slice(struct block_result *result, uint32_t turn,
		     struct err *err)
{
	struct block_slice *grown;

	if (turn == 0)
		return 0;
	if (turn != result->slices + 1)
		return err_set(err, EPROTO, "turn %u after turn %zu", turn,
			       result->slices);
	grown = reallocarray(result->slice, turn, sizeof(*grown));
	if (!grown)
		return err_sys(err, ENOMEM, "%u slices", turn);
	result->slice = grown;
	result->slices = turn;
	return 0;
}

static int take_turn(struct end *end, const struct baton_message *go,
		     struct block_result *result, struct err *err)
{
	const struct turn turn = {
		.number = go->turn,
		.guard_ns = (int64_t)go->a,
		.measure_ns = (int64_t)go->b,
	};
	struct block_slice slice = { 0 };
	int rc = end->counting ? add_slice(result, turn.number, err) : 0;

	end_tell_begin(end, turn.number);
	if (!rc)
		rc = turn_take(end, &turn, &slice, err);
	if (!rc && end->counting && turn.number)
		result->slice[turn.number - 1] = slice;
	return rc ? err_wrap(err, "turn %u", go->turn) : 0;
}

static int take_turns(struct end *end, int64_t turn_wait_ns,
		      struct block_result *result, struct err *err)
{
	const struct baton_message over = { .kind = BATON_END };
	struct baton_message message;
	int rc;

	for (;;) {
		rc = baton_wait(&end->baton, turn_wait_ns, &message, err);

		if (rc < 0)
			return err_wrap(err, "waiting for a turn");
		if (message.kind == BATON_END)
			break;
		if (message.kind != BATON_GO)
			return err_set(err, EPROTO, "%s where GO was due",
				       baton_kind_name(message.kind));
		rc = take_turn(end, &message, result, err);
		if (rc)
			return rc;
	}
	/* read before END is answered: then the conductor resets */
	end_tell_over(end);
	rc = end_report(end, result, err);
	if (rc)
		return rc;
	return baton_say(&end->baton, &over, err);
}

static void give_up(struct end *end, int code)
{
	const struct baton_message error = { .kind = BATON_ERROR,
					     .a = (uint64_t)code };

	if (end->baton.fd >= 0)
		baton_say(&end->baton, &error, NULL);
}

static int follow(struct end *end, const struct block_follow_args *args,
		  struct block_result *result, struct err *err)
{
	struct crew crew;
	int rc = crew_open(&crew,
			   &(struct crew_args){ .point = args->point,
						.lanes = end->lanes,
						.counting = end->counting },
			   err);

	if (rc)
		return rc;
	rc = connect_all(end, args, err);
	if (!rc)
		rc = end_join_crew(end, &crew, err);
	if (!rc)
		rc = take_turns(end, args->turn_wait_ns, result, err);
	if (rc)
		give_up(end, -rc);
	crew_close(&crew);
	return rc;
}

int block_follow(const struct block_follow_args *args,
		 struct block_result *result, struct err *err)
{
	const struct end_args end_args = {
		.point = args->point,
		.congestion = args->congestion,
		.patience_ns = args->timing.patience_ns,
	};
	struct end end = { 0 };
	int rc;

	memset(result, 0, sizeof(*result));
	rc = end_init(&end, &end_args, err);
	end.watch = args->watch;
	end.ticks = args->ticks;
	end.token = args->token;
	if (!rc)
		rc = follow(&end, args, result, err);
	end_close(&end, false);
	return rc;
}

void block_result_free(struct block_result *result)
{
	free(result->slice);
	free(result->latency);
	free(result->track);
	memset(result, 0, sizeof(*result));
}
