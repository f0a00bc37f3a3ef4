/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/evtchn.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

struct ends {
	struct evtchn ours, theirs;
};

static void open_ends(struct ends *ends)
{
	int fd[2];

	assert_int_equal(evtchn_create(&ends->ours, fd, NULL), 0);
	assert_int_equal(evtchn_bind(&ends->theirs, fd[0], fd[1], NULL), 0);
}

static void close_ends(struct ends *ends)
{
	evtchn_close(&ends->ours);
	evtchn_close(&ends->theirs);
}

static void events_arrive_and_merge(void **state)
{
	struct ends ends;

	(void)state;
	open_ends(&ends);
	assert_int_equal(evtchn_clear(&ends.theirs), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(evtchn_notify(&ends.ours), 0);
	assert_int_equal(evtchn_clear(&ends.theirs), 1);
	assert_int_equal(evtchn_clear(&ends.theirs), 0);
	assert_int_equal(evtchn_notify(&ends.theirs), 0);
	assert_int_equal(evtchn_clear(&ends.ours), 1);
	close_ends(&ends);
}

/* The peer clears O_NONBLOCK on what it holds and never reads: a million
 * notifications must neither block nor fail. */
static void peer_cannot_block_us(void **state)
{
	struct evtchn ours;
	int fd[2];
	int64_t began_ns = clock_mono_ns();

	(void)state;
	assert_int_equal(evtchn_create(&ours, fd, NULL), 0);
	assert_int_equal(fcntl(fd[0], F_SETFL, 0), 0);
	assert_int_equal(fcntl(fd[1], F_SETFL, 0), 0);
	fcntl(fd[0], F_SETPIPE_SZ, 4096);
	alarm(10);
	for (int i = 0; i < 1000000; i++)
		assert_int_equal(evtchn_notify(&ours), 0);
	alarm(0);
	assert_int_equal(evtchn_clear(&ours), 0); /* nor does reading */
	assert_true(clock_mono_ns() - began_ns < 10 * NS_PER_S);
	close(fd[0]);
	assert_int_equal(evtchn_notify(&ours), -EPIPE);
	close(fd[1]);
	assert_int_equal(evtchn_clear(&ours), -EPIPE);
	evtchn_close(&ours);
}

static void only_pipes_are_bound(void **state)
{
	struct evtchn channel;
	struct err err = ERR_INIT;
	int pipe_fd[2];

	(void)state;
	assert_int_equal(pipe(pipe_fd), 0);
	assert_int_equal(evtchn_bind(&channel, eventfd(0, 0), pipe_fd[1], &err),
			 -EPROTO);
	/* what was given is closed all the same */
	assert_int_equal(fcntl(pipe_fd[1], F_GETFD), -1);
	close(pipe_fd[0]);
}

/* XSA-391: events that bring no work are answered with pauses. */
static void storms_are_slowed_down(void **state)
{
	struct evtchn channel = EVTCHN_INIT;
	int64_t pause_ns = 0;

	(void)state;
	for (int i = 1; i < EVTCHN_STORM; i++)
		assert_int_equal(evtchn_judge(&channel, false), 0);
	for (int i = 0; i < 40; i++) {
		int64_t next_ns = evtchn_judge(&channel, false);

		assert_true(next_ns > 0 && next_ns >= pause_ns);
		assert_true(next_ns <= 10 * NS_PER_MS);
		pause_ns = next_ns;
	}
	assert_int_equal(pause_ns, 10 * NS_PER_MS);
	assert_int_equal(channel.storms, 1);
	assert_int_equal(evtchn_judge(&channel, true), 0);
	assert_int_equal(evtchn_judge(&channel, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_arrive_and_merge),
		cmocka_unit_test(peer_cannot_block_us),
		cmocka_unit_test(only_pipes_are_bound),
		cmocka_unit_test(storms_are_slowed_down),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
