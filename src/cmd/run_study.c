/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"

extern char **environ;

int cmd_run_study(char *const argv[], struct err *err)
{
	posix_spawn_file_actions_t actions;
	char self[] = "/proc/self/exe";
	int status, rc;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
					 O_WRONLY, 0);
	rc = posix_spawn(&pid, self, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc)
		return err_sys(err, rc, "vazao study");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "vazao study");
	return WIFEXITED(status) ? WEXITSTATUS(status) : CMD_INTERRUPTED;
}
