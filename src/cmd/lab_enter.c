/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/lab_enter.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
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

int enter_and_run(int ns[DOOR_FDS_MAX], char *const argv[], int *status,
		  struct err *err)
{
	struct node_spawn spawn = { .argv = argv,
				    .stdin_fd = STDIN_FILENO,
				    .stdout_fd = STDOUT_FILENO,
				    .stderr_fd = STDERR_FILENO,
				    .same_session = true,
				    .new_pids = true };
	int rc = join(ns, err);
	pid_t pid;

	for (int i = 0; i < DOOR_FDS_MAX; i++)
		close(ns[i]);
	if (!rc)
		rc = node_spawn(&spawn, &pid, err);
	if (rc)
		return rc;
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "waiting for %s", argv[0]);
	return 0;
}
