/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Blocks in which a path has several pairs, over loopback: the conductor in
 * this process, each pair's follower in a child. Path 0 has one member, path 1
 * has three.
 */
#include <arpa/inet.h>
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

#include <errno.h>

#include "base/clock.h"
#include "workload/block.h"
#include "workload/group.h"

#define MEMBERS	    4
#define SLICES	    8
#define PATIENCE_NS (1500 * NS_PER_MS)

static const char *const names[MEMBERS] = { "native", "domU, pair 1",
					    "domU, pair 2", "domU, pair 3" };
static const size_t pairs[2] = { 1, 3 };
static const int order[SLICES] = { 0, 1, 1, 0, 0, 1, 1, 0 };

struct report {
	int rc;
	struct block_slice slice[SLICES];
	size_t slices;
	int64_t messages;
	struct histogram latency;
	bool has_latency;
};

struct pair {
	struct point point;
	struct block_follow_args args;
	int64_t begin_late_ns, die_after_ns; /* 0: not */
	bool never;			     /* connects */
	pid_t pid;
	int report_fd;
	struct report report;
};

struct bed {
	struct pair pair[MEMBERS];
	struct block_conductor *conductor[MEMBERS];
	struct block_result result[MEMBERS];
	struct block_timing timing;
	size_t edges, wrong;
	int rc, failed;
	struct err err;
};

static void bed_init(struct bed *bed, int direction)
{
	*bed = (struct bed){ .timing = { .warmup_ns = 5 * NS_PER_MS,
					 .guard_ns = 2 * NS_PER_MS,
					 .slice_ns = 20 * NS_PER_MS,
					 .patience_ns = PATIENCE_NS },
			     .failed = -2 };
	for (size_t i = 0; i < MEMBERS; i++) {
		struct point *point = &bed->pair[i].point;

		point_init(point);
		point->value[AXIS_DIRECTION] = direction;
		point->value[AXIS_MESSAGE_SIZE] = 4096;
	}
}

/* What the child does; its report goes down the pipe. */
static void follow(struct pair *pair, int fd)
{
	struct block_result result;
	struct report *report = &pair->report;
	struct err err = ERR_INIT;

	if (pair->begin_late_ns)
		clock_sleep_ns(pair->begin_late_ns);
	if (pair->die_after_ns && fork() == 0) {
		clock_sleep_ns(pair->die_after_ns);
		kill(getppid(), SIGKILL);
		_exit(0);
	}
	if (pair->never)
		_exit(0);
	report->rc = block_follow(&pair->args, &result, &err);
	report->slices = result.slices;
	report->messages = result.messages;
	for (size_t i = 0; i < result.slices && i < SLICES; i++)
		report->slice[i] = result.slice[i];
	report->has_latency = result.latency;
	if (result.latency)
		report->latency = *result.latency;
	if (write(fd, report, sizeof(*report)) != sizeof(*report))
		_exit(1);
	_exit(0);
}

static void start(struct bed *bed, size_t i)
{
	struct pair *pair = &bed->pair[i];
	struct block_listen_args args = {
		.address = address_of_ipv4(INADDR_LOOPBACK + (uint32_t)i),
		.point = &pair->point,
	};
	int fd[2];

	pair->args = (struct block_follow_args){
		.address = args.address,
		.point = &pair->point,
		.timing = bed->timing,
		.turn_wait_ns =
			block_longest_ns(&bed->timing, 2, SLICES, MEMBERS),
	};
	assert_int_equal(block_listen(&bed->conductor[i], &args,
				      &pair->args.data_port,
				      &pair->args.baton_port, &bed->err),
			 0);
	assert_int_equal(pipe(fd), 0);
	pair->pid = fork();
	if (pair->pid == 0) {
		close(fd[0]);
		follow(pair, fd[1]);
	}
	close(fd[1]);
	pair->report_fd = fd[0];
}

static void finish(struct bed *bed, size_t i)
{
	struct pair *pair = &bed->pair[i];

	block_conductor_free(bed->conductor[i]);
	if (read(pair->report_fd, &pair->report, sizeof(pair->report)) !=
	    sizeof(pair->report))
		pair->report.rc = 1; /* it died */
	close(pair->report_fd);
	waitpid(pair->pid, NULL, 0);
}

/* Once a turn for all its members; between turns nobody has one. */
static void begins(void *arg, size_t path, const struct end *const *end,
		   size_t ends)
{
	struct bed *bed = arg;

	bed->wrong += bed->edges++ % 2 != 0 || ends != pairs[path] ||
		      block_end_flows(end[ends - 1]) < 1;
}

static void ends_turn(void *arg, size_t path, const struct end *const *end,
		      size_t ends)
{
	struct bed *bed = arg;

	(void)end;
	bed->wrong += bed->edges++ % 2 != 1 || ends != pairs[path];
}

static void run(struct bed *bed)
{
	const struct block_watch watch = { begins, ends_turn, bed, NULL };
	const struct block_conduct_args args = {
		.path = bed->conductor,
		.path_name = names,
		.paths = 2,
		.pairs = pairs,
		.order = order,
		.slices = SLICES,
		.point = &bed->pair[0].point,
		.timing = bed->timing,
		.failed_path = &bed->failed,
		.watch = &watch,
	};

	for (size_t i = 0; i < MEMBERS; i++)
		start(bed, i);
	bed->rc = block_conduct(&args, bed->result, &bed->err);
	for (size_t i = 0; i < MEMBERS; i++)
		finish(bed, i);
}

static void release(struct bed *bed)
{
	for (size_t i = 0; i < MEMBERS; i++)
		block_result_free(&bed->result[i]);
}

static void check_good(struct bed *bed)
{
	if (bed->rc)
		print_error("%s\n", bed->err.text);
	assert_int_equal(bed->rc, 0);
	assert_int_equal(bed->failed, -1);
	assert_int_equal(bed->wrong, 0);
	assert_int_equal(bed->edges, 2 * SLICES);
}

/* Every member has all its path's slices, each in time and with data. */
static void check_slices(const struct bed *bed, size_t i)
{
	const struct pair *pair = &bed->pair[i];
	bool here = block_conductor_counts(&pair->point);
	const struct block_slice *slice =
		here ? bed->result[i].slice : pair->report.slice;
	int64_t bytes = 0;

	assert_int_equal(pair->report.rc, 0);
	assert_int_equal(here ? bed->result[i].slices : pair->report.slices,
			 SLICES / 2);
	for (size_t s = 0; s < SLICES / 2; s++) {
		bytes += slice[s].bytes; /* none in one, on a busy machine */
		assert_true(slice[s].duration_ns >= bed->timing.slice_ns);
		assert_true(slice[s].duration_ns <
			    bed->timing.slice_ns + 200 * NS_PER_MS);
	}
	assert_true(bytes > 0);
}

static void test_pairs_run_together(void **state)
{
	(void)state;
	for (int d = DIRECTION_SEND; d <= DIRECTION_BOTH; d++) {
		struct bed bed;

		bed_init(&bed, d);
		run(&bed);
		check_good(&bed);
		for (size_t i = 0; i < MEMBERS; i++)
			check_slices(&bed, i);
		release(&bed);
	}
}

static void test_pairs_with_flows_and_threads(void **state)
{
	struct bed bed;

	(void)state;
	bed_init(&bed, DIRECTION_SEND);
	for (size_t i = 0; i < MEMBERS; i++) {
		bed.pair[i].point.value[AXIS_FLOWS] = 4;
		bed.pair[i].point.value[AXIS_THREADS] = 2;
	}
	run(&bed);
	assert_int_equal(bed.rc, 0);
	for (size_t i = 0; i < MEMBERS; i++)
		check_slices(&bed, i);
	release(&bed);
}

/* The others wait for who comes late; and for who is slow to send, whose
 * slices are as long as theirs. */
static void test_one_is_slow(void **state)
{
	struct bed bed;

	(void)state;
	bed_init(&bed, DIRECTION_SEND);
	bed.pair[2].begin_late_ns = 300 * NS_PER_MS;
	bed.pair[3].point.value[AXIS_PACING_RATE] = 80000000;
	bed.pair[3].point.value[AXIS_SOCKET_SIZE] = 8192;
	run(&bed);
	check_good(&bed);
	for (size_t i = 0; i < MEMBERS; i++)
		check_slices(&bed, i);
	release(&bed);
}

/* An exchange beside streams: its window lies within theirs, so their load is
 * on it all the time. */
static void test_a_neighbor_of_another_workload(void **state)
{
	struct bed bed;

	(void)state;
	bed_init(&bed, DIRECTION_SEND);
	bed.pair[3].point.value[AXIS_WORKLOAD] = WORKLOAD_TCP_RR;
	run(&bed);
	check_good(&bed);
	for (size_t i = 0; i < MEMBERS; i++)
		check_slices(&bed, i);
	assert_true(bed.pair[3].report.has_latency);
	assert_true(bed.pair[3].report.latency.total > 0);
	release(&bed);
}

static void run_failure(struct bed *bed, int code, int64_t longest_ns)
{
	int64_t begun_ns = clock_mono_ns();

	run(bed);
	assert_true(clock_mono_ns() - begun_ns < longest_ns);
	assert_int_equal(bed->rc, -code);
	assert_int_equal(bed->failed, 2);
	assert_non_null(strstr(bed->err.text, "path domU, pair 2: "));
	for (size_t i = 0; i < MEMBERS; i++)
		assert_true(bed->pair[i].report.rc != 0);
	release(bed);
}

static void test_one_dies(void **state)
{
	(void)state;
	for (int d = DIRECTION_SEND; d <= DIRECTION_RECEIVE; d++) {
		struct bed bed;

		bed_init(&bed, d);
		bed.timing.slice_ns = 60 * NS_PER_MS;
		bed.pair[2].die_after_ns = 150 * NS_PER_MS;
		run_failure(&bed, ECONNRESET, PATIENCE_NS);
	}
}

static void test_one_never_connects(void **state)
{
	struct bed bed;

	(void)state;
	bed_init(&bed, DIRECTION_SEND);
	bed.pair[2].never = true;
	run_failure(&bed, ETIMEDOUT, 2 * PATIENCE_NS);
}

static void test_a_path_without_pairs_is_refused(void **state)
{
	static const size_t none[2] = { 4, 0 };
	struct bed bed;
	const struct block_conduct_args args = {
		.paths = 2,
		.pairs = none,
		.failed_path = &bed.failed,
	};

	(void)state;
	bed_init(&bed, DIRECTION_SEND);
	assert_int_equal(block_conduct(&args, bed.result, &bed.err), -EINVAL);
	assert_non_null(strstr(bed.err.text, "0 pairs"));
}

/* The group alone: all at the same time, each in a thread of its own. */

static int meet(void *arg, size_t member, struct err *err)
{
	struct group *group = arg;
	struct gate *gate = group_gate(group);

	(void)err;
	clock_sleep_ns((int64_t)member * NS_PER_MS);
	gate_arrive(gate, GATE_OPEN);
	while (!gate_is_passed(gate, GATE_OPEN, NULL))
		clock_sleep_ns(NS_PER_MS / 10);
	return 0;
}

static int fail_or_see_it(void *arg, size_t member, struct err *err)
{
	struct group *group = arg;

	if (member == 5)
		return err_set(err, EIO, "member 5");
	while (!gate_is_broken(group_gate(group)))
		clock_sleep_ns(NS_PER_MS / 10);
	return err_set(err, ECANCELED, "member %zu", member);
}

static void test_a_group_meets_and_tells_who_failed(void **state)
{
	struct err err = ERR_INIT;
	struct group *group;
	size_t failed = 99;

	(void)state;
	assert_int_equal(group_open(&group, 64, &err), 0);
	for (int i = 0; i < 20; i++) {
		gate_reset(group_gate(group));
		assert_int_equal(group_run(group, meet, group, &failed, &err),
				 0);
	}
	gate_reset(group_gate(group));
	assert_int_equal(group_run(group, fail_or_see_it, group, &failed, &err),
			 -EIO);
	assert_int_equal(failed, 5);
	assert_string_equal(err.text, "member 5");
	group_close(group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_group_meets_and_tells_who_failed),
		cmocka_unit_test(test_pairs_run_together),
		cmocka_unit_test(test_pairs_with_flows_and_threads),
		cmocka_unit_test(test_one_is_slow),
		cmocka_unit_test(test_a_neighbor_of_another_workload),
		cmocka_unit_test(test_one_dies),
		cmocka_unit_test(test_one_never_connects),
		cmocka_unit_test(test_a_path_without_pairs_is_refused),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
