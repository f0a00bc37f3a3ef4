/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/reaper.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* All that it was given is closed, at the latest when it ends. */
static void closes_what_it_takes(void **state)
{
	enum { PAIRS = 100 };
	struct reaper *reaper;
	int kept[PAIRS];
	char byte;

	(void)state;
	assert_int_equal(reaper_open(&reaper, NULL), 0);
	for (int i = 0; i < PAIRS; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		kept[i] = pair[0];
		reaper_take(reaper, pair[1]);
	}
	/* without being asked to end */
	assert_int_equal(
		poll(&(struct pollfd){ kept[PAIRS - 1], POLLIN, 0 }, 1, 5000),
		1);
	while (reaper_pending(reaper))
		poll(NULL, 0, 1);
	reaper_close(reaper);
	for (int i = 0; i < PAIRS; i++) {
		assert_int_equal(read(kept[i], &byte, 1), 0);
		close(kept[i]);
	}
}

/* More at once than its pipe holds: none is lost, none blocks. */
static void bears_a_flood(void **state)
{
	struct reaper *reaper;
	int end[2];
	char byte;

	(void)state;
	assert_int_equal(reaper_open(&reaper, NULL), 0);
	assert_int_equal(pipe(end), 0);
	for (int i = 0; i < 40000; i++)
		reaper_take(reaper, dup(end[1]));
	reaper_close(reaper);
	close(end[1]);
	assert_int_equal(read(end[0], &byte, 1), 0); /* nobody writes */
	close(end[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closes_what_it_takes),
		cmocka_unit_test(bears_a_flood),
	};

	return cmocka_run_group_tests_name("reaper", tests, NULL, NULL);
}
