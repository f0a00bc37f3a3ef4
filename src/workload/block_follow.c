/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * block_follow.c - M1's side of a block: connects, and takes the turns that
 * the conductor gives it.
 */
#include "workload/block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "workload/admit.h"
#include "workload/turn.h"

static int connect_to(const struct block_follow_args *args, uint16_t port,
		      const struct sock_args *sock, int64_t deadline_ns,
		      struct err *err)
{
	struct address address = args->address;

	address_set_port(&address, port);
	return sock_connect(&address, sock, deadline_ns, err);
}

static int connect_all(struct end *end, const struct block_follow_args *args,
		       struct err *err)
{
	const struct sock_args plain = { 0 };
	const struct sock_args data = {
		.point = args->point,
		.sends = end->sends,
		.congestion = args->congestion,
	};
	int64_t deadline_ns = clock_mono_ns() + args->timing.patience_ns;
	int fd = connect_to(args, args->baton_port, &plain, deadline_ns, err);
	int rc = fd < 0 ? fd : baton_open(&end->baton, fd, err);

	if (!rc)
		rc = admit_show(fd, args->token, err);
	if (!rc)
		rc = wake_on_data(fd, err);
	while (!rc && end->flows < end->flows_max) {
		fd = connect_to(args, args->data_port, &data, deadline_ns, err);
		rc = fd < 0 ? fd : end_add_flow(end, fd, err);
		if (!rc)
			rc = admit_show(fd, args->token, err);
	}
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

static int receive_turn(struct end *end, const struct turn *turn,
			struct block_result *result, struct err *err)
{
	const struct baton_message drained = { .kind = BATON_DRAINED,
					       .turn = turn->number };
	struct block_slice slice = { 0 };
	int rc = turn_receive(end, turn, &slice, err);

	if (!rc)
		rc = add_slice(result, turn->number, err);
	if (rc)
		return rc;
	if (turn->number)
		result->slice[turn->number - 1] = slice;
	end_tell_end(end, turn->number);
	return baton_say(&end->baton, &drained, err);
}

static int take_turn(struct end *end, const struct baton_message *go,
		     struct block_result *result, struct err *err)
{
	const struct turn turn = {
		.number = go->turn,
		.guard_ns = (int64_t)go->a,
		.measure_ns = (int64_t)go->b,
	};
	int rc;

	end_tell_begin(end, turn.number);
	rc = end->sends ? turn_send(end, &turn, err)
			: receive_turn(end, &turn, result, err);
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

int block_follow(const struct block_follow_args *args,
		 struct block_result *result, struct err *err)
{
	bool sends = end_follower_sends(args->point);
	struct end end = { 0 };
	struct kit kit;
	int rc;

	memset(result, 0, sizeof(*result));
	rc = kit_open(&kit, args->point, sends, err);
	if (rc)
		return rc;
	rc = end_init(&end, args->point, sends, err);
	end.kit = &kit;
	end.patience_ns = args->timing.patience_ns;
	end.watch = args->watch;
	end.ticks = args->ticks;
	if (!rc)
		rc = connect_all(&end, args, err);
	if (!rc)
		rc = take_turns(&end, args->turn_wait_ns, result, err);
	if (rc)
		give_up(&end, -rc);
	end_close(&end, false);
	kit_close(&kit);
	return rc;
}

void block_result_free(struct block_result *result)
{
	free(result->slice);
	memset(result, 0, sizeof(*result));
}
