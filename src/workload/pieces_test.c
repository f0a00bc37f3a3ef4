/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A slice cut into pieces, datagram by datagram, on two clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "workload/datagram.h"
#include "workload/pieces.h"

#define MS     NS_PER_MS
#define OFFSET (-77 * NS_PER_S) /* of the sender's clock */
#define OPEN   (1000 * MS)

struct slice {
	struct pieces pieces;
	uint64_t number;
};

static void open_slice(struct slice *s)
{
	s->number = 0;
	pieces_open(&s->pieces, OPEN, 5 * MS, MS / 2);
}

/* Sent at that ms after the window opened, on the way for so long. */
static void add(struct slice *s, double sent_ms, double transit_ms,
		uint16_t late_us)
{
	int64_t sent_ns = OPEN + (int64_t)(sent_ms * 1e6);
	const struct datagram d = { .number = ++s->number,
				    .sent_ns = sent_ns + OFFSET,
				    .late_us = late_us };

	pieces_add(&s->pieces, &d, 0, sent_ns + (int64_t)(transit_ms * 1e6));
}

static const struct loss_piece *piece(const struct slice *s, int i)
{
	return &s->pieces.track.piece[i];
}

static int count_kept(const struct slice *s)
{
	int kept = 0;

	for (int i = 0; i < LOSS_PIECES; i++)
		kept += piece(s, i)->kept;
	return kept;
}

static void test_even_slice(void **state)
{
	struct slice s;

	(void)state;
	open_slice(&s);
	for (double at = -3; at < 54; at += 0.5)
		add(&s, at, 0.2, 90);
	pieces_close(&s.pieces);
	for (int i = 0; i < LOSS_PIECES; i++) {
		assert_int_equal(piece(&s, i)->offered, 10);
		assert_int_equal(piece(&s, i)->lost, 0);
		assert_int_equal(piece(&s, i)->transit_ns, 200000 - OFFSET);
	}
	assert_int_equal(count_kept(&s), 0);
}

/* What comes after the window still belongs to its piece. */
static void test_a_long_queue(void **state)
{
	struct slice s;

	(void)state;
	open_slice(&s);
	for (double at = 0; at < 54; at += 0.5)
		add(&s, at, at * 2, 0);
	pieces_close(&s.pieces);
	assert_int_equal(piece(&s, 9)->offered, 10);
	assert_int_equal(count_kept(&s), 0);
	assert_int_equal(piece(&s, 9)->transit_ns - piece(&s, 8)->transit_ns,
			 10 * MS);
}

static void test_a_late_sender(void **state)
{
	struct slice s;

	(void)state;
	open_slice(&s);
	for (double at = 0; at < 12; at += 0.5)
		add(&s, at, 0.2, 250); /* not too late */
	add(&s, 24, 0.2, 12000);
	for (double at = 24.5; at < 54; at += 0.5)
		add(&s, at, 0.2, 0);
	pieces_close(&s.pieces);
	assert_int_equal(count_kept(&s), 3);
	assert_true(piece(&s, 2)->kept && piece(&s, 3)->kept &&
		    piece(&s, 4)->kept);
}

static void test_a_sender_that_does_not_come_back(void **state)
{
	struct slice s;

	(void)state;
	open_slice(&s);
	for (double at = 0; at < 33; at += 0.5)
		add(&s, at, 0.2, 0);
	pieces_close(&s.pieces);
	assert_int_equal(count_kept(&s), 4);
	assert_true(piece(&s, 6)->kept && !piece(&s, 5)->kept);
	open_slice(&s); /* or comes too late */
	for (double at = 0; at < 33; at += 0.5)
		add(&s, at, 0.2, 0);
	add(&s, 60, 0.2, 27000);
	pieces_close(&s.pieces);
	assert_int_equal(count_kept(&s), 4);
	open_slice(&s);
	pieces_close(&s.pieces);
	assert_int_equal(count_kept(&s), LOSS_PIECES);
}

/* The receiver slept from 12 to 27 ms, and looks at each of its ms. */
static void test_a_kept_receiver(void **state)
{
	struct slice s;

	(void)state;
	open_slice(&s);
	for (double at = 0; at < 54; at += 0.5) {
		bool kept = at > 12 && at < 27;

		add(&s, at, kept ? 27 - at : 0.2, 0);
		if (at == 12.5)
			pieces_look(&s.pieces, 15 * MS, OPEN + 27 * MS);
		else if (!kept)
			pieces_look(&s.pieces, 20000,
				    OPEN + (int64_t)((at + 0.2) * 1e6));
	}
	pieces_close(&s.pieces);
	assert_int_equal(count_kept(&s), 4);
	assert_true(!piece(&s, 1)->kept && piece(&s, 2)->kept &&
		    piece(&s, 5)->kept && !piece(&s, 6)->kept);
}

static void lose(struct slice *s, double sent_ms, int64_t missing)
{
	int64_t sent_ns = OPEN + (int64_t)(sent_ms * 1e6);
	const struct datagram d = { .number = 1, .sent_ns = sent_ns + OFFSET };

	pieces_add(&s->pieces, &d, missing, sent_ns + MS);
}

static void test_loss(void **state)
{
	struct slice s;

	(void)state;
	open_slice(&s);
	lose(&s, 0.1, 50); /* lost before the window */
	lose(&s, 7, 3);
	lose(&s, 8, -1); /* one of them was only late */
	lose(&s, 55, 6); /* the last ones */
	pieces_close(&s.pieces);
	assert_int_equal(piece(&s, 0)->offered, 1);
	assert_int_equal(piece(&s, 0)->lost, 0);
	assert_int_equal(piece(&s, 1)->offered, 4 + 6);
	assert_int_equal(piece(&s, 1)->lost, 2 + 6);
	assert_int_equal(count_kept(&s), 0);
}

static void test_the_wire(void **state)
{
	char bytes[DATAGRAM_BYTES];
	const struct datagram d = { .turn = 7,
				    .late_us = 65535,
				    .number = (UINT64_C(1) << 48) - 1,
				    .sent_ns = 123456789012345 };
	struct datagram back;

	(void)state;
	datagram_encode(&d, bytes);
	assert_int_equal(datagram_decode(bytes, sizeof(bytes), &back), 0);
	assert_true(back.turn == d.turn && back.late_us == d.late_us &&
		    back.number == d.number && back.sent_ns == d.sent_ns);
	assert_true(datagram_decode(bytes, sizeof(bytes) - 1, &back) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_even_slice),
		cmocka_unit_test(test_a_long_queue),
		cmocka_unit_test(test_a_late_sender),
		cmocka_unit_test(test_a_sender_that_does_not_come_back),
		cmocka_unit_test(test_a_kept_receiver),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
