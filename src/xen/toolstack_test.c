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

#include "xen/toolstack.h"

static int pair[2];

static int setup(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
}

static int teardown(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static void say(const char *text, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { (char *)text, strlen(text) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c = (struct cmsghdr *)control;

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
	}
	assert_int_equal(sendmsg(pair[0], &message, 0), strlen(text));
}

static void test_a_device(void **state)
{
	struct toolstack_device device;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(toolstack_receive(pair[1], &device, &err), 0);
	say("3 00:16:3e:00:00:2a", STDERR_FILENO);
	assert_int_equal(toolstack_receive(pair[1], &device, &err), 1);
	assert_int_equal(device.domid, 3);
	assert_int_equal(device.mac[5], 0x2a);
	assert_int_equal(device.vlan, 0);
	assert_int_equal(close(device.xenbus_fd), 0);
	say("4 00:16:3e:00:00:2b 4094", STDERR_FILENO);
	assert_int_equal(toolstack_receive(pair[1], &device, &err), 1);
	assert_int_equal(device.domid, 4);
	assert_int_equal(device.vlan, 4094);
	assert_int_equal(close(device.xenbus_fd), 0);
}

/* Refused, and no descriptor stays; the next good one is heard. */
static void test_what_is_none(void **state)
{
	static const char *const bad[] = { "x",
					   "0 00:16:3e:00:00:01",
					   "32752 00:16:3e:00:00:01",
					   "1 01:16:3e:00:00:01",
					   "1",
					   "1 00:16:3e:00:00:01 4095" };
	struct toolstack_device device;
	struct err err = ERR_INIT;
	int before = dup(STDERR_FILENO), after;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		say(bad[i], STDERR_FILENO);
		assert_int_equal(toolstack_receive(pair[1], &device, &err),
				 -EPROTO);
	}
	say("1 00:16:3e:00:00:01", -1);
	assert_int_equal(toolstack_receive(pair[1], &device, &err), -EPROTO);
	after = dup(STDERR_FILENO);
	assert_int_equal(after, before + 1);
	close(before);
	close(after);
	test_a_device(state);
}

static void test_the_end(void **state)
{
	struct toolstack_device device;
	struct err err = ERR_INIT;

	(void)state;
	close(pair[0]);
	assert_int_equal(toolstack_receive(pair[1], &device, &err), -EPIPE);
	pair[0] = dup(STDERR_FILENO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_none, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_the_end, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
