/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A lab's network: names, addresses, traffic over every path, MTU and offload
 * on every hop, errors. Runs as root and with --rootless.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/axis.h"
#include "base/clock.h"
#include "base/netdev.h"
#include "lab/inside.h"
#include "lab_bed.h"

#define ECHO "/bin/echo" /* stands for an agent: says its arguments */

static int set_up(void **state)
{
	*state = bed_create(0, ECHO);
	return 0;
}

static int tear_down(void **state)
{
	lab_destroy(*state);
	return 0;
}

/*
 * Names.
 */

static bool has_link(const struct lab *lab, const char *node,
		     const char *ifname)
{
	struct lab_netns *netns = lab_find_node(lab, node)->netns;
	int mtu;

	return !netdev_get_mtu(netns_ioctl_fd(netns), ifname, &mtu, NULL);
}

static void test_figure_1_by_its_names(void **state)
{
	static const char *const names[] = { "eth0", "vif0.0", "xenbr0",
					     "peth0" };
	struct lab *lab = *state;

	for (int i = 0; i < 4; i++)
		assert_true(has_link(lab, "dom0", names[i]));
	assert_false(has_link(lab, "dom0", "veth0"));
	assert_true(has_link(lab, "native", "eth0"));
	assert_false(has_link(lab, "native", "peth0"));
	assert_string_equal(lab_path_m1(lab, BED_DOM0)->ifname, "eth0");
	assert_ptr_equal(lab_path_m1(lab, BED_DOM0)->node,
			 lab_find_node(lab, "dom0"));
}

static void test_bridge_and_macs_as_xen_has_them(void **state)
{
	struct lab *lab = *state;
	const char *cmd = "ip -o link show master xenbr0 | "
			  "grep -c 'link/ether fe:ff:ff:ff:ff:ff' | grep -qx 2 "
			  "&& ip -o link show eth0 | grep -q "
			  "'link/ether 02:76:7a:'";
	char *argv[] = { "sh", "-c", (char *)cmd, NULL };
	int status = -1;

	assert_int_equal(
		lab_exec(lab, lab_find_node(lab, "dom0"), argv, &status, NULL),
		0);
	assert_int_equal(status, 0);
}

static void test_nodes_once_and_m2_last(void **state)
{
	static const char *const names[] = { "native", "dom0", "native2",
					     "M2" };
	struct lab *lab = *state;

	assert_int_equal(lab_nodes(lab), 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(lab_node_name(lab_node_at(lab, i)),
				    names[i]);
	assert_null(lab_find_node(lab, "domU"));
}

static void test_no_ipv6_on_interfaces(void **state)
{
	struct lab *lab = *state;
	char *argv[] = { "sh", "-c",
			 "! grep -v ' lo$' /proc/thread-self/net/if_inet6",
			 NULL };

	for (size_t i = 0; i < lab_nodes(lab); i++) {
		int status = -1;

		lab_exec(lab, lab_node_at(lab, i), argv, &status, NULL);
		assert_int_equal(status, 0);
	}
}

/* Nobody speaks before a node does: no frame but what a test sends. */
static void test_silence(void **state)
{
	struct lab *lab = *state;
	json_t *counters, *hop;
	size_t i;

	clock_sleep_ns(1500 * NS_PER_MS);
	for (size_t path = 0; path < BED_PATHS; path++) {
		assert_int_equal(lab_read_counters(lab, path, &counters, NULL),
				 0);
		json_array_foreach(counters, i, hop)
			assert_int_equal(json_integer_value(json_object_get(
						 hop, "tx_packets")),
					 0);
		json_decref(counters);
	}
}

/*
 * Traffic.
 */

static void test_stream_over_every_path(void **state)
{
	struct lab *lab = *state;

	for (size_t path = 0; path < BED_PATHS; path++)
		for (int reverse = 0; reverse < 2; reverse++)
			assert_true(bed_run_stream(lab, path, reverse,
						   50 * NS_PER_MS)
					    .bytes > 100000);
}

/* Counters of a path's hops are its own, and of this path alone. */
static void test_traffic_stays_on_its_path(void **state)
{
	struct lab *lab = *state;
	int64_t before[BED_PATHS], after[BED_PATHS];
	json_t *c;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t p = 0; p < BED_PATHS; p++) {
			lab_read_counters(lab, p, &c, NULL);
			(pass ? after : before)[p] =
				json_integer_value(json_object_get(
					json_array_get(c, 0), "tx_packets"));
			json_decref(c);
		}
		if (!pass)
			bed_run_stream(lab, BED_DOM0, false, 20 * NS_PER_MS);
	}
	assert_true(after[BED_DOM0] > before[BED_DOM0] + 10);
	assert_int_equal(after[BED_NATIVE], before[BED_NATIVE]);
	assert_int_equal(after[BED_NATIVE2], before[BED_NATIVE2]);
}

static unsigned count_long_frames(struct lab *lab, size_t path, int mtu,
				  int offload)
{
	const struct lab_path *p = &lab->path[path];
	int trap[PATH_HOPS_MAX];
	unsigned caught = 0;

	bed_set(lab, path, mtu, offload);
	for (int i = 0; i < p->hops; i++)
		trap[i] = bed_open_trap(&p->hop[i], mtu);
	for (int reverse = 0; reverse < 2; reverse++)
		assert_true(bed_run_stream(lab, path, reverse, 100 * NS_PER_MS)
				    .bytes > 0);
	for (int i = 0; i < p->hops; i++)
		caught += bed_count_caught(trap[i]);
	return caught;
}

static void test_no_frame_exceeds_the_mtu(void **state)
{
	static const int mtus[] = { 500, 1500, 576, 9000, 500 };

	for (size_t path = 0; path < BED_NATIVE2; path++)
		for (size_t i = 0; i < 5; i++)
			assert_int_equal(count_long_frames(*state, path,
							   mtus[i],
							   OFFLOAD_OFF),
					 0);
}

/* The trap does catch: with offload on it is full of segments to be cut. */
static void test_offload_lets_long_frames_through(void **state)
{
	assert_true(count_long_frames(*state, BED_NATIVE, 500, OFFLOAD_ON) >
		    10);
	assert_true(count_long_frames(*state, BED_DOM0, 500, OFFLOAD_ON) > 10);
	assert_int_equal(count_long_frames(*state, BED_DOM0, 500, OFFLOAD_OFF),
			 0);
}

static void test_hops_are_described_as_set(void **state)
{
	struct lab *lab = *state;
	json_t *all, *hops, *hop;
	size_t i;

	bed_set(lab, BED_DOM0, 700, OFFLOAD_OFF);
	all = lab_describe(lab);
	assert_int_equal(json_array_size(all), BED_PATHS);
	hops = json_object_get(json_array_get(all, BED_DOM0), "hops");
	assert_int_equal(json_array_size(hops), 5);
	json_array_foreach(hops, i, hop) {
		assert_int_equal(
			json_integer_value(json_object_get(hop, "mtu")), 700);
		assert_true(netdev_offload_is_off(
			json_object_get(hop, "features")));
		assert_string_equal(
			json_string_value(json_object_get(hop, "qdisc")),
			"noqueue");
	}
	json_decref(all);
}

/* What a hop does not take is refused, by the hop's name. */
static void test_mtu_that_does_not_fit_is_refused(void **state)
{
	struct err err = ERR_INIT;

	assert_true(lab_set_hops(*state, BED_DOM0, 100000, OFFLOAD_OFF, &err) <
		    0);
	assert_non_null(strstr(err.text, "path dom0"));
	assert_non_null(strstr(err.text, "vif0.0"));
	assert_non_null(strstr(err.text, "100000"));
}

/*
 * Failures, agents, commands.
 */

static int create(const struct lab_path_spec *spec, size_t paths,
		  struct lab_path_failure *failures, size_t *failed,
		  struct err *err, struct lab **lab)
{
	const struct lab_args args = { .path = spec,
				       .paths = paths,
				       .self_path = ECHO,
				       .agent_path = ECHO };

	return lab_create(lab, &args, failures, failed, err);
}

static void test_a_path_that_fails_leaves_the_others(void **state)
{
	static const struct lab_path_spec spec[] = {
		{ "native", "native", NULL }, { "x", "warp", NULL },
		{ "dom0", "dom0", NULL },     { "again", "dom0", NULL },
		{ "M2", "native", NULL },     { "b", "native", NULL },
	};
	struct lab_path_failure failures[6];
	struct lab *lab;
	size_t failed;

	(void)state;
	assert_int_equal(create(spec, 6, failures, &failed, NULL, &lab), 0);
	assert_int_equal(failed, 3);
	assert_int_equal(failures[0].path, 1);
	assert_non_null(strstr(failures[0].err.text, "native, dom0"));
	assert_int_equal(failures[1].path, 3);
	assert_non_null(strstr(failures[1].err.text, "'dom0'"));
	assert_int_equal(failures[2].path, 4);
	assert_int_equal(lab_nodes(lab), 4);
	assert_true(bed_run_stream(lab, 5, false, 10 * NS_PER_MS).bytes > 0);
	lab_destroy(lab);
}

static void test_a_reference_that_fails_fails_all(void **state)
{
	static const struct lab_path_spec spec[] = { { "x", "warp", NULL } };
	struct err err = ERR_INIT;
	struct lab *lab;
	size_t failed;

	(void)state;
	assert_int_equal(create(spec, 1, NULL, &failed, &err, &lab), -EINVAL);
	assert_non_null(strstr(err.text, "'warp' is no kind of path"));
}

static void read_all(int fd, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, buf + used, size - 1 - used)) > 0)
		used += (size_t)n;
	buf[used] = '\0';
}

static void test_an_agent_starts_again_and_again(void **state)
{
	struct lab *lab = *state;
	struct lab_channel channel;
	char said[64];

	for (int i = 0; i < 3; i++) {
		assert_int_equal(lab_start_agent(lab, lab_find_node(lab, "M2"),
						 &channel, NULL),
				 0);
		assert_true(channel.pid > 1);
		read_all(channel.read_fd, said, sizeof(said));
		assert_string_equal(said, "agent --stdio\n");
		close(channel.read_fd);
		close(channel.write_fd);
	}
	/* the last one is a zombie still, all others are reaped */
	assert_int_equal(waitpid(-1, NULL, 0), channel.pid);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	lab_find_node(lab, "M2")->pid = 0;
}

static void test_an_agent_that_cannot_start_is_an_error(void **state)
{
	struct lab *lab = bed_create(0, "/nonexistent/vazao");
	struct lab_channel channel;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(lab_start_agent(lab, lab_find_node(lab, "dom0"),
					 &channel, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "node dom0"));
	assert_non_null(strstr(err.text, "/nonexistent/vazao"));
	lab_destroy(lab);
}

static void test_exec_gives_the_status(void **state)
{
	struct lab *lab = *state;
	char *argv[] = { "sh", "-c", "exit 7", NULL };
	struct err err = ERR_INIT;
	int status = 0;

	assert_int_equal(lab_exec(lab, lab_find_node(lab, "native"), argv,
				  &status, NULL),
			 0);
	assert_int_equal(WEXITSTATUS(status), 7);
	argv[0] = "/nonexistent";
	assert_int_equal(lab_exec(lab, lab_find_node(lab, "native"), argv,
				  &status, &err),
			 -ENOENT);
}

static int run_all(void *arg)
{
#define LAB_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		LAB_TEST(test_figure_1_by_its_names),
		LAB_TEST(test_bridge_and_macs_as_xen_has_them),
		LAB_TEST(test_nodes_once_and_m2_last),
		LAB_TEST(test_no_ipv6_on_interfaces),
		LAB_TEST(test_silence),
		LAB_TEST(test_stream_over_every_path),
		LAB_TEST(test_traffic_stays_on_its_path),
		LAB_TEST(test_no_frame_exceeds_the_mtu),
		LAB_TEST(test_offload_lets_long_frames_through),
		LAB_TEST(test_hops_are_described_as_set),
		LAB_TEST(test_mtu_that_does_not_fit_is_refused),
		cmocka_unit_test(test_a_path_that_fails_leaves_the_others),
		cmocka_unit_test(test_a_reference_that_fails_fails_all),
		LAB_TEST(test_an_agent_starts_again_and_again),
		cmocka_unit_test(test_an_agent_that_cannot_start_is_an_error),
		LAB_TEST(test_exec_gives_the_status),
	};

	(void)arg;
	return cmocka_run_group_tests_name("lab_net", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	return bed_main(argc, argv, run_all);
}
