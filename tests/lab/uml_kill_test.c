/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kill -9 of any process above or in a User Mode Linux guest, as it boots and
 * as it runs: no process of the guest is left, told by its command line, and
 * no file or mount.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/cage.h"
#include "lab/lab.h"
#include "lab_bed.h"

#define SKIP	 77
#define PIDS_MAX 64

/* The guest's node, by a name that no other lab has. */
static char guest_name[32];

static const char *static_agent(void)
{
	static char path[1024];
	const char *vazao = getenv("VAZAO");
	const char *slash = strrchr(vazao, '/');

	snprintf(path, sizeof(path), "%.*s/vazao-agent", (int)(slash - vazao),
		 vazao);
	return path;
}

/* In the cage: "b" as the guest boots, "r" when its agent speaks. */
static int live(void *arg)
{
	int say = *(int *)arg;
	json_t *options = json_pack("{s:i}", "memory", 64);
	const struct lab_path_spec spec[] = { { "native", "native", NULL },
					      { guest_name, "uml", options } };
	const struct lab_args args = { .path = spec,
				       .paths = 2,
				       .agent_path = static_agent(),
				       .self_path = "/bin/true" };
	struct lab_path_failure failures[2];
	struct lab_channel channel;
	struct err err = ERR_INIT;
	struct lab *lab;
	size_t failed;

	if (lab_create(&lab, &args, failures, &failed, &err) || failed) {
		fprintf(stderr, "%s\n",
			err.code ? err.text : failures[0].err.text);
		return SKIP;
	}
	if (write(say, "b", 1) != 1 ||
	    lab_start_agent(lab, lab_find_node(lab, guest_name), &channel,
			    &err) ||
	    write(say, "r", 1) != 1)
		return 1;
	for (;;)
		pause();
}

/*
 * The processes of the guest.
 */

static bool is_ours(const char *pid)
{
	char path[300], text[8192];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	f = fopen(path, "r");
	if (!f)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	text[n] = '\0';
	return strstr(text, "linux.uml") && strstr(text, guest_name);
}

static int find_guest(pid_t pids[PIDS_MAX])
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(proc)) && count < PIDS_MAX)
		if (atoi(entry->d_name) > 0 && is_ours(entry->d_name))
			pids[count++] = (pid_t)atoi(entry->d_name);
	closedir(proc);
	return count;
}

static pid_t read_ppid(pid_t pid)
{
	char path[64];
	int ppid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%*d (%*[^)]) %*c %d", &ppid) != 1)
		ppid = 0;
	fclose(f);
	return ppid;
}

/* ms until no process of the guest is there; -1: not within 20 s. */
static int await_none(void)
{
	int64_t start_ns = clock_mono_ns();
	pid_t pids[PIDS_MAX];

	while (find_guest(pids)) {
		if (clock_mono_ns() - start_ns > 20 * NS_PER_S)
			return -1;
		clock_sleep_ns(2 * NS_PER_MS);
	}
	return (int)((clock_mono_ns() - start_ns) / NS_PER_MS);
}

/*
 * Its files.
 */

static int count_files(const char *dir, const char *prefix)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int count = 0;

	while (d && (entry = readdir(d)))
		count += !strncmp(entry->d_name, prefix, strlen(prefix));
	if (d)
		closedir(d);
	return count;
}

static int count_leftovers(void)
{
	const char *home = getenv("HOME");

	return count_files("/tmp", "vm_file-") +
	       count_files("/dev/shm", "vm_file-") +
	       count_files(home ? home : "/", ".uml");
}

/* Where a keeper mounts; what else the machine mounts meanwhile is not ours. */
static int count_mounts(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "r");
	char line[1024];
	int count = 0;

	while (fgets(line, sizeof(line), f))
		count += strstr(line, " /dev/shm ") || strstr(line, " /tmp ");
	fclose(f);
	return count;
}

/*
 * One life.
 */

struct victim {
	pid_t parent; /* outside the cage */
	int said;
};

static struct victim start(void)
{
	struct victim v;
	int say[2];

	assert_int_equal(pipe2(say, O_CLOEXEC), 0);
	v.parent = fork();
	if (v.parent == 0) {
		struct err err = ERR_INIT;
		int status = 0;
		int rc = cage_run(live, &say[1], &status, &err);

		_exit(rc ? 1 : status);
	}
	close(say[1]);
	v.said = say[0];
	return v;
}

static bool hears(const struct victim *v, char what)
{
	struct pollfd pfd = { .fd = v->said, .events = POLLIN };
	char said = 0;

	return poll(&pfd, 1, 20000) == 1 && read(v->said, &said, 1) == 1 &&
	       said == what;
}

static void end(const struct victim *v)
{
	kill(v->parent, SIGKILL);
	waitpid(v->parent, NULL, 0);
	close(v->said);
}

/* keeper, inside, init, parent: from the guest's process upward. */
static pid_t find_above(pid_t pid, int steps)
{
	while (steps-- && pid)
		pid = read_ppid(pid);
	return pid;
}

/* The guest's first process is the one whose parent is none of them. */
static pid_t find_first(const pid_t *pids, int count)
{
	for (int i = 0; i < count; i++) {
		pid_t ppid = read_ppid(pids[i]);
		bool inner = false;

		for (int k = 0; k < count; k++)
			inner |= pids[k] == ppid;
		if (!inner)
			return pids[i];
	}
	return 0;
}

static void kill_one(int steps)
{
	static const char *const names[] = { "guest", "keeper", "inside",
					     "init", "parent" };
	struct victim v = start();
	pid_t pids[PIDS_MAX], target;
	int count, gone_ms;

	assert_true(hears(&v, 'b'));
	assert_true(hears(&v, 'r'));
	count = find_guest(pids);
	assert_true(count > 0);
	target = find_above(find_first(pids, count), steps);
	assert_true(target > 1);
	kill(target, SIGKILL);
	gone_ms = await_none();
	print_message("%s of %d processes killed: gone in %d ms\n",
		      names[steps], count, gone_ms);
	assert_true(gone_ms >= 0);
	end(&v);
}

static void test_each_process(void **state)
{
	(void)state;
	for (int steps = 0; steps < 5; steps++)
		kill_one(steps);
}

static void test_as_it_boots(void **state)
{
	(void)state;
	srandom((unsigned)clock_real_ns());
	for (int i = 0; i < 8; i++) {
		int moment_ms = (int)(random() % 1200);
		struct victim v = start();
		int gone_ms;

		assert_true(hears(&v, 'b'));
		clock_sleep_ns(moment_ms * NS_PER_MS);
		end(&v);
		gone_ms = await_none();
		print_message("killed %d ms into the boot: gone in %d ms\n",
			      moment_ms, gone_ms);
		assert_true(gone_ms >= 0);
	}
}

static int files_before, mounts_before;

static int note_before(void **state)
{
	(void)state;
	files_before = count_leftovers();
	mounts_before = count_mounts();
	return 0;
}

static int check_after(void **state)
{
	(void)state;
	return count_leftovers() != files_before ||
	       count_mounts() != mounts_before;
}

/* 0, or the status to skip with. */
static int probe(void)
{
	struct victim v = start();
	int status = 0;

	if (hears(&v, 'b')) {
		end(&v);
		return 0;
	}
	waitpid(v.parent, &status, 0);
	close(v.said);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_process, note_before,
						check_after),
		cmocka_unit_test_setup_teardown(test_as_it_boots, note_before,
						check_after),
	};
	int status;

	bed_take_arguments(argc, argv);
	snprintf(guest_name, sizeof(guest_name), "killed%d", getpid());
	status = probe();
	if (status)
		return status;
	return cmocka_run_group_tests_name("uml_kill", tests, NULL, NULL);
}
