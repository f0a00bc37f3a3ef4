/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/xenbus.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

struct pair {
	struct xenbus *a, *b;
	int raw; /* b's socket, to write what no driver writes */
};

static void open_pair(struct pair *pair)
{
	int fd[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
	assert_int_equal(xenbus_open(&pair->a, fd[0], NULL), 0);
	assert_int_equal(xenbus_open(&pair->b, fd[1], NULL), 0);
	pair->raw = fd[1];
}

static void close_pair(struct pair *pair)
{
	xenbus_close(pair->a);
	xenbus_close(pair->b);
}

static int descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 512; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void keys_and_state_arrive_together(void **state)
{
	struct xenbus_range range = { 1, 16, 1 };
	struct err err = ERR_INIT;
	struct pair pair;
	int64_t value;
	int fds[2], fd;
	char byte;

	(void)state;
	open_pair(&pair);
	assert_int_equal(pipe(fds), 0);
	xenbus_put(pair.a, "ring-pages", "%d", 4);
	xenbus_put_fd(pair.a, "event-channel-tx", fds[0]);
	assert_null(xenbus_get(pair.b, "ring-pages"));
	assert_int_equal(xenbus_send(pair.a, XENBUS_CONNECTED, NULL), 0);
	assert_int_equal(xenbus_wait(pair.b, XENBUS_CONNECTED,
				     clock_mono_ns() + NS_PER_S, &err),
			 0);
	assert_int_equal(
		xenbus_get_int(pair.b, "ring-pages", range, &value, &err), 0);
	assert_int_equal(value, 4);
	assert_int_equal(xenbus_get_int(pair.b, "queues", range, &value, &err),
			 0);
	assert_int_equal(value, 1);
	assert_int_equal(xenbus_take_fd(pair.b, "event-channel-tx", &fd, NULL),
			 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(xenbus_take_fd(pair.b, "event-channel-tx", &fd, &err),
			 -EPROTO);
	close(fd);
	close(fds[0]);
	close(fds[1]);
	close_pair(&pair);
}

static void numbers_are_judged(void **state)
{
	static const char *const wrong[] = {
		"", "x", "4x", " ", "0", "17", "99999999999999999999", "-1"
	};
	struct xenbus_range range = { 1, 16, 1 };
	struct xenbus_range needed = { 1, 16, 0 };
	struct pair pair;
	int64_t value;

	(void)state;
	open_pair(&pair);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		xenbus_put(pair.a, "n", "%s", wrong[i]);
		assert_int_equal(xenbus_send(pair.a, XENBUS_CONNECTED, NULL),
				 0);
		assert_int_equal(xenbus_receive(pair.b, NULL), 1);
		assert_int_equal(
			xenbus_get_int(pair.b, "n", range, &value, NULL),
			-EPROTO);
	}
	assert_int_equal(xenbus_get_int(pair.b, "m", needed, &value, NULL),
			 -EPROTO);
	close_pair(&pair);
}

static void garbage_is_refused(void **state)
{
	static const char *const garbage[] = {
		"state = 9\n", "state = 0\n", "state = 44\n",
		"hello\n",     "UPPER = 1\n", " = 1\n",
		"a b = 1\n",   "fd = @0\n",   "fd = @4294967296\n",
		"fd = @\n",    "fd = @-1\n",
	};
	char big[XENBUS_MESSAGE_BYTES + 16];

	(void)state;
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		struct pair pair;

		open_pair(&pair);
		send(pair.raw, garbage[i], strlen(garbage[i]), 0);
		assert_int_equal(xenbus_receive(pair.a, NULL), -EPROTO);
		close_pair(&pair);
	}
	for (int i = 0; i < 3; i++) {
		struct pair pair;

		memset(big, i == 1 ? 0 : 'a', sizeof(big));
		memcpy(big, "key = ", 6);
		open_pair(&pair);
		send(pair.raw, big, i == 2 ? sizeof(big) : 600, 0);
		assert_int_equal(xenbus_receive(pair.a, NULL), -EPROTO);
		close_pair(&pair);
	}
}

static void keys_are_bounded(void **state)
{
	struct pair pair;
	int rc = 1, sent;

	(void)state;
	open_pair(&pair);
	for (sent = 0; rc == 1 && sent < 2 * XENBUS_KEYS; sent++) {
		char line[32];

		snprintf(line, sizeof(line), "k%d = 1\n", sent);
		send(pair.raw, line, strlen(line), 0);
		rc = xenbus_receive(pair.a, NULL);
	}
	assert_int_equal(rc, -EPROTO);
	assert_int_equal(sent, XENBUS_KEYS + 1);
	close_pair(&pair);
}

/* Descriptors that nobody asked for, or too many, do not stay open. */
static void no_descriptor_leaks(void **state)
{
	int before = descriptors();
	struct pair pair;

	(void)state;
	open_pair(&pair);
	for (int round = 0; round < 4; round++) {
		union {
			struct cmsghdr header;
			char room[CMSG_SPACE(200 * sizeof(int))];
		} control;
		int count = round == 3 ? 200 : 20;
		struct iovec iov = { (char *)(round ? "bad\n" : "k = @0\n"),
				     round ? 4 : 7 };
		struct msghdr msg = { .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = &control };

		memset(&control, 0, sizeof(control));
		msg.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		memset(CMSG_DATA(&control.header), 0,
		       (size_t)count * sizeof(int)); /* all our stdin */
		assert_true(sendmsg(pair.raw, &msg, 0) > 0);
		assert_int_equal(xenbus_receive(pair.a, NULL),
				 round ? -EPROTO : 1);
	}
	close_pair(&pair);
	assert_int_equal(descriptors(), before);
}

static void silence_ends_at_the_deadline(void **state)
{
	struct err err = ERR_INIT;
	struct pair pair;

	(void)state;
	open_pair(&pair);
	assert_int_equal(xenbus_wait(pair.a, XENBUS_CONNECTED,
				     clock_mono_ns() + 20 * NS_PER_MS, &err),
			 -ETIMEDOUT);
	xenbus_put(pair.b, "error", "it rains");
	xenbus_send(pair.b, XENBUS_CLOSED, NULL);
	assert_int_equal(xenbus_wait(pair.a, XENBUS_CONNECTED,
				     clock_mono_ns() + NS_PER_S, &err),
			 -ECONNABORTED);
	assert_non_null(strstr(err.text, "it rains"));
	xenbus_close(pair.b);
	assert_int_equal(xenbus_receive(pair.a, &err), -EPIPE);
	xenbus_close(pair.a);
}

/* The other end never reads: we notice instead of waiting. */
static void full_socket_does_not_block(void **state)
{
	struct pair pair;
	int rc = 0, sent = 0;

	(void)state;
	open_pair(&pair);
	for (; rc == 0 && sent < 100000; sent++)
		rc = xenbus_send(pair.a, XENBUS_CONNECTED, NULL);
	assert_int_equal(rc, -EAGAIN);
	close_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_state_arrive_together),
		cmocka_unit_test(numbers_are_judged),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(keys_are_bounded),
		cmocka_unit_test(no_descriptor_leaks),
		cmocka_unit_test(silence_ends_at_the_deadline),
		cmocka_unit_test(full_socket_does_not_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
