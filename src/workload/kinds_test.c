/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every workload over loopback, one path: the conductor here, the follower in
 * a child. What is counted is possible, and what is known beforehand (numbers
 * of datagrams, rates that were asked for) is met.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "workload/block.h"

#define SLICES 4

/* What a follower hands back through a pipe. */
struct report {
	int rc;
	struct err err;
	struct block_result result; /* its pointers are the child's */
	struct block_slice slice[SLICES];
	struct histogram latency;
};

struct run {
	struct point point;
	struct block_timing timing;
	const uint8_t *token;
	int rc;
	struct err err;
	struct block_result conductor;
	struct report follower;
};

static void init(struct run *r, int workload)
{
	memset(r, 0, sizeof(*r));
	point_init(&r->point);
	r->point.value[AXIS_WORKLOAD] = workload;
	if (!axis_applies(AXIS_MESSAGE_SIZE, &r->point))
		r->point.value[AXIS_MESSAGE_SIZE] = 65536;
	r->timing = (struct block_timing){ .warmup_ns = 10 * NS_PER_MS,
					   .guard_ns = 2 * NS_PER_MS,
					   .slice_ns = 20 * NS_PER_MS,
					   .patience_ns = 2 * NS_PER_S };
}

static void follow(const struct block_follow_args *args, int fd)
{
	static struct report report;
	size_t done = 0;

	report.rc = block_follow(args, &report.result, &report.err);
	for (size_t i = 0; i < report.result.slices && i < SLICES; i++)
		report.slice[i] = report.result.slice[i];
	if (report.result.latency)
		report.latency = *report.result.latency;
	while (done < sizeof(report)) {
		ssize_t n = write(fd, (char *)&report + done,
				  sizeof(report) - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	_exit(0);
}

static void read_report(struct run *r, int fd)
{
	size_t have = 0;
	ssize_t n = 1;

	while (have < sizeof(r->follower) && n > 0) {
		n = read(fd, (char *)&r->follower + have,
			 sizeof(r->follower) - have);
		have += n > 0 ? (size_t)n : 0;
	}
	assert_int_equal(have, sizeof(r->follower));
	r->follower.result.slice = r->follower.slice;
	if (r->follower.result.latency)
		r->follower.result.latency = &r->follower.latency;
}

/* 0, or what block_listen() refuses. */
static int run(struct run *r)
{
	static const char *const name = "path";
	static const int order[SLICES] = { 0 };
	char data_address[ADDRESS_TEXT_MAX];
	const struct block_listen_args listen = {
		.address = address_of_ipv4(INADDR_LOOPBACK),
		.point = &r->point,
		.token = r->token,
		.data_address = data_address,
	};
	struct block_conductor *conductor;
	struct block_follow_args args = {
		.address = listen.address,
		.point = &r->point,
		.token = r->token,
		.data_address = data_address,
		.timing = r->timing,
		.turn_wait_ns = 5 * NS_PER_S,
	};
	int failed_path, fd[2];
	const struct block_conduct_args conduct = {
		.path = &conductor,
		.path_name = &name,
		.paths = 1,
		.order = order,
		.slices = SLICES,
		.point = &r->point,
		.timing = r->timing,
		.failed_path = &failed_path,
	};
	int rc = block_listen(&conductor, &listen, &args.data_port,
			      &args.baton_port, &r->err);

	if (rc)
		return rc;
	assert_int_equal(pipe(fd), 0);
	if (fork() == 0)
		follow(&args, fd[1]);
	close(fd[1]);
	r->rc = block_conduct(&conduct, &r->conductor, &r->err);
	block_conductor_free(conductor);
	read_report(r, fd[0]);
	close(fd[0]);
	wait(NULL);
	return 0;
}

static void run_well(struct run *r)
{
	struct err err = ERR_INIT;

	if (point_check(&r->point, &err))
		fail_msg("%s", err.text);
	if (run(r))
		fail_msg("%s", r->err.text);
	if (r->rc)
		fail_msg("conductor: %s; follower: %s", r->err.text,
			 r->follower.err.text);
	if (r->follower.rc)
		fail_msg("follower: %s", r->follower.err.text);
}

static void release(struct run *r)
{
	block_result_free(&r->conductor);
}

static double mbps(const struct block_result *result)
{
	double sum = 0;

	for (size_t i = 0; i < result->slices; i++)
		sum += (double)result->slice[i].bytes * 8e3 /
		       (double)result->slice[i].duration_ns;
	return sum / (double)result->slices;
}

static void check_slices(const struct run *r, const struct block_result *result)
{
	assert_int_equal(result->slices, SLICES);
	for (size_t i = 0; i < SLICES; i++) {
		assert_true(result->slice[i].bytes > 0);
		assert_true(result->slice[i].duration_ns >= r->timing.slice_ns);
	}
}

/* In all shares of flows among threads. */
static void stream_with(int workload, int direction, int64_t flows,
			int64_t threads)
{
	struct run r;

	init(&r, workload);
	r.point.value[AXIS_DIRECTION] = direction;
	r.point.value[AXIS_FLOWS] = flows;
	r.point.value[AXIS_THREADS] = threads;
	run_well(&r);
	if (direction != DIRECTION_RECEIVE)
		check_slices(&r, &r.conductor);
	if (direction != DIRECTION_SEND)
		check_slices(&r, &r.follower.result);
	release(&r);
}

static void test_threads(void **state)
{
	(void)state;
	for (int d = DIRECTION_SEND; d <= DIRECTION_BOTH; d++) {
		stream_with(WORKLOAD_TCP_STREAM, d, 2, 2);
		stream_with(WORKLOAD_TCP_STREAM, d, 7, 3);
		stream_with(WORKLOAD_TCP_STREAM, d, 64, 4);
	}
}

static void test_both_directions(void **state)
{
	(void)state;
	stream_with(WORKLOAD_TCP_STREAM, DIRECTION_BOTH, 1, 1);
	stream_with(WORKLOAD_TCP_STREAM, DIRECTION_BOTH, 8, 1);
	stream_with(WORKLOAD_UNIX_STREAM, DIRECTION_BOTH, 2, 1);
}

static void test_unix_stream(void **state)
{
	(void)state;
	stream_with(WORKLOAD_UNIX_STREAM, DIRECTION_SEND, 1, 1);
	stream_with(WORKLOAD_UNIX_STREAM, DIRECTION_RECEIVE, 4, 2);
}

static void test_zero_copy(void **state)
{
	(void)state;
	for (int z = ZERO_COPY_MSG; z <= ZERO_COPY_SPLICE; z++)
		for (int64_t flows = 1; flows <= 3; flows += 2) {
			struct run r;

			init(&r, WORKLOAD_TCP_STREAM);
			r.point.value[AXIS_ZERO_COPY] = z;
			r.point.value[AXIS_FLOWS] = flows;
			r.point.value[AXIS_THREADS] =
				z == ZERO_COPY_SPLICE ? flows : 1;
			r.point.value[AXIS_MSG_TRUNC] = flows > 1;
			run_well(&r);
			check_slices(&r, &r.conductor);
			assert_true(r.follower.result.fed_bytes > 0);
			release(&r);
		}
}

static void test_tcp_is_paced(void **state)
{
	struct run r;

	(void)state;
	init(&r, WORKLOAD_TCP_STREAM);
	r.point.value[AXIS_PACING_RATE] = 50000000;
	r.point.value[AXIS_MESSAGE_SIZE] = 4096;
	r.timing.warmup_ns = 100 * NS_PER_MS;
	r.timing.slice_ns = 100 * NS_PER_MS;
	run_well(&r);
	assert_true(mbps(&r.conductor) < 60);
	assert_true(mbps(&r.conductor) > 25);
	release(&r);
}

/* Latencies of transactions are there, as many as were counted, and their
 * sum is no longer than the time in which each flow had one under way. */
static void check_exchange(struct run *r, const struct block_result *asked)
{
	int64_t bytes = 0, ns = 0;
	int64_t each = block_transaction_bytes(&r->point);
	int64_t flows = r->point.value[AXIS_FLOWS];
	double p50, p99;

	check_slices(r, asked);
	for (size_t i = 0; i < SLICES; i++) {
		bytes += asked->slice[i].bytes;
		ns += asked->slice[i].duration_ns;
	}
	assert_non_null(asked->latency);
	assert_int_equal(bytes % each, 0);
	assert_true(llabs((int64_t)asked->latency->total - bytes / each) <=
		    flows * SLICES);
	p50 = histogram_quantile(asked->latency, 0.5);
	p99 = histogram_quantile(asked->latency, 0.99);
	assert_true(p50 > 500 && p50 <= p99);
	assert_true(p50 * (double)asked->latency->total / 2 <=
		    (double)(ns * flows));
}

static void exchange_with(int workload, int direction, int64_t flows,
			  int64_t threads, int64_t request, int64_t response)
{
	struct run r;

	init(&r, workload);
	r.point.value[AXIS_DIRECTION] = direction;
	r.point.value[AXIS_FLOWS] = flows;
	r.point.value[AXIS_THREADS] = threads;
	r.point.value[AXIS_REQUEST_SIZE] = request;
	r.point.value[AXIS_RESPONSE_SIZE] = response;
	run_well(&r);
	if (direction == DIRECTION_SEND) {
		assert_null(r.conductor.latency);
		check_exchange(&r, &r.follower.result);
	} else {
		check_exchange(&r, &r.conductor);
	}
	release(&r);
}

static void test_rr(void **state)
{
	(void)state;
	for (int w = WORKLOAD_TCP_RR; w <= WORKLOAD_UNIX_RR; w++) {
		if (w != WORKLOAD_TCP_RR && w != WORKLOAD_UDP_RR &&
		    w != WORKLOAD_UNIX_RR)
			continue;
		for (int d = DIRECTION_SEND; d <= DIRECTION_RECEIVE; d++) {
			exchange_with(w, d, 1, 1, 1, 1);
			exchange_with(w, d, 1, 1, 20000, 300);
			exchange_with(w, d, 16, 1, 100, 2000);
			exchange_with(w, d, 9, 3, 1, 1);
		}
	}
	exchange_with(WORKLOAD_TCP_RR, DIRECTION_SEND, 1, 1, 1000000, 1000000);
	exchange_with(WORKLOAD_TCP_RR, DIRECTION_SEND, 4, 1, 1000000, 1);
}

static void test_crr(void **state)
{
	(void)state;
	exchange_with(WORKLOAD_TCP_CRR, DIRECTION_SEND, 1, 1, 1, 1);
	exchange_with(WORKLOAD_TCP_CRR, DIRECTION_SEND, 8, 2, 100, 30000);
	exchange_with(WORKLOAD_UNIX_CRR, DIRECTION_SEND, 1, 1, 1, 1);
	exchange_with(WORKLOAD_UNIX_CRR, DIRECTION_SEND, 4, 1, 10, 10);
}

static void test_tokens(void **state)
{
	static const uint8_t token[BLOCK_TOKEN_BYTES] = "0123456789abcde";
	static const int workloads[] = {
		WORKLOAD_TCP_RR,      WORKLOAD_TCP_CRR,	 WORKLOAD_UDP_STREAM,
		WORKLOAD_UNIX_PACKET, WORKLOAD_UNIX_CRR,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(workloads) / sizeof(*workloads); i++) {
		struct run r;

		init(&r, workloads[i]);
		r.point.value[AXIS_MESSAGE_SIZE] = 1000;
		r.point.value[AXIS_FLOWS] = 3;
		r.token = token;
		run_well(&r);
		release(&r);
	}
}

static void check_datagrams(const struct run *r, int64_t size)
{
	const struct block_datagrams *d = &r->conductor.datagrams;
	int64_t bytes = 0;

	for (size_t i = 0; i < SLICES; i++)
		bytes += r->conductor.slice[i].bytes;
	check_slices(r, &r->conductor);
	assert_int_equal(bytes, d->received * size);
	assert_true(d->lost >= 0 && d->reordered == 0);
	assert_true(r->follower.result.fed_bytes >= bytes);
	assert_true(r->follower.result.fed_ns > 0);
}

static void test_udp_stream(void **state)
{
	static const int64_t size[] = { 24, 1472, 65507 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (int64_t flows = 1; flows <= 6; flows += 5) {
			struct run r;

			init(&r, WORKLOAD_UDP_STREAM);
			r.point.value[AXIS_MESSAGE_SIZE] = size[i];
			r.point.value[AXIS_FLOWS] = flows;
			r.point.value[AXIS_THREADS] = flows > 1 ? 2 : 1;
			run_well(&r);
			check_datagrams(&r, size[i]);
			release(&r);
		}
}

/* A part of what is asked for may be lost to a busy machine; nothing is gained
 * but what the turn before was late with. */
static void test_udp_is_paced(void **state)
{
	(void)state;
	for (int64_t flows = 1; flows <= 4; flows += 3) {
		struct run r;

		init(&r, WORKLOAD_UDP_STREAM);
		r.point.value[AXIS_MESSAGE_SIZE] = 1000;
		r.point.value[AXIS_PACING_RATE] = 8000000;
		r.point.value[AXIS_FLOWS] = flows;
		r.timing.slice_ns = 100 * NS_PER_MS;
		run_well(&r);
		check_datagrams(&r, 1000);
		assert_true(mbps(&r.conductor) < 8.3 * (double)flows);
		assert_true(mbps(&r.conductor) > 4 * (double)flows);
		assert_int_equal(r.conductor.datagrams.lost, 0);
		assert_true(r.conductor.datagrams.jitter_us < 10000);
		release(&r);
	}
}

static void test_unix_packet(void **state)
{
	struct run r;

	(void)state;
	init(&r, WORKLOAD_UNIX_PACKET);
	r.point.value[AXIS_MESSAGE_SIZE] = 1400;
	run_well(&r);
	check_datagrams(&r, 1400);
	assert_int_equal(r.conductor.datagrams.lost, 0);
	release(&r);
}

/* Where the kernel has no way it is said; never a hang. */
static void test_vsock_works_or_says_why(void **state)
{
	struct run r;
	int rc;

	(void)state;
	init(&r, WORKLOAD_VSOCK_STREAM);
	r.timing.patience_ns = 300 * NS_PER_MS;
	rc = run(&r);
	if (rc == 0 && r.rc == 0) {
		check_slices(&r, &r.conductor);
	} else {
		print_message("%s; %s\n", r.err.text, r.follower.err.text);
		assert_true(rc == -EOPNOTSUPP || r.follower.rc == -EOPNOTSUPP ||
			    strstr(r.err.text, "vsock"));
	}
	release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_unix_stream),
		cmocka_unit_test(test_zero_copy),
		cmocka_unit_test(test_tcp_is_paced),
		cmocka_unit_test(test_rr),
		cmocka_unit_test(test_crr),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_udp_stream),
		cmocka_unit_test(test_udp_is_paced),
		cmocka_unit_test(test_unix_packet),
		cmocka_unit_test(test_vsock_works_or_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
