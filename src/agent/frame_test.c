/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/frame.h"
#include "agent/protocol.h"
#include "base/clock.h"

static int set_up(void **state)
{
	static int fd[2];

	*state = fd;
	return pipe(fd);
}

static int tear_down(void **state)
{
	int *fd = *state;

	close(fd[0]);
	if (fd[1] >= 0)
		close(fd[1]);
	return 0;
}

static void put(int fd, const void *bytes, size_t size)
{
	assert_int_equal(write(fd, bytes, size), size);
}

static int64_t soon(void)
{
	return clock_mono_ns() + 50 * NS_PER_MS;
}

static void test_what_is_written_is_read(void **state)
{
	int *fd = *state;
	struct err err = ERR_INIT;
	json_t *out = json_pack("{ss si}", "op", "ping", "id", 7);
	json_t *in;

	assert_int_equal(frame_write(fd[1], out, soon(), &err), 0);
	assert_int_equal(frame_read(fd[0], &in, soon(), &err), 0);
	assert_true(json_equal(in, out));
	json_decref(in);
	json_decref(out);
}

/* Length 2, big-endian, then "{}", byte by byte. */
static void test_wire_is_as_specified(void **state)
{
	int *fd = *state;
	struct err err = ERR_INIT;
	json_t *empty = json_object();
	char bytes[6];
	json_t *in;

	assert_int_equal(frame_write(fd[1], empty, soon(), &err), 0);
	assert_int_equal(read(fd[0], bytes, sizeof(bytes)), 6);
	assert_memory_equal(bytes, "\0\0\0\2{}", 6);
	put(fd[1], "\0\0\0\2{}", 6);
	assert_int_equal(frame_read(fd[0], &in, soon(), &err), 0);
	assert_true(json_equal(in, empty));
	json_decref(in);
	json_decref(empty);
}

static void test_garbage_within_a_frame(void **state)
{
	int *fd = *state;
	struct err err = ERR_INIT;
	json_t *in;

	put(fd[1], "\0\0\0\4{]}x\0\0\0\3[1]\0\0\0\2\xff\xfe\0\0\0\2{}", 27);
	for (int i = 0; i < 3; i++)
		assert_int_equal(frame_read(fd[0], &in, soon(), &err),
				 -EBADMSG);
	/* each of them was passed over, the stream is still in step */
	assert_int_equal(frame_read(fd[0], &in, soon(), &err), 0);
	json_decref(in);
}

static void test_length_out_of_range(void **state)
{
	static const char *const lengths[] = { "\0\0\0\0", "\1\0\0\1",
					       "\xff\xff\xff\xff", "HTTP" };
	int *fd = *state;
	struct err err = ERR_INIT;
	json_t *in;

	for (size_t i = 0; i < 4; i++) {
		put(fd[1], lengths[i], 4);
		assert_int_equal(frame_read(fd[0], &in, soon(), &err),
				 -EMSGSIZE);
	}
}

static void test_the_stream_ends(void **state)
{
	int *fd = *state;
	struct err err = ERR_INIT;
	json_t *in;

	put(fd[1], "\0\0\0\4{", 5);
	close(fd[1]);
	fd[1] = -1;
	assert_int_equal(frame_read(fd[0], &in, soon(), &err), -EPIPE);
	assert_non_null(strstr(err.text, "within a frame"));
	assert_int_equal(frame_read(fd[0], &in, soon(), &err), -EPIPE);
}

static void test_deadlines(void **state)
{
	int *fd = *state;
	int64_t begun_ns = clock_mono_ns();
	char *much = malloc(1000000);
	struct err err = ERR_INIT;
	json_t *in;

	put(fd[1], "\0\0\0\4{", 5);
	assert_int_equal(frame_read(fd[0], &in, soon(), &err), -ETIMEDOUT);
	memset(much, 'x', 1000000);
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	assert_int_equal(frame_write_bytes(fd[1], much, 1000000, soon(), &err),
			 -ETIMEDOUT);
	assert_true(clock_mono_ns() - begun_ns < NS_PER_S);
	free(much);
}

static void test_noise_before_the_magic(void **state)
{
	static const char noise[] = "Linux version 6.1\r\n\x01vazao-ag\n"
				    "\x01\x01vazao\r\n\n" AGENT_MAGIC;
	int *fd = *state;
	struct err err = ERR_INIT;
	char line[64];
	json_t *in;

	put(fd[1], noise, sizeof(noise) - 1);
	put(fd[1], "\0\0\0\2{}", 6);
	assert_int_equal(frame_seek(fd[0], AGENT_MAGIC, soon(), line,
				    sizeof(line), &err),
			 0);
	assert_int_equal(frame_read(fd[0], &in, soon(), &err), 0);
	json_decref(in);
}

static void test_noise_alone_is_told(void **state)
{
	static const char noise[] = "Booting\nKernel panic - not \x02syncing\n";
	int *fd = *state;
	struct err err = ERR_INIT;
	char line[64], little[8];

	put(fd[1], noise, sizeof(noise) - 1);
	assert_int_equal(frame_seek(fd[0], AGENT_MAGIC, soon(), line,
				    sizeof(line), &err),
			 -ETIMEDOUT);
	assert_string_equal(line, "Kernel panic - not ?syncing");
	put(fd[1], noise, sizeof(noise) - 1);
	assert_int_equal(frame_seek(fd[0], AGENT_MAGIC, soon(), little,
				    sizeof(little), &err),
			 -ETIMEDOUT);
	assert_string_equal(little, "Kernel ");
}

#define with_pipe(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_pipe(test_what_is_written_is_read),
		with_pipe(test_wire_is_as_specified),
		with_pipe(test_garbage_within_a_frame),
		with_pipe(test_length_out_of_range),
		with_pipe(test_the_stream_ends),
		with_pipe(test_deadlines),
		with_pipe(test_noise_before_the_magic),
		with_pipe(test_noise_alone_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
