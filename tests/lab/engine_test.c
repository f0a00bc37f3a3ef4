/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Blocks through agents over real paths: what the engine counts is what the
 * wire carries, settings arrive where they are sent, and a path that is cut
 * in the midst of a block is named and leaves the agents well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/clock.h"
#include "base/netdev.h"
#include "lab/path.h"
#include "lab_bed.h"

#define RATE_BPS    INT64_C(100000000)
#define PATIENCE_NS (500 * NS_PER_MS)
#define CYCLES	    8

static struct engine_bed {
	struct lab *lab;
	struct agent *m2, *m1[BED_PATHS];
} bed;

static const char *const path_name[BED_PATHS] = { "native", "dom0", "native2" };

static void insist(int rc, const struct err *err)
{
	if (rc)
		fail_msg("%s", err->text);
}

static struct agent *attach(struct lab_node *node)
{
	struct lab_channel channel;
	struct err err = ERR_INIT;
	struct agent *agent;

	insist(lab_start_agent(bed.lab, node, &channel, &err), &err);
	insist(agent_attach(&agent, lab_node_name(node), channel.read_fd,
			    channel.write_fd, 30 * NS_PER_S, &err),
	       &err);
	return agent;
}

static int set_up(void **state)
{
	(void)state;
	bed.lab = bed_create(RATE_BPS, getenv("VAZAO"));
	for (size_t p = 0; p < BED_PATHS; p++)
		bed.m1[p] = attach(lab_path_m1(bed.lab, p)->node);
	bed.m2 = attach(lab_path_m2(bed.lab, 0)->node);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t p = 0; p < BED_PATHS; p++)
		agent_detach(bed.m1[p]);
	agent_detach(bed.m2);
	lab_destroy(bed.lab);
	return 0;
}

/* By the agents, as a study does it; the reply is what was read back. */
static void set_end(struct agent *agent, const struct lab_end *end, int mtu)
{
	const struct agent_netdev netdev = { .ifname = end->ifname,
					     .mtu = mtu,
					     .offload = OFFLOAD_OFF };
	struct err err = ERR_INIT;
	json_t *state;

	insist(agent_set_netdev(agent, &netdev, &state, &err), &err);
	assert_int_equal(json_integer_value(json_object_get(state, "mtu")),
			 mtu);
	assert_true(json_is_true(json_object_get(state, "up")));
	assert_true(netdev_offload_is_off(json_object_get(state, "features")));
	json_decref(state);
}

static void set_paths(int mtu)
{
	struct err err = ERR_INIT;

	for (size_t p = 0; p < BED_PATHS; p++) {
		set_end(bed.m1[p], lab_path_m1(bed.lab, p), mtu);
		set_end(bed.m2, lab_path_m2(bed.lab, p), mtu);
		insist(lab_set_hops(bed.lab, p, mtu, OFFLOAD_OFF, &err), &err);
	}
}

struct block {
	struct point point;
	struct agent_block_path path[BED_PATHS];
	int failed_path;
	struct err err;
	int64_t took_ns;
};

static int run_block(struct block *b, int64_t slice_ns)
{
	int order[CYCLES * BED_PATHS];
	const char *address[BED_PATHS];
	const struct agent_block_args args = {
		.m2 = bed.m2,
		.m1 = bed.m1,
		.path_name = path_name,
		.m2_address = address,
		.paths = BED_PATHS,
		.point = &b->point,
		.congestion = "reno",
		.order = order,
		.slices = CYCLES * BED_PATHS,
		.timing = { .warmup_ns = 30 * NS_PER_MS,
			    .guard_ns = 2 * NS_PER_MS,
			    .slice_ns = slice_ns,
			    .patience_ns = PATIENCE_NS },
	};
	int64_t begun_ns = clock_mono_ns();
	int rc;

	for (int p = 0; p < BED_PATHS; p++)
		address[p] = lab_path_m2(bed.lab, (size_t)p)->address;
	for (int s = 0; s < CYCLES * BED_PATHS; s++)
		order[s] = s % BED_PATHS;
	b->err = (struct err)ERR_INIT;
	rc = agent_run_block(&args, b->path, &b->failed_path, &b->err);
	b->took_ns = clock_mono_ns() - begun_ns;
	return rc;
}

static void init_block(struct block *b, int direction, int mtu)
{
	memset(b, 0, sizeof(*b));
	point_init(&b->point);
	b->point.value[AXIS_DIRECTION] = direction;
	b->point.value[AXIS_MTU] = mtu;
	b->point.value[AXIS_SOCKET_SIZE] = 65536;
	b->point.value[AXIS_MESSAGE_SIZE] = 16384;
}

static void free_block(struct block *b)
{
	for (size_t p = 0; p < BED_PATHS; p++)
		agent_block_path_free(&b->path[p]);
}

static double lowest(const double best[BED_PATHS])
{
	double low = best[0];

	for (size_t p = 1; p < BED_PATHS; p++)
		low = best[p] < low ? best[p] : low;
	return low;
}

/*
 * Other load on the machine makes a block slower, so the best of some must
 * come near the wire's rate; but none may be above it by more than what a
 * late reader finds in its socket (64 KB) when a window of 50 ms (625 KB)
 * opens.
 */
static bool reach_rate(int direction, int mtu)
{
	double wire = (double)RATE_BPS / 1e6 * (mtu - 52) / (mtu + 38);
	double best[BED_PATHS] = { 0 };
	struct block b;

	for (int i = 0; i < 16 && lowest(best) <= 0.97; i++) {
		init_block(&b, direction, mtu);
		insist(run_block(&b, 50 * NS_PER_MS), &b.err);
		for (size_t p = 0; p < BED_PATHS; p++) {
			double ratio = b.path[p].throughput_mbps / wire;

			assert_int_equal(b.path[p].sender.mss_bytes, mtu - 52);
			assert_int_equal(b.path[p].slices, CYCLES);
			assert_true(ratio < 1.12);
			best[p] = ratio > best[p] ? ratio : best[p];
		}
		free_block(&b);
	}
	for (size_t p = 0; p < BED_PATHS; p++)
		print_message("%s mtu %d %s: %.4f of the wire's rate\n",
			      path_name[p], mtu, direction ? "receive" : "send",
			      best[p]);
	return lowest(best) > 0.97;
}

static void test_it_counts_what_the_wire_carries(void **state)
{
	static const int mtu[] = { 1500, 500 };

	(void)state;
	for (size_t m = 0; m < 2; m++) {
		set_paths(mtu[m]);
		if (reach_rate(DIRECTION_SEND, mtu[m]) &&
		    reach_rate(DIRECTION_RECEIVE, mtu[m]))
			continue;
		assert_true(bed_machine_is_busy());
		fprintf(stderr,
			"the machine is too busy for the wire's rate\n");
		skip();
	}
}

/* In that node alone; what it refuses is told as it is. */
static void test_a_sysctl_is_the_nodes_own(void **state)
{
	json_t *wanted = json_pack("{ss ss}", "net.ipv4.tcp_sack", "0",
				   "net/ipv4/conf/eth0/forwarding", "nonsense");
	json_t *names = json_pack("[s]", "net.ipv4.tcp_sack");
	struct err err = ERR_INIT;
	json_t *now;

	(void)state;
	insist(agent_set_sysctl(bed.m1[0], wanted, &now, &err), &err);
	assert_string_equal(
		json_string_value(json_object_get(now, "net.ipv4.tcp_sack")),
		"0");
	assert_string_equal(json_string_value(json_object_get(
				    now, "net/ipv4/conf/eth0/forwarding")),
			    "0");
	json_decref(now);
	insist(agent_get_sysctl(bed.m2, names, &now, &err), &err);
	assert_string_equal(
		json_string_value(json_object_get(now, "net.ipv4.tcp_sack")),
		"1");
	json_decref(now);
	json_decref(names);
	json_decref(wanted);
}

static void set_link(size_t path, bool up)
{
	struct err err = ERR_INIT;

	insist(netdev_set_up(
		       netns_ioctl_fd(lab_path_m1(bed.lab, path)->node->netns),
		       "eth0", up, &err),
	       &err);
}

/* A link that has just come up again may lose a first packet or two. */
static void run_again(int direction)
{
	struct block b;
	int rc = -1;

	for (int i = 0; i < 5 && rc; i++) {
		init_block(&b, direction, 1500);
		rc = run_block(&b, 10 * NS_PER_MS);
	}
	insist(rc, &b.err);
	free_block(&b);
}

/* No reset comes over a cut path: silence alone tells. */
static void cut_in_midst(int direction)
{
	struct block b;
	pid_t cutter = fork();

	if (cutter == 0) {
		clock_sleep_ns(150 * NS_PER_MS);
		set_link(2, false);
		_exit(0);
	}
	init_block(&b, direction, 1500);
	assert_int_equal(run_block(&b, 10 * NS_PER_MS), -ETIMEDOUT);
	assert_int_equal(b.failed_path, 2);
	assert_non_null(strstr(b.err.text, "native2"));
	assert_true(b.took_ns < 5 * NS_PER_S);
	waitpid(cutter, NULL, 0);
	for (size_t p = 0; p < BED_PATHS; p++)
		insist(agent_ping(bed.m1[p], &b.err), &b.err);
	insist(agent_ping(bed.m2, &b.err), &b.err);
	set_link(2, true);
	run_again(direction);
}

static void test_a_path_is_cut_in_midst(void **state)
{
	(void)state;
	set_paths(1500);
	cut_in_midst(DIRECTION_SEND);
	cut_in_midst(DIRECTION_RECEIVE);
}

static int inside(void *arg)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_counts_what_the_wire_carries),
		cmocka_unit_test(test_a_sysctl_is_the_nodes_own),
		cmocka_unit_test(test_a_path_is_cut_in_midst),
	};

	(void)arg;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

int main(int argc, char **argv)
{
	return bed_main(argc, argv, inside);
}
