/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "workload/baton.h"

struct pair {
	struct baton a, b;
};

static int set_up(void **state)
{
	static struct pair pair;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		return -1;
	pair = (struct pair){ .a = { .fd = fd[0] }, .b = { .fd = fd[1] } };
	*state = &pair;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *pair = *state;

	baton_close(&pair->a);
	baton_close(&pair->b);
	return 0;
}

/* The layout that baton.h specifies, byte by byte. */
static void test_wire_is_as_specified(void **state)
{
	const struct baton_message go = { .kind = BATON_GO,
					  .turn = 0x01020304,
					  .a = 0x1122334455667788,
					  .b = 2 };
	const uint8_t wire[BATON_BYTES] = {
		0x56, 0x5a, 0x42, 0x31, 0,    0, 0, 1, 0x11, 0x22, 0x33,
		0x44, 0x55, 0x66, 0x77, 0x88, 0, 0, 0, 0,    0,	   0,
		0,    2,    1,	  2,	3,    4, 0, 0, 0,    0,
	};
	struct baton_message back;
	struct err err = ERR_INIT;
	uint8_t bytes[BATON_BYTES];

	(void)state;
	baton_encode(&go, bytes);
	assert_memory_equal(bytes, wire, sizeof(wire));
	assert_int_equal(baton_decode(wire, &back, &err), 0);
	assert_int_equal(back.kind, go.kind);
	assert_int_equal(back.turn, go.turn);
	assert_true(back.a == go.a && back.b == go.b);
}

static void test_garbage_is_refused(void **state)
{
	struct baton_message message = { .kind = BATON_STOP };
	struct err err = ERR_INIT;
	uint8_t bytes[BATON_BYTES];

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		baton_encode(&message, bytes);
		bytes[i] ^= 0x80;
		assert_int_equal(baton_decode(bytes, &message, &err), -EPROTO);
	}
	baton_encode(&message, bytes);
	bytes[7] = 0;
	assert_int_equal(baton_decode(bytes, &message, &err), -EPROTO);
	bytes[7] = BATON_ERROR + 1;
	assert_int_equal(baton_decode(bytes, &message, &err), -EPROTO);
}

static void test_a_message_in_pieces(void **state)
{
	const struct baton_message said = { .kind = BATON_STOPPED,
					    .turn = 3,
					    .a = 77 };
	struct pair *pair = *state;
	struct baton_message heard;
	struct err err = ERR_INIT;
	uint8_t bytes[BATON_BYTES];

	baton_encode(&said, bytes);
	for (size_t i = 0; i < BATON_BYTES; i++) {
		assert_int_equal(baton_look(&pair->b, &heard, &err), 0);
		assert_int_equal(write(pair->a.fd, bytes + i, 1), 1);
	}
	assert_int_equal(baton_look(&pair->b, &heard, &err), 1);
	assert_int_equal(heard.kind, BATON_STOPPED);
	assert_int_equal(heard.a, 77);
	assert_int_equal(baton_look(&pair->b, &heard, &err), 0);
}

static void test_silence_ends_in_time(void **state)
{
	struct pair *pair = *state;
	int64_t begun_ns = clock_mono_ns();
	struct baton_message heard;
	struct err err = ERR_INIT;
	int64_t took_ns;

	assert_int_equal(baton_expect(&pair->b, BATON_STOP, 1, 50 * NS_PER_MS,
				      &heard, &err),
			 -ETIMEDOUT);
	took_ns = clock_mono_ns() - begun_ns;
	assert_true(took_ns >= 50 * NS_PER_MS && took_ns < NS_PER_S);
	assert_non_null(strstr(err.text, "STOP"));
}

static void test_the_wrong_message(void **state)
{
	const struct baton_message said = { .kind = BATON_STOP, .turn = 4 };
	struct pair *pair = *state;
	struct baton_message heard;
	struct err err = ERR_INIT;

	assert_int_equal(baton_say(&pair->a, &said, &err), 0);
	assert_int_equal(
		baton_expect(&pair->b, BATON_STOP, 5, NS_PER_S, &heard, &err),
		-EPROTO);
	assert_string_equal(err.text,
			    "STOP of turn 4 where STOP of turn 5 was due");
}

static void test_error_and_end_of_stream(void **state)
{
	const struct baton_message said = { .kind = BATON_ERROR, .a = ENOMEM };
	struct pair *pair = *state;
	struct baton_message heard;
	struct err err = ERR_INIT;

	assert_int_equal(baton_say(&pair->a, &said, &err), 0);
	assert_int_equal(baton_look(&pair->b, &heard, &err), -ENOMEM);
	baton_close(&pair->a);
	assert_int_equal(baton_look(&pair->b, &heard, &err), -ECONNRESET);
	/* nobody is there: an error, neither SIGPIPE nor a wait */
	assert_true(baton_say(&pair->b, &said, &err) < 0);
}

/* Saying never blocks, even to one who does not listen. */
static void test_saying_never_blocks(void **state)
{
	const struct baton_message said = { .kind = BATON_STOP };
	struct pair *pair = *state;
	struct err err = ERR_INIT;
	int rc = 0;

	for (int i = 0; i < 1000000 && !rc; i++)
		rc = baton_say(&pair->a, &said, &err);
	assert_int_equal(rc, -EAGAIN);
}

#define with_pair(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wire_is_as_specified),
		cmocka_unit_test(test_garbage_is_refused),
		with_pair(test_a_message_in_pieces),
		with_pair(test_silence_ends_in_time),
		with_pair(test_the_wrong_message),
		with_pair(test_error_and_end_of_stream),
		with_pair(test_saying_never_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
