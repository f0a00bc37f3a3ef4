/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * block_conduct.c - M2's side of a block: gives the turns, counts where it
 * receives.
 */
#include "workload/block.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "workload/conductor.h"
#include "workload/group.h"
#include "workload/turn.h"

/* One path of a block under way. */
struct lead {
	struct block_conductor **member; /* [members] */
	size_t first, members;		 /* index of its first */
	struct group *group;		 /* NULL: one member */
	uint32_t turns;			 /* given, the warm-up not counted */
	int64_t held_ns;		 /* in which it had the turn */
};

/* A block under way. */
struct conduct {
	const struct block_conduct_args *args;
	struct block_result *results; /* a member each */
	struct crew crew;	      /* of the paths with one member */
	struct lead path[BLOCK_MAX_PATHS];
	size_t members;
	int64_t deadline_ns;
	const struct end **ends; /* room for the watcher */
};

/* What all members of one path do at the same time. */
struct task {
	struct conduct *conduct;
	struct lead *lead;
	int64_t deadline_ns;
	const struct turn *turn;
	struct block_slice *slice; /* [members] */
};

/* No block is given longer; keeps sums of it and a clock far from overflow. */
#define LONGEST_NS (365 * 86400 * NS_PER_S)

/* What a turn costs beside guard and measure: two round trips and the rest
 * of the data. Generous; for block_longest_ns() alone. */
#define TURN_EXTRA_NS (20 * NS_PER_MS)

int64_t block_longest_ns(const struct block_timing *timing, size_t paths,
			 size_t slices, size_t members)
{
	/* pairs take each their part of the same CPUs */
	int64_t extra_ns = TURN_EXTRA_NS * (int64_t)((members - paths) / paths);
	int64_t warmup_ns = timing->warmup_ns + TURN_EXTRA_NS + extra_ns;
	int64_t slice_ns =
		timing->guard_ns + timing->slice_ns + TURN_EXTRA_NS + extra_ns;
	double longest_ns = 2 * ((double)paths * (double)warmup_ns +
				 (double)slices * (double)slice_ns) +
			    (double)timing->patience_ns;

	/* exact below 2^53 ns, a hundred days */
	return longest_ns < (double)LONGEST_NS ? (int64_t)longest_ns
					       : LONGEST_NS;
}

static int say_go(struct block_conductor *c, const struct turn *turn,
		  struct err *err)
{
	const struct baton_message go = {
		.kind = BATON_GO,
		.turn = turn->number,
		.a = (uint64_t)turn->guard_ns,
		.b = (uint64_t)turn->measure_ns,
	};

	return baton_say(&c->end.baton, &go, err);
}

static int blame(const struct conduct *conduct, size_t member, struct err *err)
{
	*conduct->args->failed_path = (int)member;
	return err_wrap(err, "path %s", conduct->args->path_name[member]);
}

/* All members of a path at the same time. */
static int run_all(struct lead *lead, group_task *task, struct task *arg,
		   struct err *err)
{
	size_t failed = 0;
	int rc;

	if (!lead->group) {
		rc = task(arg, 0, err);
	} else {
		gate_reset(group_gate(lead->group));
		rc = group_run(lead->group, task, arg, &failed, err);
	}
	return rc ? blame(arg->conduct, lead->first + failed, err) : 0;
}

/*
 * Opening.
 */

static int open_crew(struct block_conductor *c, struct err *err)
{
	int rc = crew_open(&c->crew,
			   &(struct crew_args){ .point = &c->point,
						.lanes = c->end.lanes,
						.counting = c->end.counting },
			   err);

	c->has_crew = !rc;
	return rc;
}

static int open_member(void *arg, size_t member, struct err *err)
{
	const struct task *task = arg;
	struct lead *lead = task->lead;
	struct block_conductor *c = lead->member[member];
	const struct block_conduct_args *args = task->conduct->args;
	struct crew *crew = &task->conduct->crew;
	int rc = 0;

	end_set_patience(&c->end, args->timing.patience_ns);
	c->end.token = c->has_token ? c->token : NULL;
	if (lead->group) {
		rc = open_crew(c, err);
		crew = &c->crew;
		c->end.gate = group_gate(lead->group);
	} else {
		c->end.ticks = args->ticks;
	}
	if (!rc)
		rc = conductor_accept(c, task->deadline_ns, err);
	return rc ? rc : end_join_crew(&c->end, crew, err);
}

static int open_paths(struct conduct *conduct, struct err *err)
{
	const struct block_conduct_args *args = conduct->args;
	struct task task = { .conduct = conduct,
			     .deadline_ns = clock_mono_ns() +
					    args->timing.patience_ns };
	int rc = 0;

	for (size_t p = 0; p < args->paths && !rc; p++) {
		task.lead = &conduct->path[p];
		rc = run_all(task.lead, open_member, &task, err);
	}
	return rc;
}

/*
 * Turns.
 */

/* *slice stays as it is where the follower alone counts. */
static int take_turn(void *arg, size_t member, struct err *err)
{
	const struct task *task = arg;
	int rc = turn_take(&task->lead->member[member]->end, task->turn,
			   &task->slice[member], err);

	return rc ? err_wrap(err, "turn %u", task->turn->number) : 0;
}

/* slice: [members]. GO is said to all before anybody's turn begins. */
static int give_turn(struct conduct *conduct, struct lead *lead,
		     const struct turn *turn, struct block_slice *slice,
		     struct err *err)
{
	struct task task = {
		.conduct = conduct, .lead = lead, .turn = turn, .slice = slice
	};
	int64_t begun_ns = clock_mono_ns();
	int rc = 0;

	for (size_t i = 0; i < lead->members; i++)
		if (say_go(lead->member[i], turn, err))
			return blame(conduct, lead->first + i, err);
	rc = run_all(lead, take_turn, &task, err);
	lead->held_ns += clock_mono_ns() - begun_ns;
	return rc;
}

/* A turn that counts, its watcher told of both edges. */
static int watch_turn(struct conduct *conduct, size_t path,
		      const struct turn *turn, struct block_slice *slice,
		      struct err *err)
{
	struct lead *lead = &conduct->path[path];
	const struct block_watch *watch = conduct->args->watch;
	int rc;

	for (size_t i = 0; i < lead->members; i++)
		conduct->ends[i] = &lead->member[i]->end;
	if (watch)
		watch->turn_begins(watch->arg, path, conduct->ends,
				   lead->members);
	rc = give_turn(conduct, lead, turn, slice, err);
	if (watch && !rc)
		watch->turn_ends(watch->arg, path, conduct->ends,
				 lead->members);
	return rc;
}

static int warm_up(struct conduct *conduct, struct err *err)
{
	const struct block_conduct_args *args = conduct->args;
	const struct turn turn = { .measure_ns = args->timing.warmup_ns };
	struct block_slice discarded[PAIRS_MAX + 1];
	int rc = 0;

	for (size_t p = 0; p < args->paths && !rc; p++)
		rc = give_turn(conduct, &conduct->path[p], &turn, discarded,
			       err);
	return rc;
}

/* Slow is not silent: nobody broke his patience, yet it takes too long. */
static int too_long(const struct conduct *conduct, struct err *err)
{
	const struct block_conduct_args *args = conduct->args;
	const struct lead *slowest = &conduct->path[0];

	for (size_t p = 1; p < args->paths; p++)
		if (conduct->path[p].held_ns > slowest->held_ns)
			slowest = &conduct->path[p];
	err_set(err, ETIMEDOUT,
		"too slow: it held the turn for %.3g s of a block's %.3g s",
		(double)slowest->held_ns / 1e9,
		(double)block_longest_ns(&args->timing, args->paths,
					 args->slices, conduct->members) /
			1e9);
	return blame(conduct, slowest->first, err);
}

static void keep_slices(struct conduct *conduct, const struct lead *lead,
			const struct block_slice *slice)
{
	for (size_t i = 0; i < lead->members; i++) {
		struct block_result *r = &conduct->results[lead->first + i];

		if (lead->member[i]->end.counting)
			r->slice[r->slices++] = slice[i];
	}
}

static int conduct_slices(struct conduct *conduct, struct err *err)
{
	const struct block_conduct_args *args = conduct->args;
	struct turn turn = { .guard_ns = args->timing.guard_ns,
			     .measure_ns = args->timing.slice_ns };

	for (size_t s = 0; s < args->slices; s++) {
		struct lead *lead = &conduct->path[args->order[s]];
		struct block_slice slice[PAIRS_MAX + 1] = { 0 };
		int rc;

		if (clock_mono_ns() > conduct->deadline_ns)
			return too_long(conduct, err);
		turn.number = ++lead->turns;
		rc = watch_turn(conduct, (size_t)args->order[s], &turn, slice,
				err);
		if (rc)
			return rc;
		keep_slices(conduct, lead, slice);
	}
	return 0;
}

/*
 * The end.
 */

static int say_goodbye(void *arg, size_t member, struct err *err)
{
	const struct task *task = arg;
	struct block_conductor *c = task->lead->member[member];
	struct block_result *result =
		&task->conduct->results[task->lead->first + member];
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

static int close_paths(struct conduct *conduct, struct err *err)
{
	struct task task = { .conduct = conduct };
	int rc = 0;

	for (size_t p = 0; p < conduct->args->paths && !rc; p++) {
		task.lead = &conduct->path[p];
		rc = run_all(task.lead, say_goodbye, &task, err);
	}
	return rc;
}

/* The paths that are well shall not wait for what will not come. */
static void give_up(const struct conduct *conduct, int code)
{
	const struct baton_message error = { .kind = BATON_ERROR,
					     .a = (uint64_t)code };

	for (size_t i = 0; i < conduct->members; i++) {
		struct end *end = &conduct->args->path[i]->end;

		if (end->ops && end->baton.fd >= 0)
			baton_say(&end->baton, &error, NULL);
		end_close(end, false);
	}
}

static int check(struct conduct *conduct, struct err *err)
{
	const struct block_conduct_args *args = conduct->args;

	if (args->paths < 1 || args->paths > BLOCK_MAX_PATHS)
		return err_set(err, EINVAL, "%zu paths where 1 to %d can be",
			       args->paths, BLOCK_MAX_PATHS);
	for (size_t p = 0; args->pairs && p < args->paths; p++)
		if (args->pairs[p] < 1 || args->pairs[p] > PAIRS_MAX + 1)
			return err_set(err, EINVAL,
				       "%zu pairs where 1 to %d can be",
				       args->pairs[p], PAIRS_MAX + 1);
	for (size_t s = 0; s < args->slices; s++)
		if (args->order[s] < 0 || (size_t)args->order[s] >= args->paths)
			return err_set(err, EINVAL, "slice %zu on no path: %d",
				       s, args->order[s]);
	return 0;
}

static int make_room(struct conduct *conduct, struct err *err)
{
	const struct block_conduct_args *args = conduct->args;

	for (size_t p = 0; p < args->paths; p++) {
		struct lead *lead = &conduct->path[p];

		lead->first = conduct->members;
		lead->member = args->path + lead->first;
		lead->members = args->pairs ? args->pairs[p] : 1;
		conduct->members += lead->members;
	}
	for (size_t i = 0; i < conduct->members; i++) {
		struct block_result *r = &conduct->results[i];

		r->slice = calloc(args->slices + 1, sizeof(*r->slice));
		if (!r->slice)
			return err_sys(err, ENOMEM, "%zu slices", args->slices);
	}
	conduct->ends = calloc(PAIRS_MAX + 1, sizeof(struct end *));
	return conduct->ends ? 0 : err_sys(err, ENOMEM, "a block");
}

/* The block's own thread and crew work for the paths with one member. */
static int open_threads(struct conduct *conduct, struct err *err)
{
	const struct block_conductor *single = NULL;
	int rc = 0;

	for (size_t p = 0; p < conduct->args->paths && !rc; p++) {
		struct lead *lead = &conduct->path[p];

		if (lead->members > 1)
			rc = group_open(&lead->group, lead->members, err);
		else
			single = lead->member[0];
	}
	if (rc || !single)
		return rc;
	return crew_open(
		&conduct->crew,
		&(struct crew_args){ .point = conduct->args->point,
				     .lanes = single->end.lanes,
				     .counting = single->end.counting },
		err);
}

static void close_threads(struct conduct *conduct)
{
	for (size_t p = 0; p < conduct->args->paths; p++)
		group_close(conduct->path[p].group);
	for (size_t i = 0; i < conduct->members; i++)
		if (conduct->args->path[i]->has_crew)
			crew_close(&conduct->args->path[i]->crew);
	if (conduct->crew.lanes)
		crew_close(&conduct->crew);
	free(conduct->ends);
}

static int carry_out(struct conduct *conduct, struct err *err)
{
	const struct block_conduct_args *args = conduct->args;
	int rc;

	conduct->deadline_ns = clock_mono_ns() +
			       block_longest_ns(&args->timing, args->paths,
						args->slices, conduct->members);
	rc = open_paths(conduct, err);
	if (!rc)
		rc = warm_up(conduct, err);
	if (!rc)
		rc = conduct_slices(conduct, err);
	if (!rc)
		rc = close_paths(conduct, err);
	if (rc)
		give_up(conduct, -rc);
	return rc;
}

int block_conduct(const struct block_conduct_args *args,
		  struct block_result *results, struct err *err)
{
	struct conduct conduct = { .args = args, .results = results };
	int rc;

	*args->failed_path = -1;
	rc = check(&conduct, err);
	if (!rc)
		rc = make_room(&conduct, err);
	if (!rc)
		rc = open_threads(&conduct, err);
	if (!rc)
		rc = carry_out(&conduct, err);
	close_threads(&conduct);
	return rc;
}
