/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kill -9 at random moments, of any process of a lab: nothing may be left. No
 * process (told by the end of a pipe that all of them inherit), no interface
 * in the namespace outside, no namespace bound to a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/axis.h"
#include "base/clock.h"
#include "lab/cage.h"
#include "lab/driver_domain.h"
#include "lab_bed.h"

#define ROUNDS	  20
#define PIDS_MAX  64
#define LATEST_MS 60 /* the lab stands after some 30 ms */

/* Every agent is this test itself, which does nothing. */
static void be_an_agent(void)
{
	for (;;)
		pause();
}

static void start_agents(struct lab *lab)
{
	for (size_t i = 0; i < lab_nodes(lab); i++) {
		struct lab_channel channel;
		struct err err = ERR_INIT;

		if (lab_start_agent(lab, lab_node_at(lab, i), &channel, &err))
			fprintf(stderr, "%s\n", err.text);
	}
}

/* A guest's TAP, where the machine lets us. */
static void add_tap(struct lab *lab)
{
	struct lab_path path = { .name = "guest" };
	struct driver_domain *domain;
	struct driver_vif vif;

	if (!lab_get_driver_domain(lab, &domain, NULL) &&
	    !driver_domain_add_vif(lab, &path, &vif, NULL))
		driver_domain_add_tap(domain, &vif, 0, NULL);
}

static int live(void *arg)
{
	struct lab *lab = bed_create(0, "/proc/self/exe");

	add_tap(lab);
	start_agents(lab);
	if (write(*(int *)arg, "r", 1) != 1)
		return 1;
	for (int i = 0;; i++)
		bed_set(lab, (size_t)i % BED_PATHS, i % 2 ? 500 : 1500,
			OFFLOAD_OFF);
}

struct victim_lab {
	pid_t parent;
	int life; /* ends when the last process has */
};

static struct victim_lab start_lab(void)
{
	struct victim_lab victim;
	int life[2];

	assert_int_equal(pipe2(life, O_CLOEXEC), 0);
	victim.parent = fork();
	if (victim.parent == 0) {
		struct err err = ERR_INIT;
		int status;

		fcntl(life[1], F_SETFD, 0); /* agents have it, too */
		_exit(cage_run(live, &life[1], &status, &err) ? 1 : 0);
	}
	close(life[1]);
	victim.life = life[0];
	return victim;
}

/*
 * The processes of a lab: the parent and all its descendants.
 */

static pid_t read_ppid(const char *name)
{
	char path[300];
	int ppid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", name);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%*d (%*[^)]) %*c %d", &ppid) != 1)
		ppid = 0;
	fclose(f);
	return ppid;
}

static bool contains(const pid_t *pids, int count, pid_t pid)
{
	for (int i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static int add_children(pid_t *pids, int count)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while ((entry = readdir(proc)) && count < PIDS_MAX) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (pid > 0 && !contains(pids, count, pid) &&
		    contains(pids, count, read_ppid(entry->d_name)))
			pids[count++] = pid;
	}
	closedir(proc);
	return count;
}

static int find_processes(pid_t parent, pid_t pids[PIDS_MAX])
{
	int count = 1;
	int before;

	pids[0] = parent;
	do {
		before = count;
		count = add_children(pids, count);
	} while (count > before);
	return count;
}

/*
 * What is outside.
 */

static int count_links(void)
{
	struct if_nameindex *all = if_nameindex();
	int count = 0;

	while (all[count].if_index)
		count++;
	if_freenameindex(all);
	return count;
}

static int count_bound_namespaces(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "r");
	char line[1024];
	int count = 0;

	while (fgets(line, sizeof(line), f))
		count += strstr(line, " - nsfs ") != NULL;
	fclose(f);
	return count;
}

/* ms until the pipe has ended; what was written to it does not count. */
static int wait_for_end(int life, int timeout_ms)
{
	int64_t start_ns = clock_mono_ns();
	int64_t deadline_ns = start_ns + timeout_ms * NS_PER_MS;
	struct pollfd ended = { .fd = life, .events = POLLIN };
	char said[16];

	while (poll(&ended, 1, clock_poll_ms(deadline_ns)) == 1)
		if (read(life, said, sizeof(said)) == 0)
			return (int)((clock_mono_ns() - start_ns) / NS_PER_MS);
	return -1;
}

static void kill_one(int moment_ms, int choice, bool wait_ready)
{
	struct victim_lab victim = start_lab();
	pid_t pids[PIDS_MAX];
	int count, ended_ms, which;
	char said;

	if (wait_ready)
		assert_int_equal(read(victim.life, &said, 1), 1);
	clock_sleep_ns(moment_ms * NS_PER_MS);
	count = find_processes(victim.parent, pids);
	which = choice % count;
	kill(pids[which], SIGKILL);
	/* an agent's death does not end the lab: then the parent is next */
	ended_ms = wait_for_end(victim.life, which > 2 ? 50 : 5000);
	if (ended_ms < 0 && which > 2) {
		kill(victim.parent, SIGKILL);
		ended_ms = wait_for_end(victim.life, 5000);
	}
	print_message("process %d of %d after %d ms%s: gone in %d ms\n",
		      which + 1, count, moment_ms, wait_ready ? ", built" : "",
		      ended_ms);
	assert_true(ended_ms >= 0);
	close(victim.life);
	waitpid(victim.parent, NULL, 0);
}

static void test_nothing_is_left(void **state)
{
	int links = count_links();
	int bound = count_bound_namespaces();
	unsigned seed = (unsigned)clock_real_ns();

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < ROUNDS; i++)
		kill_one((int)(random() % LATEST_MS), (int)(random() % 100),
			 i % 2);
	assert_int_equal(count_links(), links);
	assert_int_equal(count_bound_namespaces(), bound);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Parent, init, inside and one agent, each in a lab that stands. */
static void test_each_kind_of_process(void **state)
{
	(void)state;
	for (int which = 0; which < 4; which++)
		kill_one(20, which, true);
}

static int return_0(void *arg)
{
	(void)arg;
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_of_process),
		cmocka_unit_test(test_nothing_is_left),
	};
	struct err err = ERR_INIT;
	int status;

	if (argc > 1 && strcmp(argv[1], "agent") == 0)
		be_an_agent();
	bed_take_arguments(argc, argv);
	if (cage_run(return_0, NULL, &status, &err) == -EPERM) {
		fprintf(stderr, "%s\n", err.text);
		return 77;
	}
	return cmocka_run_group_tests_name("lab_kill", tests, NULL, NULL);
}
