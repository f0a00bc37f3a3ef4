/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/lab_enter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/node.h"

static bool is_own_user_namespace(int fd)
{
	struct stat own, given;

	return stat("/proc/self/ns/user", &own) == 0 &&
	       fstat(fd, &given) == 0 && own.st_dev == given.st_dev &&
	       own.st_ino == given.st_ino;
}

/* The mount namespace has the same files, but takes us to their root. */
static int join(const int ns[DOOR_FDS_MAX], struct err *err)
{
	char cwd[PATH_MAX];
	bool has_cwd = getcwd(cwd, sizeof(cwd));

	for (int i = is_own_user_namespace(ns[0]) ? 1 : 0; i < DOOR_FDS_MAX;
	     i++)
		if (setns(ns[i], 0) < 0)
			return err_sys(err, errno,
				       "entering the lab's namespaces");
	if (!has_cwd || chdir(cwd) < 0)
		return chdir("/") < 0 ? err_sys(err, errno, "/") : 0;
	return 0;
}

struct outcome {
	int rc, status;
	struct err err;
};

/* Ctrl-C is the command's: we only wait. */
static int run(char *const argv[], int *status, struct err *err)
{
	const struct node_spawn spawn = { .argv = argv,
					  .stdin_fd = STDIN_FILENO,
					  .stdout_fd = STDOUT_FILENO,
					  .stderr_fd = STDERR_FILENO,
					  .same_session = true,
					  .new_pids = true };
	pid_t pid;
	int rc = node_spawn(&spawn, &pid, err);

	if (rc)
		return rc;
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "waiting for %s", argv[0]);
	return 0;
}

static void enter(const int ns[DOOR_FDS_MAX], char *const argv[], int answer)
{
	struct outcome outcome = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	outcome.rc = join(ns, &outcome.err);
	for (int i = 0; i < DOOR_FDS_MAX; i++)
		close(ns[i]);
	if (!outcome.rc)
		outcome.rc = run(argv, &outcome.status, &outcome.err);
	if (write(answer, &outcome, sizeof(outcome)) < 0)
		_exit(1);
	_exit(0);
}

static int read_outcome(int answer, struct outcome *outcome, struct err *err)
{
	ssize_t n;

	do {
		n = read(answer, outcome, sizeof(*outcome));
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(*outcome))
		return err_set(err, EINTR,
			       "the process that entered the node "
			       "was killed");
	return 0;
}

/*
 * A child enters: who has joined a PID namespace may start processes there,
 * but no threads any more, which this process might want to.
 */
int enter_and_run(int ns[DOOR_FDS_MAX], char *const argv[], int *status,
		  struct err *err)
{
	struct outcome outcome;
	int answer[2];
	pid_t pid;
	int rc;

	if (pipe2(answer, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		enter(ns, argv, answer[1]);
	close(answer[1]);
	for (int i = 0; i < DOOR_FDS_MAX; i++)
		close(ns[i]);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	rc = pid < 0 ? err_sys(err, errno, "fork")
		     : read_outcome(answer[0], &outcome, err);
	close(answer[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (rc)
		return rc;
	if (outcome.rc && err)
		*err = outcome.err;
	*status = outcome.status;
	return outcome.rc;
}
