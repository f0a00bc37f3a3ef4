/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trials are made up by a fluid model: a sender at a steady rate, a queue that
 * a server of capacity 1 empties, stalls of either of them or of the receiver,
 * and a little noise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

#include "stats/loss_trial.h"

#define PIECE_NS INT64_C(5000000)
#define TRACKS	 2
#define BOUND	 0.001

/* A path whose server and receiver may stall. Times in ms, from the track's
 * beginning; a length of 0: none. */
struct stall {
	double at, length;
};

struct path {
	double load; /* offered over capacity */
	struct stall server[2], receiver;
	bool seen;   /* the receiver's is marked, as pieces.h does */
	double room; /* ms that the queue holds; 0: no end */
};

static gsl_rng *rng;

static double hold(const struct stall *stall, double at)
{
	bool in = at >= stall->at && at < stall->at + stall->length;

	return in ? stall->at + stall->length - at : 0;
}

/* One datagram each 0.1 ms of its own time. */
static void run_track(const struct path *path, struct loss_track *track)
{
	const double gap = 0.1, ms = 1e6;
	double empty_at = 0; /* when the server has done all */

	*track = (struct loss_track){ 0 };
	for (int i = 0; i < 50 * LOSS_PIECES; i++) {
		struct loss_piece *p = &track->piece[i / 50];
		double at = i * gap, begun = fmax(empty_at, at), arrival;

		begun += hold(&path->server[0], begun);
		begun += hold(&path->server[1], begun);
		p->offered++;
		if (path->room > 0 && begun - at > path->room) {
			p->lost++;
			continue;
		}
		empty_at = begun + gap * path->load;
		arrival = empty_at + gsl_ran_exponential(rng, 0.01);
		if (path->seen && hold(&path->receiver, arrival) > 0)
			p->kept = true;
		arrival += hold(&path->receiver, arrival);
		if (p->offered - p->lost == 1 ||
		    (arrival - at) * ms < (double)p->transit_ns)
			p->transit_ns = (int64_t)((arrival - at) * ms);
	}
}

static struct loss_verdict judge(const struct path *path)
{
	struct loss_track track[TRACKS];
	struct loss_verdict v;

	for (size_t i = 0; i < TRACKS; i++)
		run_track(path, &track[i]);
	assert_int_equal(loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v),
			 0);
	return v;
}

static void test_below_and_above(void **state)
{
	static const double below[] = { 0.3, 0.9, 0.98 };
	static const double above[] = { 1.03, 1.2, 3 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct loss_verdict v =
			judge(&(struct path){ .load = below[i] });

		assert_false(v.is_void || v.lossy);
		assert_int_equal(v.kept, 0);
		assert_int_equal(v.offered, 1000);
		v = judge(&(struct path){ .load = above[i] });
		assert_false(v.is_void);
		assert_true(v.lossy && v.lost == 0);
		/* what the server does not do in the time */
		assert_true(fabs(v.growth / (above[i] - 1) - 1) < 0.2);
	}
}

/* A stall of a few ms, wherever it falls, of the server, which needs the
 * rest of the slice and more to make up for it, is no queue that fills. The
 * least delay of a slice's last quarter against that of its first would have
 * grown by 4 % and more. */
static void test_a_stall_on_the_way_is_no_overload(void **state)
{
	(void)state;
	for (double at = 1; at < 48; at += 0.7) {
		struct path path = { .load = 0.98, .server = { { at, 4 } } };
		struct loss_verdict v = judge(&path);

		assert_false(v.is_void || v.lossy);
		path.load = 1.04;
		assert_true(judge(&path).lossy);
	}
}

static void test_two_stalls_are_none_either(void **state)
{
	(void)state;
	for (double at = 1; at < 28; at += 0.7) {
		const struct path path = {
			.load = 0.95,
			.server = { { at, 3 }, { at + 15, 5 } },
		};

		assert_false(judge(&path).lossy);
	}
}

/* It is not the rate's fault: neither its delay nor its loss. */
static void test_a_receiver_that_was_kept_does_not_count(void **state)
{
	struct loss_track track[TRACKS];
	struct loss_verdict v;

	(void)state;
	for (double at = 1; at < 40; at += 0.7) {
		const struct path path = { .load = 0.9,
					   .receiver = { at, 8 },
					   .seen = true };

		v = judge(&path);
		assert_false(v.is_void || v.lossy);
		assert_in_range(v.kept, 4, 8);
	}
	for (size_t i = 0; i < TRACKS; i++)
		run_track(&(struct path){ .load = 0.9 }, &track[i]);
	track[0].piece[3].lost = 20;
	loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v);
	assert_true(v.lossy && v.lost == 20);
	/* the piece after one that was kept does not count, too */
	track[0].piece[2].kept = true;
	loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v);
	assert_true(!v.lossy && v.lost == 0 && v.kept == 2);
	assert_int_equal(v.offered, 900);
	track[0].piece[2].kept = false;
	track[0].piece[3].kept = true;
	loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v);
	assert_true(!v.lossy && v.lost == 0);
	/* but the one before it does */
	track[0].piece[3].kept = false;
	track[0].piece[4].kept = true;
	loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v);
	assert_true(v.lossy);
}

static void test_loss_has_a_bound(void **state)
{
	struct loss_track track[TRACKS];
	struct loss_verdict v;

	(void)state;
	for (size_t i = 0; i < TRACKS; i++)
		run_track(&(struct path){ .load = 0.5 }, &track[i]);
	track[1].piece[9].lost = 1; /* of 1000, which is the bound */
	loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v);
	assert_false(v.lossy);
	track[0].piece[0].lost = 1;
	loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v);
	assert_true(v.lossy);
	/* out of order: counted lost in one piece, and back in another */
	track[0].piece[1].lost = -1;
	loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v);
	assert_false(v.lossy);
}

/* A queue that is full no longer grows: then there is loss. */
static void test_a_full_queue_loses(void **state)
{
	struct loss_verdict v = judge(&(struct path){ .load = 1.5, .room = 1 });

	(void)state;
	assert_true(v.lossy && v.lost > 200);
	assert_true(v.growth < LOSS_GROWTH_MAX);
}

static void test_half_of_it_kept_is_void(void **state)
{
	struct loss_track track[TRACKS];
	struct loss_verdict v;

	(void)state;
	for (size_t i = 0; i < TRACKS; i++)
		run_track(&(struct path){ .load = 1.2 }, &track[i]);
	for (int i = 0; i < 8; i++)
		track[0].piece[i].kept = true;
	loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v);
	assert_false(v.is_void);
	assert_int_equal(v.kept, 9);
	assert_true(v.lossy);
	track[0].piece[8].kept = true;
	loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v);
	assert_int_equal(v.is_void, LOSS_DARK);
	assert_int_equal(v.kept, 10);
	/* and tells of all that it had */
	assert_int_equal(v.pieces, TRACKS * LOSS_PIECES);
	assert_int_equal(v.offered, 1000);
	/* of which delay says nothing */
	assert_false(v.lossy);
	track[0].piece[2].lost = 2;
	loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v);
	assert_int_equal(v.is_void, LOSS_UNEVEN);
	assert_true(v.lossy && v.lost == 2);
	for (size_t i = 0; i < TRACKS; i++) {
		run_track(&(struct path){ .load = 0.9 }, &track[i]);
		for (int k = 0; k < LOSS_PIECES; k += 2)
			track[i].piece[k].kept = true;
	}
	loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v);
	assert_int_equal(v.is_void, LOSS_UNEVEN);
	assert_false(v.lossy);
	loss_trial_judge(track, 0, PIECE_NS, BOUND, &v);
	assert_int_equal(v.is_void, LOSS_DARK);
	assert_true(!v.lossy && v.offered == 0);
}

/* At a low rate most pieces are empty, and count as such. */
static void test_empty_pieces(void **state)
{
	struct loss_track track[TRACKS] = { 0 };
	struct loss_verdict v;

	(void)state;
	for (size_t i = 0; i < TRACKS; i++)
		for (int k = 0; k < LOSS_PIECES; k += 3)
			track[i].piece[k] = (struct loss_piece){
				.offered = 1,
				.transit_ns = 40000 + 100000 * k,
			};
	loss_trial_judge(track, TRACKS, PIECE_NS, BOUND, &v);
	assert_false(v.is_void);
	assert_int_equal(v.pieces, TRACKS * LOSS_PIECES);
	assert_int_equal(v.offered, 8);
	/* 0.1 ms in 5 ms */
	assert_true(fabs(v.growth - 0.02) < 1e-9);
	assert_true(v.lossy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_below_and_above),
		cmocka_unit_test(test_a_stall_on_the_way_is_no_overload),
		cmocka_unit_test(test_two_stalls_are_none_either),
		cmocka_unit_test(test_a_receiver_that_was_kept_does_not_count),
		cmocka_unit_test(test_loss_has_a_bound),
		cmocka_unit_test(test_a_full_queue_loses),
		cmocka_unit_test(test_half_of_it_kept_is_void),
		cmocka_unit_test(test_empty_pieces),
	};
	int rc;

	rng = gsl_rng_alloc(gsl_rng_mt19937);
	gsl_rng_set(rng, 11);
	rc = cmocka_run_group_tests_name("loss_trial", tests, NULL, NULL);
	gsl_rng_free(rng);
	return rc;
}
