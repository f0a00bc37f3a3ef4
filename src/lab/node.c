/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes in nodes: started, waited for, killed. */
#include "lab/node.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* All the child does before it is somebody else; no memory is allocated. */
static int move_into(const struct node_spawn *spawn, pid_t parent)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (spawn->new_pids ? 0 : parent))
		_exit(1);
	if (spawn->netns && setns(netns_fd(spawn->netns), CLONE_NEWNET) < 0)
		return errno;
	if (!spawn->same_session)
		setsid();
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

/* First out of the way of 0, 1, 2, then into their places. */
static int take_stdio(const struct node_spawn *spawn)
{
	const int given[3] = { spawn->stdin_fd, spawn->stdout_fd,
			       spawn->stderr_fd };
	int high[3];

	for (int i = 0; i < 3; i++) {
		int fd = given[i] >= 0 ? given[i]
				       : open("/dev/null", O_RDWR | O_CLOEXEC);

		high[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (high[i] < 0)
			return errno;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			return errno;
	for (int i = 0; i < spawn->keep_fds; i++)
		if (fcntl(spawn->keep_fd[i], F_SETFD, 0) < 0)
			return errno;
	return 0;
}

static void run_child(const struct node_spawn *spawn, pid_t parent,
		      int error_fd)
{
	int code = move_into(spawn, parent);

	if (!code)
		code = take_stdio(spawn);
	if (!code) {
		execvp(spawn->argv[0], spawn->argv);
		code = errno;
	}
	if (write(error_fd, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

int node_spawn(const struct node_spawn *spawn, pid_t *pid, struct err *err)
{
	pid_t parent = getpid();
	int error_pipe[2];
	int code = 0;
	ssize_t n;

	if (pipe2(error_pipe, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	*pid = fork();
	if (*pid == 0)
		run_child(spawn, parent, error_pipe[1]);
	if (*pid < 0)
		code = errno;
	close(error_pipe[1]);
	do {
		n = read(error_pipe[0], &code, sizeof(code));
	} while (n < 0 && errno == EINTR);
	close(error_pipe[0]);
	if (!code)
		return 0;
	node_kill(pid);
	return err_sys(err, code, "starting %s", spawn->argv[0]);
}

void node_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void node_kill(pid_t *pid)
{
	if (*pid > 0) {
		kill(-*pid, SIGKILL); /* its children, if it leads a group */
		kill(*pid, SIGKILL);
		while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	*pid = 0;
}

void node_read_last_words(int stderr_fd, char *text, size_t size)
{
	char bytes[512];
	struct stat st;
	ssize_t n = 0;
	char *line;

	if (stderr_fd >= 0 && fstat(stderr_fd, &st) == 0)
		n = pread(stderr_fd, bytes, sizeof(bytes) - 1,
			  st.st_size > (off_t)sizeof(bytes) - 1
				  ? st.st_size - (off_t)sizeof(bytes) + 1
				  : 0);
	while (n > 0 && bytes[n - 1] == '\n')
		n--;
	bytes[n > 0 ? n : 0] = '\0';
	line = strrchr(bytes, '\n');
	line = line ? line + 1 : bytes;
	snprintf(text, size, "%.*s", (int)size - 1,
		 *line ? line : "it said nothing");
}

static void close_pair(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

int node_open_pipes(struct lab_channel *channel, int child_fd[2],
		    struct err *err)
{
	int down[2], up[2]; /* to the child, from the child */

	if (pipe2(down, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	if (pipe2(up, O_CLOEXEC) < 0) {
		close_pair(down);
		return err_sys(err, errno, "pipe");
	}
	channel->read_fd = up[0];
	channel->write_fd = down[1];
	child_fd[0] = down[0];
	child_fd[1] = up[1];
	return 0;
}
