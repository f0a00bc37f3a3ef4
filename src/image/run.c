/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_FOUND 127

struct stream {
	int fd;
	char *text;
	size_t used, room;
};

static _Noreturn void become(const struct run_args *args, int out, int error)
{
	int null = open("/dev/null", O_RDWR);

	if (args->output_file)
		out = open(args->output_file, O_WRONLY | O_CREAT | O_TRUNC,
			   0644);
	if (out < 0 || (args->dir && chdir(args->dir) < 0)) {
		dprintf(error, "%s: %s\n",
			out < 0 ? args->output_file : args->dir,
			strerror(errno));
		_exit(1);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(error, STDERR_FILENO);
	setenv("LC_ALL", "C", 1);
	execvp(args->argv[0], (char *const *)args->argv);
	_exit(NOT_FOUND);
}

/* False at the end. */
static bool take(struct stream *s)
{
	ssize_t n;

	if (s->room < s->used + 4096) {
		char *text = realloc(s->text, s->used + 65536);

		if (!text)
			return false;
		s->text = text;
		s->room = s->used + 65536;
	}
	n = read(s->fd, s->text + s->used, s->room - s->used - 1);
	if (n < 0 && errno == EINTR)
		return true;
	s->used += n > 0 ? (size_t)n : 0;
	s->text[s->used] = '\0';
	return n > 0;
}

static void take_all(struct stream *out, struct stream *error)
{
	struct pollfd pfd[2] = { { .fd = out->fd, .events = POLLIN },
				 { .fd = error->fd, .events = POLLIN } };

	while (pfd[0].fd >= 0 || pfd[1].fd >= 0) {
		if (poll(pfd, 2, -1) < 0)
			continue;
		if (pfd[0].revents && !take(out))
			pfd[0].fd = -1;
		if (pfd[1].revents && !take(error))
			pfd[1].fd = -1;
	}
}

/* Of a text that may be NULL; cuts it. */
static const char *last_line(char *text)
{
	char *end, *newline;

	if (!text)
		return "";
	end = text + strlen(text);
	while (end > text && strchr("\r\n ", end[-1]))
		*--end = '\0';
	newline = strrchr(text, '\n');
	return newline ? newline + 1 : text;
}

static int judge(const struct run_args *args, int status, char *complaint,
		 struct err *err)
{
	const char *program = args->argv[0];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
		return err_set(err, ENOPKG,
			       "there is no %s in $PATH: install the package "
			       "%s",
			       program, args->package);
	if (WIFSIGNALED(status))
		return err_set(err, EIO, "%s died of signal %d", program,
			       WTERMSIG(status));
	return err_set(err, EIO, "%s: %s", program, last_line(complaint));
}

static int run(const struct run_args *args, int out_fd[2], int error_fd[2],
	       char **output, struct err *err)
{
	struct stream out = { .fd = out_fd[0] }, error = { .fd = error_fd[0] };
	pid_t pid = fork();
	int status, rc;

	if (pid == 0)
		become(args, out_fd[1], error_fd[1]);
	close(out_fd[1]);
	close(error_fd[1]);
	if (pid < 0)
		return err_sys(err, errno, "starting %s", args->argv[0]);
	take_all(&out, &error);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	rc = judge(args, status, error.text, err);
	free(error.text);
	if (!rc && !out.text)
		rc = err_sys(err, ENOMEM, "%s", args->argv[0]);
	if (rc || !output)
		free(out.text);
	else
		*output = out.text;
	return rc;
}

int run_program(const struct run_args *args, char **output, struct err *err)
{
	int out_fd[2], error_fd[2], rc;

	if (pipe2(out_fd, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	if (pipe2(error_fd, O_CLOEXEC) < 0) {
		rc = err_sys(err, errno, "pipe");
		close(out_fd[0]);
		close(out_fd[1]);
		return rc;
	}
	rc = run(args, out_fd, error_fd, output, err);
	close(out_fd[0]);
	close(error_fd[0]);
	return rc;
}
