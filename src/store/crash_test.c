/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a store bears: kill -9 at any moment, a full disk, a directory that
 * cannot be written to. */
#include "store/fixture.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"

#define KILLS	     50
#define CREATE_KILLS 20
#define SKIPPED	     77
#define NOBODY	     65534

static struct err err;

static void pause_us(long us)
{
	clock_sleep_ns(us * NS_PER_US);
}

/* The child: adds blocks until it dies, says each number once it is in. */
static void write_until_killed(const struct fixture *f, int said)
{
	struct store *store = NULL;
	struct store_block *blocks;
	size_t count;

	if (store_open(&store, f->dir, STORE_WRITE, &err) ||
	    store_load_blocks(store, true, &blocks, &count, &err))
		_exit(1);
	store_blocks_free(blocks, count);
	for (int n = (int)count; fixture_add(store, n, &err) == 0; n++)
		if (write(said, &n, sizeof(n)) != sizeof(n))
			break;
	_exit(1);
}

/* One life: how many blocks the child said were in, of all lives. It ends at
 * a random moment, of its opening or, if `adds`, after its first block. */
static size_t live_and_die(const struct fixture *f, size_t before, bool adds)
{
	struct pollfd poll_fd = { .events = POLLIN };
	int pipe_fds[2], n, status;
	size_t said = before;
	pid_t pid;

	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	if (pid == 0)
		write_until_killed(f, pipe_fds[1]);
	close(pipe_fds[1]);
	poll_fd.fd = pipe_fds[0];
	if (adds)
		assert_int_equal(poll(&poll_fd, 1, 30000), 1);
	pause_us(random() % 40000);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	while (read(pipe_fds[0], &n, sizeof(n)) == sizeof(n))
		said = (size_t)n + 1;
	close(pipe_fds[0]);
	return said;
}

static void test_kill_9_loses_no_committed_block(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);
	size_t said = 0, there = 0;

	fixture_fill(store);
	store_close(store);
	srandom(1);
	for (int i = 0; i < KILLS; i++) {
		said = live_and_die(f, there, i % 2);
		there = fixture_check_all(f);
		/* one may be in that it had no time to speak of */
		assert_true(there == said || there == said + 1);
	}
	assert_true(there >= KILLS / 2);
	print_message("%d kills, %zu blocks\n", KILLS, there);
}

static void test_kill_9_while_a_study_is_made(void **state)
{
	struct fixture *f = *state;
	int made = 0;

	srandom(2);
	for (int i = 0; i < CREATE_KILLS; i++) {
		struct store *store = NULL;
		pid_t pid = fork();
		int rc;

		if (pid == 0)
			_exit(store_open(&store, f->dir, STORE_CREATE, &err)
				      ? 1
				      : 0);
		pause_us(random() % 12000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		rc = store_open(&store, f->dir, STORE_WRITE, &err);
		if (rc == -ENOENT)
			store = fixture_open(f, STORE_CREATE);
		else if (rc)
			fail_msg("%s", err.text);
		else
			made++;
		store_close(store);
		unlink(f->file);
	}
	print_message("%d of %d were made whole\n", made, CREATE_KILLS);
}

static void add_until_full(const struct fixture *f, int first)
{
	struct store *store = fixture_open(f, STORE_WRITE);
	int n = first, rc = 0;

	while (rc == 0 && n < first + 100000)
		rc = fixture_add(store, n++, &err);
	if (rc != -ENOSPC)
		fail_msg("%d after %d blocks: %s", rc, n, err.text);
	/* what was stored can still be read, and the next try may fail, too */
	assert_int_equal(fixture_add(store, n, &err), -ENOSPC);
	assert_int_equal(fixture_check_all(f), n - 1);
	store_close(store);
	assert_int_equal(fixture_check_all(f), n - 1);
}

/* Runs in a child, so that the limit dies with it. */
static int run_child(void (*run)(const struct fixture *), struct fixture *f)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* a failed assertion shall not go on with the parent's tests */
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		run(f);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + status;
}

static void fill_up_to_limit(const struct fixture *f)
{
	struct rlimit limit = { 400 * 1024, 400 * 1024 };

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(SKIPPED);
	add_until_full(f, 0);
	assert_non_null(strstr(err.text, "File too large"));
}

static void test_a_file_size_limit_keeps_what_is_there(void **state)
{
	struct fixture *f = *state;
	struct store *store = fixture_open(f, STORE_CREATE);

	fixture_fill(store);
	store_close(store);
	assert_int_equal(run_child(fill_up_to_limit, f), 0);
	/* and the study goes on where there is room */
	store = fixture_open(f, STORE_WRITE);
	assert_int_equal(fixture_add(store, (int)fixture_check_all(f), &err),
			 0);
	store_close(store);
	assert_true(fixture_check_all(f) > 10);
}

static void put(const char *file, const char *text)
{
	FILE *out = fopen(file, "we");

	if (out) {
		fputs(text, out);
		fclose(out);
	}
}

/* A mount namespace; without rights, one of a user namespace's root. */
static int enter_mount_namespace(void)
{
	char uid_map[32], gid_map[32];

	snprintf(uid_map, sizeof(uid_map), "0 %u 1", getuid());
	snprintf(gid_map, sizeof(gid_map), "0 %u 1", getgid());

	if (unshare(CLONE_NEWNS) == 0)
		return 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	put("/proc/self/setgroups", "deny");
	put("/proc/self/uid_map", uid_map);
	put("/proc/self/gid_map", gid_map);
	return 0;
}

static void fill_up_disk(const struct fixture *f)
{
	struct store *store;

	if (enter_mount_namespace() < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("vazao-test", f->dir, "tmpfs", 0, "size=1m") < 0) {
		print_message("no tmpfs to be had: %s\n", strerror(errno));
		_exit(SKIPPED);
	}
	store = fixture_open(f, STORE_CREATE);
	fixture_fill(store);
	store_close(store);
	add_until_full(f, 0);
}

static void test_a_full_disk_keeps_what_is_there(void **state)
{
	int status = run_child(fill_up_disk, *state);

	if (status == SKIPPED)
		skip();
	assert_int_equal(status, 0);
}

static void become_nobody(void)
{
	if (geteuid() == 0 && setuid(NOBODY) < 0)
		_exit(SKIPPED);
}

static void read_as_nobody(const struct fixture *f)
{
	become_nobody();
	assert_true(fixture_check_all(f) >= 5);
}

static void write_as_nobody(const struct fixture *f)
{
	become_nobody();
	fixture_refuse(f, STORE_WRITE, -EACCES, "study.lock: making it");
}

static void create_as_nobody(const struct fixture *f)
{
	become_nobody();
	fixture_refuse(f, STORE_CREATE, -EACCES, "study.lock: making it");
}

static void test_a_read_only_directory_can_be_read(void **state)
{
	struct fixture *f = *state;
	struct store *store;

	chmod(f->dir, 0555);
	assert_int_equal(run_child(create_as_nobody, f), 0);
	chmod(f->dir, 0755);
	store = fixture_open(f, STORE_CREATE);
	fixture_fill(store);
	for (int n = 0; n < 5; n++)
		assert_int_equal(fixture_add(store, n, &err), 0);
	chmod(f->dir, 0555);
	assert_int_equal(run_child(read_as_nobody, f), 0); /* beside a writer */
	chmod(f->dir, 0755);
	store_close(store);
	chmod(f->dir, 0555);
	assert_int_equal(run_child(read_as_nobody, f), 0);
	assert_int_equal(run_child(write_as_nobody, f), 0);
	chmod(f->dir, 0755);
	/* a journal that a killed writer left, blocks in it */
	live_and_die(f, 5, true);
	live_and_die(f, 5, true);
	chmod(f->dir, 0555);
	assert_int_equal(run_child(read_as_nobody, f), 0);
	chmod(f->dir, 0755);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(kill_9_loses_no_committed_block),
		FIXTURE_TEST(kill_9_while_a_study_is_made),
		FIXTURE_TEST(a_file_size_limit_keeps_what_is_there),
		FIXTURE_TEST(a_full_disk_keeps_what_is_there),
		FIXTURE_TEST(a_read_only_directory_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
