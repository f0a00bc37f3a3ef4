/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The networks of containers: each carries TCP both ways and datagrams, with
 * offload off no frame exceeds the MTU on any hop that has the plan's, and
 * what cannot be built says what is missing. pasta and slirp4netns are named
 * for their CPU to be counted; their death is told, and mended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent_bed.h"
#include "lab/inside.h"
#include "lab_bed.h"

enum {
	NATIVE,
	VETH,
	BRIDGE,
	MACVLAN,
	IPVLAN,
	PASTA,
	PASTA_MTU,
	SLIRP,
	SLIRP_MTU,
	ROUTES, /* no container: its subnets lie beside theirs */
	PATHS
};

static const struct agent_bed_path paths[PATHS] = {
	[NATIVE] = { "native", "native", NULL },
	[VETH] = { "veth", "veth", NULL },
	[BRIDGE] = { "bridge", "bridge", NULL },
	[MACVLAN] = { "macvlan", "macvlan", NULL },
	[IPVLAN] = { "ipvlan", "ipvlan", "{\"mode\": \"l2\"}" },
	[PASTA] = { "pasta", "pasta", "{\"inner_mtu\": 65520}" },
	[PASTA_MTU] = { "pasta.mtu", "pasta", "{\"inner_mtu\": 0}" },
	[SLIRP] = { "slirp4netns", "slirp4netns", "{\"inner_mtu\": 65520}" },
	[SLIRP_MTU] = { "slirp.mtu", "slirp4netns", "{\"inner_mtu\": 0}" },
	[ROUTES] = { "routes", "native",
		     "{\"spread\": \"routes\", \"cables\": 2}" },
};

static struct agent_bed bed;

static bool is_there(int path)
{
	return bed.why[path].code == 0;
}

static struct point make_point(int workload, int direction)
{
	struct point point;

	point_init(&point);
	point.value[AXIS_WORKLOAD] = workload;
	point.value[AXIS_DIRECTION] = direction;
	point.value[AXIS_SOCKET_SIZE] = 65536;
	point.value[AXIS_MESSAGE_SIZE] =
		workload == WORKLOAD_UDP_STREAM ? 1400 : 8192;
	if (workload == WORKLOAD_UDP_STREAM)
		point.value[AXIS_PACING_RATE] = 20000000;
	return point;
}

static double run(int path, int workload, int direction)
{
	const struct point point = make_point(workload, direction);
	struct agent_block_path result;
	struct err err = ERR_INIT;
	double mbps;

	/* few slices: after each slirp4netns may need a quarter of a second
	 * for what its container's buffers hold */
	if (agent_bed_try(&bed, (size_t)path, &point, 4, &result, &err) &&
	    agent_bed_try(&bed, (size_t)path, &point, 4, &result, &err))
		fail_msg("%s: %s", paths[path].name, err.text);
	mbps = result.throughput_mbps;
	agent_block_path_free(&result);
	return mbps;
}

/*
 * What a machine lacks is told in one line.
 */
static void test_what_is_missing_has_a_name(void **state)
{
	static const struct {
		int code;
		const char *words;
	} lacks[PATHS] = {
		[IPVLAN] = { EOPNOTSUPP, "CONFIG_IPVLAN" },
		[MACVLAN] = { EOPNOTSUPP, "CONFIG_MACVLAN" },
		[BRIDGE] = { EOPNOTSUPP, "CONFIG_NF" },
		[PASTA] = { ENOPKG, "passt" },
		[PASTA_MTU] = { ENOPKG, "passt" },
		[SLIRP] = { ENOPKG, "slirp4netns" },
		[SLIRP_MTU] = { ENOPKG, "slirp4netns" },
		[ROUTES] = { EOPNOTSUPP, "CONFIG_IP_ROUTE_MULTIPATH" },
	};

	(void)state;
	for (int i = 0; i < PATHS; i++) {
		const struct err *why = &bed.why[i];

		if (!why->code)
			continue;
		print_message("%s\n", why->text);
		/* half built is not built: nobody may look for its ends */
		assert_int_equal(lab_path_pairs(bed.lab, (size_t)i), 0);
		if (why->code == EACCES && strstr(why->text, "/dev/net/tun"))
			continue; /* rootless, where it is shut */
		assert_int_equal(why->code, lacks[i].code);
		assert_non_null(strstr(why->text, lacks[i].words));
	}
	assert_true(is_there(VETH));
}

/* "10.78.2.254" is of "10.78.2."; a path's own two ends may share one. */
static void test_no_subnet_is_two_paths(void **state)
{
	const char *address[2 * PATHS];
	int path[2 * PATHS], n = 0;

	(void)state;
	for (int i = 0; i < PATHS; i++) {
		if (!is_there(i))
			continue;
		path[n] = i;
		address[n++] = lab_path_m1(bed.lab, (size_t)i)->address;
		path[n] = i;
		address[n++] = lab_path_m2(bed.lab, (size_t)i)->address;
	}
	for (int a = 0; a < n; a++)
		for (int b = 0; b < a; b++) {
			size_t net = (size_t)(strrchr(address[a], '.') -
					      address[a] + 1);

			if (path[a] != path[b] &&
			    strncmp(address[a], address[b], net) == 0)
				fail_msg("%s of %s, %s of %s", address[a],
					 paths[path[a]].name, address[b],
					 paths[path[b]].name);
		}
}

static void test_data_both_ways(void **state)
{
	(void)state;
	for (int i = VETH; i < PATHS; i++) {
		if (!is_there(i))
			continue;
		agent_bed_set(&bed, (size_t)i, 1500, OFFLOAD_OFF);
		for (int to = DIRECTION_SEND; to <= DIRECTION_RECEIVE; to++) {
			double tcp = run(i, WORKLOAD_TCP_STREAM, to);
			double udp = run(i, WORKLOAD_UDP_STREAM, to);

			print_message("%s, %s: TCP %.0f, UDP %.1f Mbit/s\n",
				      paths[i].name,
				      to == DIRECTION_SEND ? "send" : "receive",
				      tcp, udp);
			assert_true(tcp > 1);
			/* at most 20 Mbit/s were sent, by processes that
			 * others may have kept waiting; a slice may take what
			 * waited before it */
			assert_true(udp > 0.1 && udp < 100);
		}
	}
}

/* Without translation M2 could not answer: it has no way to the container. */
static void test_m2_knows_translated_containers_not(void **state)
{
	static char script[64];
	char *argv[] = { "sh", "-c", script, NULL };
	const int translated[] = { BRIDGE, PASTA, SLIRP };
	struct err err = ERR_INIT;
	int status = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		const struct lab_end *m1 =
			lab_path_m1(bed.lab, (size_t)translated[i]);

		if (!is_there(translated[i]))
			continue;
		snprintf(script, sizeof(script),
			 "! ip route get %s 2>/dev/null", m1->address);
		assert_int_equal(lab_exec(bed.lab, lab_find_node(bed.lab, "M2"),
					  argv, &status, &err),
				 0);
		assert_int_equal(status, 0);
	}
}

/* The container's eth0 may have more than the wire, where it says so. */
static unsigned count_long_frames(int path, int mtu, int offload)
{
	const struct lab_path *p = &bed.lab->path[path];
	int first = p->pair[0].m1.mtu ? 1 : 0;
	int trap[PATH_HOPS_MAX];
	unsigned caught = 0;

	print_message("%s, mtu %d, offload %s\n", p->name, mtu,
		      offload == OFFLOAD_ON ? "on" : "off");
	agent_bed_set(&bed, (size_t)path, mtu, offload);
	for (int i = first; i < p->hops; i++)
		trap[i] = bed_open_trap(&p->hop[i], mtu);
	run(path, WORKLOAD_TCP_STREAM, DIRECTION_SEND);
	run(path, WORKLOAD_TCP_STREAM, DIRECTION_RECEIVE);
	for (int i = first; i < p->hops; i++)
		caught += bed_count_caught(trap[i]);
	return caught;
}

static void test_no_frame_exceeds_the_mtu(void **state)
{
	(void)state;
	for (int i = VETH; i < ROUTES; i++) {
		if (!is_there(i))
			continue;
		/* slirp4netns does send longer ones: docs/containers.md */
		if (i == SLIRP_MTU)
			continue;
		/* Debian 12's pasta stalls for seconds between a container of
		 * MTU 65520 and a wire of 500 */
		if (i != PASTA)
			assert_int_equal(count_long_frames(i, 500, OFFLOAD_OFF),
					 0);
		assert_int_equal(count_long_frames(i, 1500, OFFLOAD_OFF), 0);
		/* and the trap does catch */
		assert_true(count_long_frames(i, 1500, OFFLOAD_ON) > 0);
	}
}

static int64_t end_mtu(int path)
{
	struct err err = ERR_INIT;
	json_t *state = NULL;
	int64_t mtu;

	if (agent_set_netdev(
		    bed.m1[path],
		    &(struct agent_netdev){ .ifname = "eth0", .offload = -1 },
		    &state, &err))
		fail_msg("%s", err.text);
	mtu = json_integer_value(json_object_get(state, "mtu"));
	json_decref(state);
	return mtu;
}

static void test_the_containers_own_mtu(void **state)
{
	(void)state;
	for (int i = PASTA; i < ROUTES; i++) {
		if (!is_there(i))
			continue;
		agent_bed_set(&bed, (size_t)i, 1500, OFFLOAD_OFF);
		assert_int_equal(end_mtu(i),
				 i == PASTA || i == SLIRP ? 65520 : 1500);
	}
}

static pid_t find_program(int path)
{
	json_t *seen = lab_describe_observed(bed.lab, (size_t)path);
	json_int_t pid = json_integer_value(json_object_get(
		json_object_get(seen, "processes"), paths[path].kind));

	json_decref(seen);
	return (pid_t)pid;
}

static void kill_and_mend(int path)
{
	const struct point point =
		make_point(WORKLOAD_TCP_STREAM, DIRECTION_SEND);
	pid_t pid = find_program(path);
	struct agent_block_path result;
	struct err err = ERR_INIT;
	json_t *counters = NULL;

	agent_bed_set(&bed, (size_t)path, 1500, OFFLOAD_OFF);
	assert_true(pid > 1);
	assert_int_equal(
		lab_read_path_counters(bed.lab, (size_t)path, &counters, &err),
		0);
	kill(pid, SIGKILL);
	assert_true(agent_bed_try(&bed, (size_t)path, &point, 4, &result,
				  &err) < 0);
	assert_int_equal(
		lab_read_path_counters(bed.lab, (size_t)path, &counters, &err),
		-EPIPE);
	print_message("%s\n", err.text);
	assert_non_null(strstr(err.text, paths[path].kind));
	agent_bed_start(&bed, path);
	agent_bed_start(&bed, -1);
	assert_true(find_program(path) > 1 && find_program(path) != pid);
	agent_bed_set(&bed, (size_t)path, 1500, OFFLOAD_OFF);
	assert_true(run(path, WORKLOAD_TCP_STREAM, DIRECTION_RECEIVE) > 1);
}

static void test_a_program_that_dies_is_told_and_mended(void **state)
{
	(void)state;
	if (is_there(PASTA))
		kill_and_mend(PASTA);
	if (is_there(SLIRP))
		kill_and_mend(SLIRP);
}

static int set_up(void **state)
{
	(void)state;
	agent_bed_create(&bed, paths, PATHS, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	agent_bed_destroy(&bed);
	return 0;
}

static int run_all(void *arg)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_missing_has_a_name),
		cmocka_unit_test(test_no_subnet_is_two_paths),
		cmocka_unit_test(test_data_both_ways),
		cmocka_unit_test(test_m2_knows_translated_containers_not),
		cmocka_unit_test(test_no_frame_exceeds_the_mtu),
		cmocka_unit_test(test_the_containers_own_mtu),
		cmocka_unit_test(test_a_program_that_dies_is_told_and_mended),
	};

	(void)arg;
	return cmocka_run_group_tests_name("containers", tests, set_up,
					   tear_down);
}

int main(int argc, char **argv)
{
	if (!getenv("VAZAO")) {
		fprintf(stderr, "VAZAO does not name the program\n");
		return 1;
	}
	return bed_main(argc, argv, run_all);
}
