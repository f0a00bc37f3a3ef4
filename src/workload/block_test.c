/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole blocks over loopback: the conductor in this process, each follower in
 * a child. Paths differ by address (127.0.0.x), as nodes would.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "workload/baton.h"
#include "workload/block.h"
#include "workload/sock.h"

#define PATHS 3
/* Long enough for a killed follower to be seen dead on a busy machine. */
#define PATIENCE_NS (1500 * NS_PER_MS)

static const char *const path_name[PATHS] = { "native", "dom0", "uml" };

/* What a watcher was told of one path. */
struct watched {
	int begun, ended, wrong; /* edges; edges out of turn */
	uint64_t at_begin, bytes;
	int fd;
};

struct report {
	int rc;
	struct watched watched;
	struct err err;
	struct block_result result; /* slice: not ours, see slices */
	struct block_slice slices[64];
};

struct follower;
typedef void follower_main(struct follower *f, int report_fd);

struct follower {
	pid_t pid;
	int report_fd;
	struct block_follow_args args;
	follower_main *main;
};

struct block {
	struct point point;
	struct block_timing timing;
	size_t paths, slices;
	struct block_conductor *conductor[PATHS];
	struct follower follower[PATHS];
	struct block_result result[PATHS];
	struct report report[PATHS];
	int order[64];
	struct watched watched[PATHS];
	int rc, failed_path;
	struct err err;
	int64_t took_ns;
};

static void note_begin(void *arg, size_t path, const struct end *const *end,
		       size_t ends)
{
	struct watched *w = (struct watched *)arg + path;

	w->wrong += w->begun++ != w->ended || block_end_flows(*end) != ends;
	w->at_begin = block_end_bytes(*end);
	w->fd = block_end_fd(*end, 0);
}

static void note_end(void *arg, size_t path, const struct end *const *end,
		     size_t ends)
{
	struct watched *w = (struct watched *)arg + path;

	w->wrong += ++w->ended != w->begun || block_end_fd(*end, 0) != w->fd;
	w->bytes += ends * (block_end_bytes(*end) - w->at_begin);
}

static void follow(struct follower *f, int report_fd)
{
	struct report report = { 0 };
	const struct block_watch watch = { note_begin, note_end,
					   &report.watched, NULL };

	f->args.watch = &watch;
	report.rc = block_follow(&f->args, &report.result, &report.err);
	for (size_t i = 0; i < report.result.slices && i < 64; i++)
		report.slices[i] = report.result.slice[i];
	if (write(report_fd, &report, sizeof(report)) != sizeof(report))
		_exit(1);
	block_result_free(&report.result);
}

/* Kills itself, or falls silent, in the midst of a turn. */
static void alarm_later(int64_t after_ns, int number)
{
	pid_t victim = getpid();

	if (fork() == 0) {
		clock_sleep_ns(after_ns);
		kill(victim, number);
		_exit(0);
	}
}

static void follow_and_die(struct follower *f, int report_fd)
{
	alarm_later(60 * NS_PER_MS, SIGKILL);
	follow(f, report_fd);
}

static void follow_and_freeze(struct follower *f, int report_fd)
{
	alarm_later(60 * NS_PER_MS, SIGSTOP);
	follow(f, report_fd);
}

static void never_follow(struct follower *f, int report_fd)
{
	(void)f;
	(void)report_fd;
}

static int connect_to(const struct follower *f, uint16_t port)
{
	const struct sock_args plain = { 0 };
	struct address address = f->args.address;

	address_set_port(&address, port);
	return sock_connect(&address, &plain, clock_mono_ns() + NS_PER_S, NULL);
}

/* Connects, then sends as many bytes as told, and no STOPPED ever. */
static void follow_without_progress(struct follower *f, const char *data,
				    size_t size)
{
	int baton = connect_to(f, f->args.baton_port);
	int fd = connect_to(f, f->args.data_port);

	if (baton >= 0 && write(fd, data, size) == (ssize_t)size)
		clock_sleep_ns(3 * NS_PER_S);
}

static void follow_mutely(struct follower *f, int report_fd)
{
	(void)report_fd;
	follow_without_progress(f, "", 0);
}

static void follow_for_one_byte(struct follower *f, int report_fd)
{
	(void)report_fd;
	follow_without_progress(f, "x", 1);
}

static void follow_with_lies(struct follower *f, int report_fd)
{
	int fd = connect_to(f, f->args.baton_port);

	(void)report_fd;
	if (connect_to(f, f->args.data_port) >= 0 &&
	    write(fd, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", 35) == 35)
		clock_sleep_ns(3 * NS_PER_S);
}

static void init(struct block *b, size_t paths, size_t slices)
{
	memset(b, 0, sizeof(*b));
	point_init(&b->point);
	b->paths = paths;
	b->slices = slices;
	b->timing = (struct block_timing){
		.warmup_ns = 20 * NS_PER_MS,
		.guard_ns = 2 * NS_PER_MS,
		.slice_ns = 10 * NS_PER_MS,
		.patience_ns = PATIENCE_NS,
	};
	for (size_t s = 0; s < slices; s++)
		b->order[s] = (int)(s % paths);
	for (size_t p = 0; p < paths; p++)
		b->follower[p].main = follow;
}

static void listen_on(struct block *b, size_t p)
{
	struct follower *f = &b->follower[p];
	struct block_listen_args args = {
		.address = address_of_ipv4(INADDR_LOOPBACK + (uint32_t)p),
		.point = &b->point,
	};

	f->args = (struct block_follow_args){
		.address = args.address,
		.point = &b->point,
		.timing = b->timing,
		.turn_wait_ns = block_longest_ns(&b->timing, b->paths,
						 b->slices, b->paths),
	};
	assert_int_equal(block_listen(&b->conductor[p], &args,
				      &f->args.data_port, &f->args.baton_port,
				      &b->err),
			 0);
}

static void start(struct follower *f)
{
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0) {
		setpgid(0, 0);
		close(fd[0]);
		f->main(f, fd[1]);
		_exit(0);
	}
	setpgid(f->pid, f->pid);
	close(fd[1]);
	f->report_fd = fd[0];
}

/* A follower that gave no report is dead or was stopped: rc 1. */
static void finish(struct block *b, size_t p)
{
	struct follower *f = &b->follower[p];
	struct report *report = &b->report[p];

	if (f->main != follow)
		kill(-f->pid, SIGKILL);
	if (read(f->report_fd, report, sizeof(*report)) != sizeof(*report))
		report->rc = 1;
	close(f->report_fd);
	waitpid(f->pid, NULL, 0);
}

static void run(struct block *b)
{
	const struct block_watch watch = { note_begin, note_end, b->watched,
					   NULL };
	struct block_conduct_args args = {
		.watch = &watch,
		.path = b->conductor,
		.path_name = path_name,
		.paths = b->paths,
		.order = b->order,
		.slices = b->slices,
		.point = &b->point,
		.timing = b->timing,
		.failed_path = &b->failed_path,
	};
	int64_t begun_ns;

	for (size_t p = 0; p < b->paths; p++)
		listen_on(b, p);
	for (size_t p = 0; p < b->paths; p++)
		start(&b->follower[p]);
	begun_ns = clock_mono_ns();
	b->rc = block_conduct(&args, b->result, &b->err);
	b->took_ns = clock_mono_ns() - begun_ns;
	for (size_t p = 0; p < b->paths; p++) {
		block_conductor_free(b->conductor[p]);
		finish(b, p);
	}
}

static void release(struct block *b)
{
	for (size_t p = 0; p < b->paths; p++)
		block_result_free(&b->result[p]);
}

/* What was counted in the slices is possible: in time, and no more than was
 * sent in whole messages. */
static void check_path(const struct block *b, size_t p)
{
	bool send = b->point.value[AXIS_DIRECTION] == DIRECTION_SEND;
	const struct report *report = &b->report[p];
	const struct block_slice *slice =
		send ? b->result[p].slice : report->slices;
	int64_t messages =
		send ? report->result.messages : b->result[p].messages;
	int64_t bytes = 0;

	assert_int_equal(send ? b->result[p].slices : report->result.slices,
			 b->slices / b->paths);
	assert_int_equal(send ? report->result.slices : b->result[p].slices, 0);
	for (size_t s = 0; s < b->slices / b->paths; s++) {
		bytes += slice[s].bytes;
		assert_true(slice[s].bytes >= 0 && slice[s].idle_ns > 0);
		assert_true(slice[s].duration_ns >= b->timing.slice_ns);
		assert_true(slice[s].duration_ns <
			    b->timing.slice_ns + 200 * NS_PER_MS);
	}
	assert_true(bytes > 0);
	assert_true(messages > 0);
	assert_true(bytes <= (messages + b->point.value[AXIS_FLOWS]) *
				     b->point.value[AXIS_MESSAGE_SIZE]);
}

static void check_good(struct block *b)
{
	if (b->rc)
		print_error("%s\n", b->err.text);
	assert_int_equal(b->rc, 0);
	assert_int_equal(b->failed_path, -1);
	for (size_t p = 0; p < b->paths; p++) {
		if (b->report[p].rc)
			print_error("%s\n", b->report[p].err.text);
		assert_int_equal(b->report[p].rc, 0);
		check_path(b, p);
	}
}

static void run_both_directions(int64_t message_size, int64_t socket_size,
				int64_t flows)
{
	for (int d = DIRECTION_SEND; d <= DIRECTION_RECEIVE; d++) {
		struct block b;

		init(&b, 2, 4);
		b.timing.warmup_ns = 5 * NS_PER_MS;
		b.timing.patience_ns = 3 * NS_PER_S;
		b.point.value[AXIS_DIRECTION] = d;
		b.point.value[AXIS_MESSAGE_SIZE] = message_size;
		b.point.value[AXIS_SOCKET_SIZE] = socket_size;
		b.point.value[AXIS_FLOWS] = flows;
		run(&b);
		check_good(&b);
		release(&b);
	}
}

static void test_every_size(void **state)
{
	static const int64_t message[] = { 1, 512, 65536, 67108864 };
	static const int64_t socket[] = { 0, 4096, 131072, 1073741824 };

	(void)state;
	for (size_t m = 0; m < 4; m++)
		for (size_t s = 0; s < 4; s++)
			run_both_directions(message[m], socket[s], 1);
}

static void test_many_flows(void **state)
{
	(void)state;
	run_both_directions(1, 0, 2);
	run_both_directions(4096, 16384, 8);
	run_both_directions(67108864, 0, 3);
	run_both_directions(65536, 0, 100);
}

static int64_t slice_bytes(const struct block_slice *slice, size_t slices)
{
	return slices ? slice->bytes + slice_bytes(slice + 1, slices - 1) : 0;
}

/* Both ends' watchers are told of the same turns, and between the edges of a
 * turn lie the same bytes, the slice's and some more. */
static void test_edges_of_turns(void **state)
{
	(void)state;
	for (int d = DIRECTION_SEND; d <= DIRECTION_RECEIVE; d++) {
		struct block b;

		init(&b, 2, 6);
		b.point.value[AXIS_DIRECTION] = d;
		run(&b);
		check_good(&b);
		for (size_t p = 0; p < 2; p++) {
			const struct watched *w = &b.watched[p];
			const struct watched *f = &b.report[p].watched;
			int64_t bytes = slice_bytes(b.result[p].slice,
						    b.result[p].slices) +
					slice_bytes(b.report[p].slices,
						    b.report[p].result.slices);

			assert_int_equal(w->begun + f->ended, 6);
			assert_int_equal(w->wrong + f->wrong, 0);
			assert_true(w->at_begin > 0 && w->fd > 2);
			assert_int_equal(w->bytes, f->bytes);
			assert_true((int64_t)w->bytes > bytes);
		}
		release(&b);
	}
}

/* The effective sizes are what Linux makes of the requested ones. */
static void test_sockets_are_as_asked(void **state)
{
	struct block b;

	(void)state;
	init(&b, 1, 2);
	b.point.value[AXIS_SOCKET_SIZE] = 16384;
	run(&b);
	check_good(&b);
	assert_int_equal(b.result[0].socket.sndbuf_bytes, 32768);
	assert_int_equal(b.result[0].socket.rcvbuf_bytes, 32768);
	assert_int_equal(b.report[0].result.socket.sndbuf_bytes, 32768);
	assert_int_equal(b.report[0].result.socket.rcvbuf_bytes, 32768);
	assert_true(b.result[0].socket.mss_bytes > 500);
	assert_string_equal(b.result[0].socket.congestion,
			    b.report[0].result.socket.congestion);
	release(&b);
}

static void test_congestion_control(void **state)
{
	struct block b;
	struct block_listen_args args = {
		.address = address_of_ipv4(INADDR_LOOPBACK),
		.point = &b.point,
		.congestion = "reno",
	};
	struct block_conductor *conductor;
	uint16_t port;

	(void)state;
	init(&b, 1, 2);
	assert_int_equal(block_listen(&conductor, &args, &port, &port, &b.err),
			 0);
	block_conductor_free(conductor);
	args.congestion = "no-such";
	assert_int_equal(block_listen(&conductor, &args, &port, &port, &b.err),
			 -ENOENT);
	assert_non_null(strstr(b.err.text, "no-such"));
}

static size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* One path fails in one direction; the others are told, not left waiting. */
static void run_failure(follower_main *sick, int direction, int code,
			int64_t longest_ns)
{
	size_t fds = count_fds();
	struct block b;

	init(&b, PATHS, 60);
	b.point.value[AXIS_DIRECTION] = direction;
	b.follower[1].main = sick;
	run(&b);
	assert_int_equal(b.rc, -code);
	assert_int_equal(b.failed_path, 1);
	assert_non_null(strstr(b.err.text, "path dom0"));
	assert_true(b.took_ns < longest_ns);
	assert_int_equal(b.report[0].rc, -code);
	assert_int_equal(b.report[2].rc, -code);
	assert_non_null(strstr(b.report[0].err.text, "the other end gave up"));
	release(&b);
	assert_int_equal(count_fds(), fds);
}

static void test_dead_follower(void **state)
{
	(void)state;
	for (int d = DIRECTION_SEND; d <= DIRECTION_RECEIVE; d++)
		run_failure(follow_and_die, d, ECONNRESET, PATIENCE_NS);
}

static void test_frozen_follower(void **state)
{
	(void)state;
	for (int d = DIRECTION_SEND; d <= DIRECTION_RECEIVE; d++)
		run_failure(follow_and_freeze, d, ETIMEDOUT, 2 * PATIENCE_NS);
}

static void test_follower_that_never_comes(void **state)
{
	(void)state;
	run_failure(never_follow, DIRECTION_SEND, ETIMEDOUT, 2 * PATIENCE_NS);
}

static void test_no_progress(void **state)
{
	(void)state;
	run_failure(follow_mutely, DIRECTION_SEND, ETIMEDOUT, 2 * PATIENCE_NS);
	run_failure(follow_for_one_byte, DIRECTION_SEND, ETIMEDOUT,
		    2 * PATIENCE_NS);
	run_failure(follow_mutely, DIRECTION_RECEIVE, ETIMEDOUT,
		    2 * PATIENCE_NS);
}

static void test_another_protocol(void **state)
{
	(void)state;
	run_failure(follow_with_lies, DIRECTION_SEND, EPROTO, 2 * PATIENCE_NS);
}

/* A follower whose conductor dies or falls silent comes back, too. */
static void run_lost_conductor(int number, int direction, int code)
{
	struct follower f = { .main = follow };
	struct report report;
	struct block b;
	int64_t begun_ns = clock_mono_ns();
	pid_t conductor;
	int fd[2];

	init(&b, 1, 60);
	b.point.value[AXIS_DIRECTION] = direction;
	assert_int_equal(pipe(fd), 0);
	conductor = fork();
	if (conductor == 0) {
		setpgid(0, 0);
		listen_on(&b, 0);
		b.follower[0].args.turn_wait_ns = PATIENCE_NS;
		if (write(fd[1], &b.follower[0].args, sizeof(f.args)) < 0)
			_exit(1);
		alarm_later(60 * NS_PER_MS, number);
		block_conduct(
			&(struct block_conduct_args){
				.path = b.conductor,
				.path_name = path_name,
				.paths = 1,
				.order = b.order,
				.slices = b.slices,
				.point = &b.point,
				.timing = b.timing,
				.failed_path = &b.failed_path,
			},
			b.result, &b.err);
		_exit(0);
	}
	assert_int_equal(read(fd[0], &f.args, sizeof(f.args)), sizeof(f.args));
	f.args.point = &b.point;
	follow(&f, fd[1]);
	assert_int_equal(read(fd[0], &report, sizeof(report)), sizeof(report));
	assert_int_equal(report.rc, -code);
	assert_true(clock_mono_ns() - begun_ns < 2 * PATIENCE_NS);
	kill(conductor, SIGKILL);
	waitpid(conductor, NULL, 0);
	close(fd[0]);
	close(fd[1]);
}

static void test_lost_conductor(void **state)
{
	(void)state;
	for (int d = DIRECTION_SEND; d <= DIRECTION_RECEIVE; d++) {
		run_lost_conductor(SIGKILL, d, ECONNRESET);
		run_lost_conductor(SIGSTOP, d, ETIMEDOUT);
	}
}

static void test_nonsense_is_refused(void **state)
{
	struct block b;

	(void)state;
	init(&b, 1, 2);
	b.order[1] = 1;
	b.follower[0].main = never_follow;
	run(&b);
	assert_int_equal(b.rc, -EINVAL);
	assert_int_equal(b.failed_path, -1);
	release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_many_flows),
		cmocka_unit_test(test_edges_of_turns),
		cmocka_unit_test(test_sockets_are_as_asked),
		cmocka_unit_test(test_congestion_control),
		cmocka_unit_test(test_dead_follower),
		cmocka_unit_test(test_frozen_follower),
		cmocka_unit_test(test_follower_that_never_comes),
		cmocka_unit_test(test_no_progress),
		cmocka_unit_test(test_another_protocol),
		cmocka_unit_test(test_lost_conductor),
		cmocka_unit_test(test_nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
