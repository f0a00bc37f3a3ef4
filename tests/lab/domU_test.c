/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guests behind netfront and netback: every receive mode carries a block both
 * ways, moves pages as its name says, and lets no frame exceed the MTU; the
 * death of either process is noticed and mended. With --rootless, where
 * /dev/net/tun is shut: the paths fail with a remedy.
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

#include "agent/agent.h"
#include "base/axis.h"
#include "base/clock.h"
#include "lab/inside.h"
#include "lab/node_domU.h"
#include "lab_bed.h"

#define SKIP 77

enum {
	NATIVE,
	COPY,
	GRANT_COPY,
	FLIP_INDEX,
	FLIP_MAP,
	PLAIN, /* the other value of every switch */
	KERNEL,
	PATHS
};

/* clang-format off */
static const struct {
	const char *name, *options;
} guests[PATHS] = {
	[NATIVE] = { "native", NULL },
	[COPY] = { "copy", "{\"receive\": \"copy\"}" },
	[GRANT_COPY] = { "grant-copy", "{\"receive\": \"grant-copy\"}" },
	[FLIP_INDEX] = { "flip-index", "{\"receive\": \"flip-index\"}" },
	[FLIP_MAP] = { "flip-map", "{\"receive\": \"flip-map\"}" },
	[PLAIN] = { "plain", "{\"receive\": \"copy\", \"header_copy\": \"off\", \"gso\": \"off\","
		    " \"direct\": \"on\", \"persistent\": \"on\", \"notify_batch\": 1, \"notify\": \"always\","
		    " \"ring_pages\": \"4\", \"queues\": 2, \"budget\": 7, \"coalesce_us\": 50}" },
	[KERNEL] = { "kernel", "{\"guest\": \"uml\", \"memory\": 64, \"receive\": \"copy\"}" },
};
/* clang-format on */

static struct guests_bed {
	struct lab *lab;
	struct agent *m2, *m1[PATHS];
	bool no_kernel; /* there is no linux.uml here */
} bed;

/*
 * Set up.
 */

static const char *vazao(void)
{
	return getenv("VAZAO");
}

static const char *static_agent(void)
{
	static char path[1024];
	const char *slash = strrchr(vazao(), '/');

	snprintf(path, sizeof(path), "%.*s/vazao-agent", (int)(slash - vazao()),
		 vazao());
	return path;
}

static int create(struct lab_path_failure failures[PATHS], size_t *failed,
		  struct err *err)
{
	static json_t *options[PATHS];
	static struct lab_path_spec spec[PATHS];
	const struct lab_args args = { .path = spec,
				       .paths = PATHS,
				       .agent_path = static_agent(),
				       .self_path = vazao() };

	for (int i = 0; i < PATHS; i++) {
		const char *text = guests[i].options;

		options[i] = text ? json_loads(text, 0, NULL) : NULL;
		spec[i] = (struct lab_path_spec){ guests[i].name,
						  text ? "domU" : "native",
						  options[i] };
	}
	return lab_create(&bed.lab, &args, failures, failed, err);
}

static void insist(int rc, const struct err *err)
{
	if (rc)
		fail_msg("%s", err->text);
}

static struct agent *attach(const char *name)
{
	struct lab_node *node = lab_find_node(bed.lab, name);
	struct err err = ERR_INIT;
	struct lab_channel channel;
	struct agent *agent = NULL;

	assert_non_null(node);
	insist(lab_start_agent(bed.lab, node, &channel, &err), &err);
	insist(agent_attach(&agent, name, channel.read_fd, channel.write_fd,
			    30 * NS_PER_S, &err),
	       &err);
	return agent;
}

static void take_end(struct agent *agent, const struct lab_end *end, int mtu,
		     int offload)
{
	struct err err = ERR_INIT;
	char address[32];

	snprintf(address, sizeof(address), "%s/%d", end->address, end->prefix);
	insist(agent_set_netdev(agent,
				&(struct agent_netdev){ .ifname = end->ifname,
							.mtu = mtu,
							.offload = offload,
							.address = address },
				NULL, &err),
	       &err);
}

static void set_path(int path, int mtu, int offload)
{
	struct err err = ERR_INIT;

	take_end(bed.m1[path], lab_path_m1(bed.lab, path), mtu, offload);
	take_end(bed.m2, lab_path_m2(bed.lab, path), mtu, offload);
	insist(lab_set_hops(bed.lab, path, mtu, offload, &err), &err);
}

/* 10^6 bit/s over 10 slices of 10 ms; 0 with the error where it failed. */
static double try_block(int path, int mtu, int offload, const char *direction,
			struct err *err)
{
	static const int order[10];
	const char *address = lab_path_m2(bed.lab, path)->address;
	struct agent_block_path result;
	struct point point;
	int failed_path;
	double mbps;

	point_init(&point);
	point.value[AXIS_MTU] = mtu;
	point.value[AXIS_OFFLOAD] = offload;
	axis_parse(AXIS_DIRECTION, direction, &point.value[AXIS_DIRECTION],
		   err);
	point.value[AXIS_SOCKET_SIZE] = 65536;
	point.value[AXIS_MESSAGE_SIZE] = 8192;
	if (agent_run_block(
		    &(struct agent_block_args){
			    .m2 = bed.m2,
			    .m1 = &bed.m1[path],
			    .path_name = &guests[path].name,
			    .m2_address = &address,
			    .paths = 1,
			    .point = &point,
			    .order = order,
			    .slices = 10,
			    .timing = { .warmup_ns = 30 * NS_PER_MS,
					.guard_ns = 2 * NS_PER_MS,
					.slice_ns = 10 * NS_PER_MS,
					.patience_ns = 2 * NS_PER_S } },
		    &result, &failed_path, err))
		return 0;
	mbps = result.throughput_mbps;
	agent_block_path_free(&result);
	return mbps;
}

static double run_block(int path, int mtu, int offload, const char *direction)
{
	struct err err = ERR_INIT;
	double mbps = try_block(path, mtu, offload, direction, &err);

	if (mbps <= 0)
		fail_msg("%s: %s", guests[path].name, err.text);
	return mbps;
}

/*
 * The mark of offload off: frames above the MTU on any hop, both directions.
 */
static unsigned count_long_frames(int path, int mtu, int offload)
{
	const struct lab_path *p = &bed.lab->path[path];
	int trap[PATH_HOPS_MAX];
	unsigned caught = 0;
	double sent, received;

	set_path(path, mtu, offload);
	for (int i = 0; i < p->hops; i++)
		trap[i] = bed_open_trap(&p->hop[i], mtu);
	sent = run_block(path, mtu, offload, "send");
	received = run_block(path, mtu, offload, "receive");
	for (int i = 0; i < p->hops; i++)
		caught += bed_count_caught(trap[i]);
	print_message("%s, mtu %d, offload %s: %.0f, back %.0f Mbit/s, %u "
		      "long\n",
		      p->name, mtu, offload == OFFLOAD_ON ? "on" : "off", sent,
		      received, caught);
	return caught;
}

static void test_no_frame_exceeds_the_mtu(void **state)
{
	(void)state;
	for (int path = COPY; path < PATHS; path++) {
		if (path == KERNEL && bed.no_kernel)
			continue;
		assert_int_equal(count_long_frames(path, 500, OFFLOAD_OFF), 0);
		assert_int_equal(count_long_frames(path, 1500, OFFLOAD_OFF), 0);
		/* and the trap does catch, but where gso: off forbids it */
		if (path != PLAIN)
			assert_true(count_long_frames(path, 1500, OFFLOAD_ON) >
				    10);
		assert_int_equal(count_long_frames(path, 500, OFFLOAD_OFF), 0);
	}
}

/*
 * Counters.
 */

static json_int_t counter(const json_t *counters, const char *end,
			  const char *name)
{
	const json_t *value =
		json_object_get(json_object_get(counters, end), name);

	if (!json_is_integer(value))
		fail_msg("no counter %s of %s", name, end);
	return json_integer_value(value);
}

static json_t *read_counters(int path)
{
	struct err err = ERR_INIT;
	json_t *counters;

	insist(lab_read_path_counters(bed.lab, path, &counters, &err), &err);
	return counters;
}

/* What netback counted over a block towards the guest. */
static void tell_block(int path, json_int_t *frames, json_int_t *copies,
		       json_int_t *flips, json_int_t *remaps)
{
	json_t *before, *after;

	set_path(path, 1500, OFFLOAD_OFF);
	before = read_counters(path);
	run_block(path, 1500, OFFLOAD_OFF, "receive");
	after = read_counters(path);
#define GROWN(name) \
	(counter(after, "netback", name) - counter(before, "netback", name))
	*frames = GROWN("rx_frames");
	*copies = GROWN("copies");
	*flips = GROWN("flips");
	*remaps = GROWN("remaps");
	assert_true(GROWN("notify_sent") > 0);
#undef GROWN
	/* both ends have seen the same frames; what is in a ring now, one */
	assert_true(llabs(counter(after, "netfront", "rx_frames") -
			  counter(after, "netback", "rx_frames")) < 256);
	json_decref(before);
	json_decref(after);
}

static void test_each_mode_moves_pages_as_it_says(void **state)
{
	json_int_t frames, copies, flips, remaps;

	(void)state;
	tell_block(COPY, &frames, &copies, &flips, &remaps);
	assert_true(frames > 50 && copies >= frames);
	assert_int_equal(flips + remaps, 0);
	tell_block(GRANT_COPY, &frames, &copies, &flips, &remaps);
	assert_true(frames > 50);
	assert_int_equal(flips + remaps, 0);
	tell_block(FLIP_INDEX, &frames, &copies, &flips, &remaps);
	assert_true(frames > 50 && flips >= frames);
	assert_int_equal(remaps, 0);
	tell_block(FLIP_MAP, &frames, &copies, &flips, &remaps);
	assert_true(frames > 50 && flips >= frames && remaps >= frames);
}

static void test_header_copy_can_be_turned_off(void **state)
{
	json_t *counters;

	(void)state;
	set_path(PLAIN, 1500, OFFLOAD_OFF);
	run_block(PLAIN, 1500, OFFLOAD_OFF, "send");
	counters = read_counters(PLAIN);
	assert_true(counter(counters, "netback", "tx_frames") > 50);
	assert_int_equal(counter(counters, "netback", "header_copies"), 0);
	json_decref(counters);
	set_path(COPY, 1500, OFFLOAD_OFF);
	run_block(COPY, 1500, OFFLOAD_OFF, "send");
	counters = read_counters(COPY);
	assert_true(counter(counters, "netback", "header_copies") > 50);
	json_decref(counters);
}

static void test_other_kinds_have_none(void **state)
{
	struct err err = ERR_INIT;
	json_t *counters = NULL;

	(void)state;
	insist(lab_read_path_counters(bed.lab, NATIVE, &counters, &err), &err);
	assert_null(counters);
}

/*
 * Deaths.
 */

/* Within a block, which fails, and is then made again. */
static void kill_and_mend(int path, const char *program)
{
	struct lab_node *node = lab_path_m1(bed.lab, path)->node;
	pid_t pid = domU_node_pid(node, program);
	struct err err = ERR_INIT;
	int64_t start_ns;
	json_t *counters;
	pid_t killer;

	assert_true(pid > 0);
	set_path(path, 1500, OFFLOAD_OFF);
	killer = fork();
	if (killer == 0) {
		clock_sleep_ns(60 * NS_PER_MS);
		kill(pid, SIGKILL);
		_exit(0);
	}
	start_ns = clock_mono_ns();
	assert_true(try_block(path, 1500, OFFLOAD_OFF, "send", &err) == 0);
	print_message("%s of %s killed: %s, after %.1f s\n", program,
		      guests[path].name, err.text,
		      (double)(clock_mono_ns() - start_ns) / 1e9);
	waitpid(killer, NULL, 0);
	assert_int_equal(lab_read_path_counters(bed.lab, path, &counters, &err),
			 -EPIPE);
	assert_non_null(strstr(err.text, guests[path].name));
	print_message("%s\n", err.text);
	agent_detach(bed.m1[path]);
	bed.m1[path] = attach(guests[path].name);
	agent_detach(bed.m2);
	bed.m2 = attach("M2");
	assert_true(domU_node_pid(node, program) != pid);
	set_path(path, 1500, OFFLOAD_OFF);
	run_block(path, 1500, OFFLOAD_OFF, "send");
	run_block(path, 1500, OFFLOAD_OFF, "receive");
}

static void test_a_death_is_noticed_and_mended(void **state)
{
	(void)state;
	kill_and_mend(COPY, "netfront");
	kill_and_mend(COPY, "netback");
	kill_and_mend(FLIP_MAP, "netback");
	kill_and_mend(PLAIN, "netfront");
	if (!bed.no_kernel)
		kill_and_mend(KERNEL, "netback");
}

static void test_the_pair_ends_with_its_node(void **state)
{
	struct lab_node *node = lab_path_m1(bed.lab, FLIP_INDEX)->node;
	pid_t front = domU_node_pid(node, "netfront");
	pid_t back = domU_node_pid(node, "netback");

	(void)state;
	agent_detach(bed.m1[FLIP_INDEX]);
	node->ops->stop(node);
	assert_int_equal(kill(front, 0), -1);
	assert_int_equal(kill(back, 0), -1);
	bed.m1[FLIP_INDEX] = attach(guests[FLIP_INDEX].name);
	run_block(FLIP_INDEX, 1500, OFFLOAD_OFF, "send");
}

/* The front's mind: what netback cannot do is told, and no path is left. */
static void test_a_front_that_is_refused_is_named(void **state)
{
	json_t *options = json_loads("{\"ring_pages\": \"3\"}", 0, NULL);
	const struct lab_path_spec spec[] = { { "native", "native", NULL },
					      { "odd", "domU", options } };
	const struct lab_args args = { .path = spec,
				       .paths = 2,
				       .agent_path = static_agent(),
				       .self_path = vazao() };
	struct lab_path_failure failure[2];
	struct err err = ERR_INIT;
	size_t failed = 0;
	struct lab *lab;

	(void)state;
	insist(lab_create(&lab, &args, failure, &failed, &err), &err);
	assert_int_equal(failed, 1);
	print_message("%s\n", failure[0].err.text);
	assert_non_null(strstr(failure[0].err.text, "path odd"));
	assert_non_null(strstr(failure[0].err.text, "3 ring pages"));
	assert_null(lab_find_node(lab, "odd"));
	lab_destroy(lab);
	json_decref(options);
}

/*
 * Where the paths cannot be built.
 */

static struct err why;

static void test_a_shut_tap_is_named_with_a_remedy(void **state)
{
	(void)state;
	assert_int_equal(why.code, EACCES);
	assert_non_null(strstr(why.text, "/dev/net/tun"));
	assert_non_null(strstr(why.text, "chmod"));
	assert_non_null(lab_find_node(bed.lab, "native"));
	assert_null(lab_find_node(bed.lab, "copy"));
}

static int run_without(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_shut_tap_is_named_with_a_remedy),
	};

	fprintf(stderr, "%s\n", why.text);
	if (why.code != EACCES || access("/dev/net/tun", R_OK | W_OK) == 0)
		return SKIP;
	return cmocka_run_group_tests_name("domU", tests, NULL, NULL);
}

static int set_up(void **state)
{
	(void)state;
	bed.m2 = attach("M2");
	for (int i = COPY; i < PATHS; i++)
		if (i != KERNEL || !bed.no_kernel)
			bed.m1[i] = attach(guests[i].name);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	agent_detach(bed.m2);
	for (int i = COPY; i < PATHS; i++)
		agent_detach(bed.m1[i]);
	return 0;
}

static int run_with(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_frame_exceeds_the_mtu),
		cmocka_unit_test(test_each_mode_moves_pages_as_it_says),
		cmocka_unit_test(test_header_copy_can_be_turned_off),
		cmocka_unit_test(test_other_kinds_have_none),
		cmocka_unit_test(test_a_death_is_noticed_and_mended),
		cmocka_unit_test(test_the_pair_ends_with_its_node),
		cmocka_unit_test(test_a_front_that_is_refused_is_named),
	};

	return cmocka_run_group_tests_name("domU", tests, set_up, tear_down);
}

static int run_all(void *arg)
{
	struct lab_path_failure failures[PATHS];
	struct err err = ERR_INIT;
	size_t failed = 0;
	int status;

	(void)arg;
	if (create(failures, &failed, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	if (failed)
		why = failures[0].err;
	bed.no_kernel =
		failed == 1 && failures[0].path == KERNEL && why.code == ENOPKG;
	if (bed.no_kernel)
		fprintf(stderr, "without a kernel guest: %s\n", why.text);
	status = failed && !bed.no_kernel ? run_without() : run_with();
	lab_destroy(bed.lab);
	return status;
}

int main(int argc, char **argv)
{
	if (!vazao()) {
		fprintf(stderr, "VAZAO does not name the program\n");
		return 1;
	}
	return bed_main(argc, argv, run_all);
}
