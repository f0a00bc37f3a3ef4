/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cage: statuses, signals, orphans, users, and what forbids it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/cage.h"
#include "lab_bed.h"

/* Runs in a cage of its own; the cage's status is the answer. */
static int run(cage_main *inside, void *arg)
{
	struct err err = ERR_INIT;
	int status = -1;
	int rc = cage_run(inside, arg, &status, &err);

	if (rc)
		fprintf(stderr, "%s\n", err.text);
	return rc ? rc : status;
}

static int return_42(void *arg)
{
	(void)arg;
	return 42;
}

static void test_status_comes_back(void **state)
{
	(void)state;
	assert_int_equal(run(return_42, NULL), 42);
}

static int die(void *arg)
{
	raise(*(int *)arg);
	return 0;
}

static void test_death_by_signal_is_said(void **state)
{
	int sig = SIGKILL;
	struct err err = ERR_INIT;
	int status = 0;

	(void)state;
	assert_int_equal(cage_run(die, &sig, &status, &err), -EINTR);
	assert_int_equal(status, 128 + SIGKILL);
	assert_non_null(strstr(err.text, "killed"));
}

static int check_identity(void *arg)
{
	(void)arg;
	return getpid() == 2 && getppid() == 1 && geteuid() == 0 ? 0 : 1;
}

static void test_inside_is_root_of_its_own_processes(void **state)
{
	(void)state;
	assert_int_equal(run(check_identity, NULL), 0);
}

/* lo alone, and not even that is up. */
static int count_links(void *arg)
{
	FILE *f = fopen("/proc/thread-self/net/dev", "r");
	char line[256];
	int lines = 0;

	(void)arg;
	while (fgets(line, sizeof(line), f))
		lines++;
	fclose(f);
	return lines - 2; /* the heading */
}

static void test_the_network_is_empty(void **state)
{
	(void)state;
	assert_int_equal(run(count_links, NULL), 1);
}

/*
 * Orphans.
 */

static int count_processes(char state)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(proc))) {
		char path[300], now = 0;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if (atoi(entry->d_name) <= 0 || !(f = fopen(path, "r")))
			continue;
		if (fscanf(f, "%*d (%*[^)]) %c", &now) == 1)
			count += state == 0 || state == now;
		fclose(f);
	}
	closedir(proc);
	return count;
}

/* A child that leaves ten grandchildren behind. */
static int leave_orphans(void *arg)
{
	pid_t child = fork();

	(void)arg;
	if (child == 0) {
		for (int i = 0; i < 10; i++)
			if (fork() == 0) {
				clock_sleep_ns(20 * NS_PER_MS);
				_exit(0);
			}
		_exit(0);
	}
	waitpid(child, NULL, 0);
	clock_sleep_ns(200 * NS_PER_MS);
	return count_processes('Z') * 100 + count_processes(0);
}

static int has_own_proc(void *arg)
{
	char self[16] = "";

	(void)arg;
	return readlink("/proc/self", self, sizeof(self)) == 1 &&
	       self[0] == '2';
}

static void test_orphans_are_reaped(void **state)
{
	(void)state;
	if (run(has_own_proc, NULL) != 1) {
		fprintf(stderr, "no /proc of its own here\n");
		skip();
	}
	assert_int_equal(run(leave_orphans, NULL), 2); /* init and inside */
}

/*
 * Signals.
 */

/* Says that it is there, waits for a signal, and what it counted is the
 * status, a little later. */
static int wait_for_stop(void *arg)
{
	int ready = *(int *)arg;

	if (write(ready, "r", 1) != 1)
		return 99;
	for (int i = 0; i < 300 && !cage_stop_asked(); i++)
		poll(NULL, 0, 10);
	for (int i = 0; i < 70; i++)
		poll(NULL, 0, 10);
	return cage_stop_asked();
}

/* A process with a cage, its exit status the cage's. */
static pid_t start_waiter(int ready[2])
{
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		_exit(run(wait_for_stop, &ready[1]));
	}
	close(ready[1]);
	return pid;
}

static void wait_until_ready(int ready[2])
{
	char c;

	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
}

static int get_status(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_a_signal_is_passed_on_once(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM };
	int ready[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		pid_t pid = start_waiter(ready);

		wait_until_ready(ready);
		kill(pid, signals[i]);
		assert_int_equal(get_status(pid), 1);
	}
}

/* As timeout(1) does: to the process, and to its group at once. */
static void test_a_signal_to_the_group_counts_once(void **state)
{
	int ready[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		_exit(run(wait_for_stop, &ready[1]));
	}
	close(ready[1]);
	wait_until_ready(ready);
	kill(pid, SIGINT);
	kill(-pid, SIGINT);
	assert_int_equal(get_status(pid), 1);
}

static void test_two_signals_with_a_pause_count_twice(void **state)
{
	int ready[2];
	pid_t pid = start_waiter(ready);

	(void)state;
	wait_until_ready(ready);
	kill(pid, SIGINT);
	clock_sleep_ns(400 * NS_PER_MS);
	kill(pid, SIGINT);
	assert_int_equal(get_status(pid), 2);
}

static void test_ignored_signals_stay_ignored(void **state)
{
	int ready[2];
	pid_t pid;

	(void)state;
	signal(SIGINT, SIG_IGN);
	pid = start_waiter(ready);
	signal(SIGINT, SIG_DFL);
	wait_until_ready(ready);
	kill(pid, SIGINT);
	clock_sleep_ns(400 * NS_PER_MS);
	kill(pid, SIGTERM);
	assert_int_equal(get_status(pid), 1);
}

/* A terminal of its own; ^C comes from the line discipline, to all three. */
static void run_at_terminal(int terminal, int ready)
{
	setsid();
	if (ioctl(terminal, TIOCSCTTY, 0))
		_exit(98);
	_exit(run(wait_for_stop, &ready));
}

static void test_ctrl_c_counts_once(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int ready[2], terminal = -1;
	pid_t pid;

	(void)state;
	if (master < 0 || grantpt(master) || unlockpt(master) ||
	    (terminal = open(ptsname(master), O_RDWR | O_NOCTTY)) < 0) {
		fprintf(stderr, "no pseudo-terminal here\n");
		skip();
	}
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		run_at_terminal(terminal, ready[1]);
	close(ready[1]);
	wait_until_ready(ready);
	assert_int_equal(write(master, "\003", 1), 1);
	assert_int_equal(get_status(pid), 1);
	close(terminal);
	close(master);
}

/*
 * What forbids it. In a user namespace of our own, limits are ours to set.
 */

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { { 0 } };

	syscall(SYS_capset, &header, none);
}

static int check_forbidden(void *arg)
{
	struct err err = ERR_INIT;
	int fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY);
	int status, rc;

	(void)arg;
	if (fd < 0 || write(fd, "0", 1) != 1)
		return 77;
	close(fd);
	drop_capabilities();
	rc = cage_run(return_42, NULL, &status, &err);
	if (rc == -EPERM && strstr(err.text, "user.max_user_namespaces = 0") &&
	    strstr(err.text, "sysctl -w"))
		return 0;
	fprintf(stderr, "%d: %s\n", rc, err.text);
	return 1;
}

static void test_a_limit_is_named(void **state)
{
	int status;

	(void)state;
	if (geteuid() == 0) /* the limit would be the whole machine's */
		skip();
	status = run(check_forbidden, NULL);
	if (status == 77) {
		fprintf(stderr, "no limit can be set here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_comes_back),
		cmocka_unit_test(test_death_by_signal_is_said),
		cmocka_unit_test(test_inside_is_root_of_its_own_processes),
		cmocka_unit_test(test_the_network_is_empty),
		cmocka_unit_test(test_orphans_are_reaped),
		cmocka_unit_test(test_a_signal_is_passed_on_once),
		cmocka_unit_test(test_a_signal_to_the_group_counts_once),
		cmocka_unit_test(test_two_signals_with_a_pause_count_twice),
		cmocka_unit_test(test_ignored_signals_stay_ignored),
		cmocka_unit_test(test_ctrl_c_counts_once),
		cmocka_unit_test(test_a_limit_is_named),
	};

	bed_take_arguments(argc, argv);
	if (run(return_42, NULL) == -EPERM)
		return 77;
	return cmocka_run_group_tests_name("cage", tests, NULL, NULL);
}
