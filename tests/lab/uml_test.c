/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A User Mode Linux guest: it boots, its agent answers through the credit
 * line, its interface obeys, its death is noticed. With --rootless, where
 * /dev/net/tun is shut: the path fails with a remedy, and the others live.
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
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/axis.h"
#include "base/clock.h"
#include "lab/inside.h"
#include "lab_bed.h"

#define SKIP 77

enum { NATIVE, UML, PATHS };

static struct guest_bed {
	struct lab *lab;
	struct agent *m1, *m2;
	pid_t keeper;
} bed;

/*
 * Set up.
 */

static const char *vazao(void)
{
	return getenv("VAZAO");
}

/* The static agent stands beside vazao, as in a build tree. */
static const char *static_agent(void)
{
	static char path[1024];
	const char *slash = strrchr(vazao(), '/');

	snprintf(path, sizeof(path), "%.*s/vazao-agent", (int)(slash - vazao()),
		 vazao());
	return path;
}

static int create(const char *agent_path, struct lab **lab,
		  struct lab_path_failure failures[PATHS], size_t *failed,
		  struct err *err)
{
	static json_t *options;
	static struct lab_path_spec spec[PATHS];
	const struct lab_args args = { .path = spec,
				       .paths = PATHS,
				       .agent_path = agent_path,
				       .self_path = vazao() };

	if (!options)
		options = json_pack("{s:i}", "memory", 64);
	spec[NATIVE] = (struct lab_path_spec){ "native", "native", NULL };
	spec[UML] = (struct lab_path_spec){ "uml", "uml", options };
	return lab_create(lab, &args, failures, failed, err);
}

static int attach(const char *name, struct agent **agent, pid_t *pid,
		  struct err *err)
{
	struct lab_node *node = lab_find_node(bed.lab, name);
	struct lab_channel channel;
	int rc = lab_start_agent(bed.lab, node, &channel, err);

	if (rc)
		return rc;
	if (pid)
		*pid = channel.pid;
	return agent_attach(agent, name, channel.read_fd, channel.write_fd,
			    30 * NS_PER_S, err);
}

static void insist(int rc, const struct err *err)
{
	if (rc)
		fail_msg("%s", err->text);
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

static void set_path(int mtu, int offload)
{
	struct err err = ERR_INIT;

	take_end(bed.m1, lab_path_m1(bed.lab, UML), mtu, offload);
	take_end(bed.m2, lab_path_m2(bed.lab, UML), mtu, offload);
	insist(lab_set_hops(bed.lab, UML, mtu, offload, &err), &err);
}

/*
 * The agent.
 */

static void test_it_is_another_kernel(void **state)
{
	const struct agent_hello *hello = agent_get_hello(bed.m1);
	struct utsname u;

	(void)state;
	assert_int_equal(uname(&u), 0);
	assert_memory_equal(hello->kernel, "Linux ", 6);
	assert_null(strstr(hello->kernel, u.release));
	assert_int_equal(hello->cpus, 1);
}

static void test_a_round_trip_is_short(void **state)
{
	int64_t least_ns = INT64_MAX;

	(void)state;
	for (int i = 0; i < 100; i++) {
		int64_t start_ns = clock_mono_ns();

		assert_int_equal(agent_ping(bed.m1, NULL), 0);
		if (clock_mono_ns() - start_ns < least_ns)
			least_ns = clock_mono_ns() - start_ns;
	}
	print_message("a ping takes %.0f us\n", (double)least_ns / 1000);
	/* the best: what others keep from a CPU is not the line's fault */
	assert_true(least_ns < 50 * NS_PER_MS);
}

/* Requests and replies many times the line's buffer: the credits count. */
static void test_large_calls(void **state)
{
	enum { WORDS = 200, LENGTH = 500 };
	static char word[LENGTH + 1];
	char *argv[WORDS + 2] = { "echo" };
	int64_t least_ns = INT64_MAX;
	struct err err = ERR_INIT;

	(void)state;
	memset(word, 'x', LENGTH);
	for (int i = 1; i <= WORDS; i++)
		argv[i] = word;
	for (int i = 0; i < 5; i++) {
		int64_t start_ns = clock_mono_ns();
		char *output;
		int status = -1;

		insist(agent_exec(bed.m1, argv, &output, &status, &err), &err);
		assert_int_equal(status, 0);
		assert_int_equal(strlen(output), WORDS * (LENGTH + 1));
		for (int w = 0; w < WORDS; w++)
			assert_memory_equal(output + w * (LENGTH + 1), word,
					    LENGTH);
		free(output);
		if (clock_mono_ns() - start_ns < least_ns)
			least_ns = clock_mono_ns() - start_ns;
	}
	print_message("100 KB there and back take %.0f ms\n",
		      (double)least_ns / 1e6);
	assert_true(least_ns < 2 * NS_PER_S);
	assert_int_equal(agent_ping(bed.m1, NULL), 0);
}

static void expect_output(char *command, const char *part)
{
	char *argv[] = { "sh", "-c", command, NULL };
	struct err err = ERR_INIT;
	char *output;
	int status;

	insist(agent_exec(bed.m1, argv, &output, &status, &err), &err);
	if (!strstr(output, part))
		fail_msg("%s: no '%s' in '%s'", command, part, output);
	free(output);
}

static void test_the_hosts_programs_run_in_it(void **state)
{
	(void)state;
	expect_output("uname -n", "uml");
	expect_output("cat /proc/net/dev", "eth0");
	expect_output("cat /sys/class/net/eth0/address", "00:16:3e:00:00:01");
	expect_output("echo x 2>&1 >/etc/vazao-test", "Read-only");
}

/*
 * The interface.
 */

static void test_mtu_is_set_and_read_back(void **state)
{
	static const int mtus[] = { 500, 1500, 576, 1500 };
	struct agent_netdev netdev = { .ifname = "eth0", .offload = -1 };
	struct err err = ERR_INIT;
	json_t *now;

	(void)state;
	for (int i = 0; i < 4; i++) {
		netdev.mtu = mtus[i];
		insist(agent_set_netdev(bed.m1, &netdev, &now, &err), &err);
		assert_int_equal(
			json_integer_value(json_object_get(now, "mtu")),
			mtus[i]);
		json_decref(now);
	}
	netdev.mtu = 9000; /* above what the driver takes */
	assert_true(agent_set_netdev(bed.m1, &netdev, NULL, &err) < 0);
	assert_non_null(strstr(err.text, "eth0"));
	assert_non_null(strstr(err.text, "9000"));
	assert_int_equal(agent_ping(bed.m1, NULL), 0);
}

/* 10^6 bit/s over 20 slices of 10 ms. */
static double run_block(int mtu, int offload, const char *direction)
{
	static const int order[20];
	const char *name = "uml";
	const char *address = lab_path_m2(bed.lab, UML)->address;
	struct agent_block_path result;
	struct err err = ERR_INIT;
	struct point point;
	int failed_path;
	double mbps;

	point_init(&point);
	point.value[AXIS_MTU] = mtu;
	point.value[AXIS_OFFLOAD] = offload;
	axis_parse(AXIS_DIRECTION, direction, &point.value[AXIS_DIRECTION],
		   &err);
	point.value[AXIS_SOCKET_SIZE] = 65536;
	point.value[AXIS_MESSAGE_SIZE] = 8192;
	insist(agent_run_block(
		       &(struct agent_block_args){
			       .m2 = bed.m2,
			       .m1 = &bed.m1,
			       .path_name = &name,
			       .m2_address = &address,
			       .paths = 1,
			       .point = &point,
			       .order = order,
			       .slices = 20,
			       .timing = { .warmup_ns = 50 * NS_PER_MS,
					   .guard_ns = 2 * NS_PER_MS,
					   .slice_ns = 10 * NS_PER_MS,
					   .patience_ns = 3 * NS_PER_S } },
		       &result, &failed_path, &err),
	       &err);
	mbps = result.throughput_mbps;
	agent_block_path_free(&result);
	return mbps;
}

/* Frames above the MTU on any hop, in both directions. */
static unsigned count_long_frames(int mtu, int offload)
{
	const struct lab_path *path = &bed.lab->path[UML];
	int trap[PATH_HOPS_MAX];
	unsigned caught = 0;
	double sent, received;

	set_path(mtu, offload);
	for (int i = 0; i < path->hops; i++)
		trap[i] = bed_open_trap(&path->hop[i], mtu);
	sent = run_block(mtu, offload, "send");
	received = run_block(mtu, offload, "receive");
	for (int i = 0; i < path->hops; i++)
		caught += bed_count_caught(trap[i]);
	print_message("mtu %d, offload %s: %.0f, back %.0f Mbit/s, %u long\n",
		      mtu, offload == OFFLOAD_ON ? "on" : "off", sent, received,
		      caught);
	assert_true(sent > 1 && received > 1);
	return caught;
}

static void test_no_frame_exceeds_the_mtu(void **state)
{
	(void)state;
	assert_int_equal(count_long_frames(500, OFFLOAD_OFF), 0);
	assert_int_equal(count_long_frames(1500, OFFLOAD_OFF), 0);
	assert_true(count_long_frames(500, OFFLOAD_ON) > 10);
	assert_true(count_long_frames(1500, OFFLOAD_ON) > 10);
	assert_int_equal(count_long_frames(500, OFFLOAD_OFF), 0);
	assert_int_equal(count_long_frames(1500, OFFLOAD_OFF), 0);
}

/*
 * Deaths.
 */

/* The guest's own process: the keeper's child. */
static pid_t find_guest(void)
{
	char path[64];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", bed.keeper,
		 bed.keeper);
	f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%d", &pid) != 1)
			pid = 0;
		fclose(f);
	}
	return pid;
}

static void kill_and_boot(pid_t pid)
{
	int64_t start_ns = clock_mono_ns();
	struct err err = ERR_INIT;

	assert_true(pid > 0);
	kill(pid, SIGKILL);
	assert_int_equal(agent_ping(bed.m1, &err), -EPIPE);
	print_message("noticed within %.1f ms\n",
		      (double)(clock_mono_ns() - start_ns) / 1e6);
	/* by the stream's end, not by a time-out: that was said by -EPIPE */
	assert_non_null(strstr(err.text, "uml"));
	agent_detach(bed.m1);
	bed.m1 = NULL;
	start_ns = clock_mono_ns();
	insist(attach("uml", &bed.m1, &bed.keeper, &err), &err);
	print_message("booted again in %.2f s\n",
		      (double)(clock_mono_ns() - start_ns) / 1e9);
	assert_int_equal(agent_ping(bed.m1, NULL), 0);
}

static void test_a_death_is_noticed_and_mended(void **state)
{
	(void)state;
	kill_and_boot(bed.keeper);
	kill_and_boot(find_guest());
	assert_int_equal(count_long_frames(1500, OFFLOAD_OFF), 0);
}

static void test_a_closed_stream_ends_the_guest(void **state)
{
	struct err err = ERR_INIT;
	siginfo_t info;

	(void)state;
	agent_detach(bed.m1);
	bed.m1 = NULL;
	/* it ends by itself; nobody has killed it */
	assert_int_equal(
		waitid(P_PID, (id_t)bed.keeper, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(info.si_code, CLD_EXITED);
	insist(attach("uml", &bed.m1, &bed.keeper, &err), &err);
}

/*
 * Failures.
 */

/* A text that init cannot be: the kernel's last words are in the error. */
static void test_a_guest_that_does_not_boot(void **state)
{
	struct lab_path_failure failures[PATHS];
	struct lab_channel channel;
	struct err err = ERR_INIT;
	struct lab *lab;
	size_t failed;

	(void)state;
	insist(create("/etc/passwd", &lab, failures, &failed, &err), &err);
	assert_int_equal(failed, 0);
	assert_true(lab_start_agent(lab, lab_find_node(lab, "uml"), &channel,
				    &err) < 0);
	print_message("%s\n", err.text);
	assert_non_null(strstr(err.text, "node uml"));
	assert_non_null(strstr(err.text, "panic"));
	lab_destroy(lab);
}

static void expect_failure(const char *agent_path, int code, const char *part)
{
	struct lab_path_failure failures[PATHS];
	struct err err = ERR_INIT;
	struct lab *lab;
	size_t failed;

	insist(create(agent_path, &lab, failures, &failed, &err), &err);
	assert_int_equal(failed, 1);
	assert_int_equal(failures[0].path, UML);
	assert_int_equal(failures[0].err.code, code);
	if (!strstr(failures[0].err.text, part))
		fail_msg("no '%s' in '%s'", part, failures[0].err.text);
	assert_non_null(lab_find_node(lab, "native"));
	assert_null(lab_find_node(lab, "uml"));
	lab_destroy(lab);
}

static void test_what_is_missing_is_named(void **state)
{
	char *path = strdup(getenv("PATH"));

	(void)state;
	expect_failure("/no/such/agent", ENOENT, "/no/such/agent");
	setenv("PATH", "/nonexistent:", 1);
	expect_failure(static_agent(), ENOPKG, "user-mode-linux");
	setenv("PATH", path, 1);
	free(path);
}

/*
 * Where the path cannot be built.
 */

static struct err why; /* it could not */

static void test_a_shut_tap_is_named_with_a_remedy(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(why.code, EACCES);
	assert_non_null(strstr(why.text, "/dev/net/tun"));
	assert_non_null(strstr(why.text, "chmod"));
	insist(attach("native", &bed.m1, NULL, &err), &err);
	assert_int_equal(agent_ping(bed.m1, NULL), 0);
	agent_detach(bed.m1);
}

static int run_without(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_shut_tap_is_named_with_a_remedy),
	};

	fprintf(stderr, "%s\n", why.text);
	if (why.code != EACCES || access("/dev/net/tun", R_OK | W_OK) == 0)
		return SKIP;
	return cmocka_run_group_tests_name("uml", tests, NULL, NULL);
}

static int run_with(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_another_kernel),
		cmocka_unit_test(test_a_round_trip_is_short),
		cmocka_unit_test(test_large_calls),
		cmocka_unit_test(test_the_hosts_programs_run_in_it),
		cmocka_unit_test(test_mtu_is_set_and_read_back),
		cmocka_unit_test(test_no_frame_exceeds_the_mtu),
		cmocka_unit_test(test_a_death_is_noticed_and_mended),
		cmocka_unit_test(test_a_closed_stream_ends_the_guest),
		cmocka_unit_test(test_a_guest_that_does_not_boot),
		cmocka_unit_test(test_what_is_missing_is_named),
	};
	struct err err = ERR_INIT;
	int failures;

	if (attach("M2", &bed.m2, NULL, &err) ||
	    attach("uml", &bed.m1, &bed.keeper, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	failures = cmocka_run_group_tests_name("uml", tests, NULL, NULL);
	agent_detach(bed.m1);
	agent_detach(bed.m2);
	return failures;
}

static int run_all(void *arg)
{
	struct lab_path_failure failures[PATHS];
	struct err err = ERR_INIT;
	size_t failed = 0;
	int status;

	(void)arg;
	if (create(static_agent(), &bed.lab, failures, &failed, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	why = failed ? failures[0].err : err;
	status = failed ? run_without() : run_with();
	lab_destroy(bed.lab);
	return status;
}

int main(int argc, char **argv)
{
	if (!vazao()) {
		fprintf(stderr, "VAZAO does not name the program\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN); /* as vazao does */
	return bed_main(argc, argv, run_all);
}
