/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The observer on this machine, with known loads between the edges. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "observe/observer.h"

static json_t *wanted_of_m2(pid_t helper)
{
	return json_pack("{ss s[{s{si} s[{ss ss ss ss}]} {s{} s[]}]}", "node",
			 "M2", "path", "processes", "helper", (int)helper,
			 "hops", "node", "here", "ifname", "lo", "role", "end",
			 "netns", "/proc/thread-self/ns/net", "processes",
			 "hops");
}

static struct observer *open_observer(json_t *wanted, size_t paths)
{
	struct observer *observer;
	struct err err = ERR_INIT;

	if (observer_open(&observer, wanted, paths, &err))
		fail_msg("%s", err.text);
	observer_reset(observer);
	return observer;
}

/* CPU time, not wall time: other tests may run. */
static void burn(int64_t ns)
{
	struct timespec cpu;
	int64_t end_ns = 0;

	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
		if (!end_ns)
			end_ns = cpu.tv_sec * NS_PER_S + cpu.tv_nsec + ns;
	} while (cpu.tv_sec * NS_PER_S + cpu.tv_nsec < end_ns);
}

static int64_t at(const json_t *root, const char *where)
{
	char key[80];
	const char *slash;

	while ((slash = strchr(where, '/'))) {
		snprintf(key, sizeof(key), "%.*s", (int)(slash - where), where);
		root = json_object_get(root, key);
		where = slash + 1;
	}
	root = json_object_get(root, where);
	if (!json_is_number(root))
		fail_msg("there is no number '%s'", where);
	return (int64_t)json_number_value(root);
}

static void turn(struct observer *observer, size_t path, int64_t burn_ns,
		 uint64_t bytes)
{
	observer_turn_begins(observer, path, NULL, 0, 1000);
	burn(burn_ns);
	observer_turn_ends(observer, path, NULL, 0, 1000 + bytes);
}

static void check_between(int64_t value, int64_t low, int64_t high)
{
	if (value < low || value > high)
		fail_msg("%lld is not within %lld to %lld", (long long)value,
			 (long long)low, (long long)high);
}

/* What path 1 burns is not in path 0's account. */
static void test_busy_loop_by_path(void **state)
{
	json_t *wanted = wanted_of_m2(getpid());
	struct observer *observer = open_observer(wanted, 2);
	json_t *report[2];

	(void)state;
	for (int i = 0; i < 4; i++) {
		turn(observer, 0, 20 * NS_PER_MS, 4096);
		turn(observer, 1, 60 * NS_PER_MS, 1);
	}
	for (size_t p = 0; p < 2; p++)
		report[p] = observer_report(observer, p);
	assert_int_equal(at(report[0], "turns"), 4);
	assert_int_equal(at(report[0], "turn_bytes"), 4 * 4096);
	assert_int_equal(at(report[1], "turn_bytes"), 4);
	check_between(at(report[0], "m2/process/cpu_ns"), 80 * NS_PER_MS,
		      90 * NS_PER_MS);
	check_between(at(report[1], "m2/process/cpu_ns"), 240 * NS_PER_MS,
		      260 * NS_PER_MS);
	assert_true(at(report[1], "turn_ns") >= 240 * NS_PER_MS);
	/* 4 turns, each rounded to a tick */
	assert_true(at(report[1], "host/busy_ns") >= 180 * NS_PER_MS);
	assert_true(at(report[1], "host/cpu_ns/idle") <=
		    at(report[1], "turn_ns") * at(report[1], "host/cpus"));
	for (size_t p = 0; p < 2; p++)
		json_decref(report[p]);
	observer_close(observer);
	json_decref(wanted);
}

/* Sleeps but where it is told to burn. */
static pid_t start_helper(int *go_fd, int *done_fd)
{
	int go[2], done[2];
	pid_t pid;

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(done), 0);
	pid = fork();
	if (pid == 0) {
		pid_t child;
		char c;

		close(go[1]);
		child = fork(); /* both burn */
		while (read(go[0], &c, 1) == 1) {
			burn(30 * NS_PER_MS);
			if (write(done[1], &c, 1) != 1)
				break;
		}
		if (child > 0)
			waitpid(child, NULL, 0);
		_exit(0);
	}
	close(go[0]);
	close(done[1]);
	*go_fd = go[1];
	*done_fd = done[0];
	return pid;
}

/* A helper is counted with its children, in its path's turns alone. */
static void test_helper_with_child(void **state)
{
	int go, done;
	pid_t pid = start_helper(&go, &done);
	json_t *wanted, *report;
	struct observer *observer;
	char c[2] = "xx";

	(void)state;
	clock_sleep_ns(50 * NS_PER_MS); /* the child is there */
	wanted = wanted_of_m2(pid);
	observer = open_observer(wanted, 2);
	for (size_t p = 0; p < 2; p++) {
		observer_turn_begins(observer, p, NULL, 0, 0);
		assert_int_equal(write(go, c, 2), 2);
		for (int i = 0; i < 2; i++)
			assert_int_equal(read(done, c, 1), 1);
		clock_sleep_ns(5 * NS_PER_MS);
		observer_turn_ends(observer, p, NULL, 0, 0);
	}
	report = observer_report(observer, 0);
	check_between(at(report, "processes/helper/cpu_ns"), 60 * NS_PER_MS,
		      66 * NS_PER_MS);
	assert_true(at(report, "processes/helper/switches_voluntary") >= 2);
	json_decref(report);
	report = observer_report(observer, 1);
	assert_null(json_object_get(report, "processes"));
	json_decref(report);
	close(go);
	close(done);
	waitpid(pid, NULL, 0);
	observer_close(observer);
	json_decref(wanted);
}

/* It dies within the turn: no number rather than half of one. */
static void test_helper_that_dies(void **state)
{
	int go, done;
	pid_t pid = start_helper(&go, &done);
	json_t *wanted = wanted_of_m2(pid), *report;
	struct observer *observer = open_observer(wanted, 2);

	(void)state;
	observer_turn_begins(observer, 0, NULL, 0, 0);
	close(go);
	waitpid(pid, NULL, 0);
	observer_turn_ends(observer, 0, NULL, 0, 0);
	report = observer_report(observer, 0);
	assert_null(json_object_get(report, "processes"));
	assert_int_equal(at(report, "turns"), 1);
	json_decref(report);
	close(done);
	observer_close(observer);
	json_decref(wanted);
}

static void connect_pair(int fd[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (void *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (void *)&address, &size), 0);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd[0], (void *)&address, size), 0);
	fd[1] = accept(listener, NULL, NULL);
	assert_true(fd[1] >= 0);
	close(listener);
}

/* 100 kB over lo: TCP's own count, and the interface's. */
static void test_bytes_on_the_way(void **state)
{
	json_t *wanted = wanted_of_m2(0), *report, *hop;
	struct observer *observer = open_observer(wanted, 2);
	char data[10000] = "";
	int fd[2];

	(void)state;
	connect_pair(fd);
	for (int turns = 0; turns < 2; turns++) {
		observer_turn_begins(observer, 0, fd, 1, 0);
		for (int i = 0; i < 5; i++) {
			assert_int_equal(send(fd[0], data, sizeof(data), 0),
					 sizeof(data));
			assert_int_equal(
				recv(fd[1], data, sizeof(data), MSG_WAITALL),
				sizeof(data));
		}
		observer_turn_ends(observer, 0, fd, 1, sizeof(data) * 5);
	}
	report = observer_report(observer, 0);
	assert_int_equal(at(report, "m2/tcp/bytes_sent"), 100000);
	assert_int_equal(at(report, "m2/tcp/retransmits"), 0);
	check_between(at(report, "m2/tcp/cwnd"), 1, 1000);
	check_between(at(report, "m2/tcp/rtt_us"), 1, 1000000);
	/* others may be at work in this namespace */
	assert_true(at(report, "m2/snmp/IpExt.OutOctets") >= 100000);
	hop = json_array_get(json_object_get(report, "hops"), 0);
	assert_string_equal(json_string_value(json_object_get(hop, "ifname")),
			    "lo");
	assert_true(at(hop, "tx_bytes") >= 100000);
	assert_int_equal(at(hop, "tx_bytes"), at(hop, "rx_bytes"));
	json_decref(report);
	close(fd[0]);
	close(fd[1]);
	observer_close(observer);
	json_decref(wanted);
}

/* A new block begins at 0, and one without turns says nothing. */
static void test_reset(void **state)
{
	json_t *wanted = wanted_of_m2(0), *other = wanted_of_m2(1), *report;
	struct observer *observer = open_observer(wanted, 2);

	(void)state;
	turn(observer, 0, NS_PER_MS, 7);
	observer_reset(observer);
	report = observer_report(observer, 0);
	assert_int_equal(json_object_size(report), 0);
	json_decref(report);
	turn(observer, 0, NS_PER_MS, 9);
	report = observer_report(observer, 0);
	assert_int_equal(at(report, "turn_bytes"), 9);
	json_decref(report);
	assert_true(observer_is_for(observer, wanted));
	assert_false(observer_is_for(observer, other));
	assert_false(observer_is_for(NULL, wanted));
	observer_close(observer);
	json_decref(wanted);
	json_decref(other);
}

/* On M2's kernel an M1 tells nothing that M2 tells already. */
static void test_m1(void **state)
{
	char boot_id[64] = "";
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	json_t *wanted, *report;
	struct observer *observer;

	(void)state;
	assert_non_null(fgets(boot_id, sizeof(boot_id), file));
	fclose(file);
	boot_id[strcspn(boot_id, "\n")] = '\0';
	for (int other = 0; other < 2; other++) {
		wanted = json_pack("{ss ss ss}", "node", "dom0", "kernel",
				   other ? "another" : boot_id, "ifname", "lo");
		observer = open_observer(wanted, 1);
		turn(observer, 0, 10 * NS_PER_MS, 5);
		report = observer_report(observer, 0);
		assert_int_equal(!!json_object_get(report, "kernel"), other);
		assert_int_equal(!!json_object_get(report, "hop"), other);
		assert_true(at(report, "process/cpu_ns") >= 10 * NS_PER_MS);
		json_decref(report);
		observer_close(observer);
		json_decref(wanted);
	}
}

static void test_nonsense_is_refused(void **state)
{
	static const char *const texts[] = {
		"{\"path\": []}",
		"{\"path\": 1}",
		"{\"node\": \"x\"}",
		"{\"path\": [{\"hops\": [{\"ifname\": 1}]}, {}]}",
		"{\"path\": [{\"hops\": [{\"ifname\": \"lo\"}]}, {}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *wanted = json_loads(texts[i], 0, NULL);
		struct observer *observer;
		struct err err = ERR_INIT;

		assert_true(observer_open(&observer, wanted, 2, &err) < 0);
		assert_null(observer);
		assert_true(err.text[0]);
		json_decref(wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_busy_loop_by_path),
		cmocka_unit_test(test_helper_with_child),
		cmocka_unit_test(test_helper_that_dies),
		cmocka_unit_test(test_bytes_on_the_way),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_m1),
		cmocka_unit_test(test_nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
