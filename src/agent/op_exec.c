/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * op_exec.c - runs a program in the node.
 */
#include "agent/op.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/protocol.h"
#include "base/clock.h"
#include "base/json.h"

#define ARGS_MAX 255

/* Of one look at the output: more than a pipe holds, in pieces of 4 KiB. */
#define READS_MAX 64

struct run {
	pid_t pid;
	int pid_fd, output_fd; /* output_fd is nonblocking */
	char *output;
	size_t used;
	bool truncated;
	int status;
};

/* In a guest whose own image has next to nothing, the host's programs. */
static void exec_on_host(char *const argv[])
{
	if (chroot(EXEC_HOST_ROOT) == 0 && chdir("/") == 0)
		execvp(argv[0], argv);
}

static _Noreturn void be_child(char *const argv[], int output_fd)
{
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(output_fd, STDOUT_FILENO);
	dup2(output_fd, STDERR_FILENO);
	setenv("PATH",
	       "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	       0);
	execvp(argv[0], argv);
	if (errno == ENOENT)
		exec_on_host(argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127); /* as a shell says it */
}

static int start(struct run *run, char *const argv[], struct err *err)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	run->pid = fork();
	if (run->pid == 0)
		be_child(argv, fd[1]);
	close(fd[1]);
	if (run->pid < 0) {
		close(fd[0]);
		return err_sys(err, errno, "fork");
	}
	setpgid(run->pid, run->pid); /* whoever is first, parent or child */
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	run->output_fd = fd[0];
	run->pid_fd = pidfd_open(run->pid, 0);
	return run->pid_fd < 0 ? err_sys(err, errno, "pidfd_open") : 0;
}

/* Takes what is there; what is too much is read and let go. False at the
 * end of the output. A program that never stops talking is interrupted. */
static bool take_output(struct run *run)
{
	char rest[4096];
	ssize_t n = 1;

	for (int i = 0; i < READS_MAX && n > 0; i++) {
		size_t room = EXEC_OUTPUT_MAX - run->used;

		n = read(run->output_fd, room ? run->output + run->used : rest,
			 room ? room : sizeof(rest));
		if (n > 0 && room)
			run->used += (size_t)n;
		else if (n > 0)
			run->truncated = true;
	}
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Until the program has ended; one that left a daemon behind, which holds
 * the pipe, is not waited for any longer than that. */
static int await_end(struct run *run, int64_t deadline_ns, struct err *err)
{
	struct pollfd pfd[] = {
		{ .fd = run->pid_fd, .events = POLLIN },
		{ .fd = run->output_fd, .events = POLLIN },
	};

	while (!pfd[0].revents) {
		int rc = poll(pfd, 2, clock_poll_ms(deadline_ns));

		if (rc < 0 && errno != EINTR)
			return err_sys(err, errno, "poll");
		if (rc == 0 ||
		    (!pfd[0].revents && clock_mono_ns() >= deadline_ns))
			return err_set(err, ETIMEDOUT, "not done in time");
		if (!take_output(run))
			pfd[1].fd = -1;
	}
	return 0;
}

/* Whatever it left behind in its process group goes with it. */
static void stop(struct run *run)
{
	if (run->pid_fd >= 0)
		close(run->pid_fd);
	if (run->output_fd >= 0)
		close(run->output_fd);
	if (run->pid > 0) {
		kill(-run->pid, SIGKILL);
		while (waitpid(run->pid, &run->status, 0) < 0 && errno == EINTR)
			;
	}
}

/* JSON is UTF-8: every byte of what is not becomes '?', as does NUL. */
static json_t *text_to_json(char *text, size_t size)
{
	json_t *json = json_stringn(text, size);

	if (json)
		return json;
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] >= 128)
			text[i] = '?';
	return json_stringn(text, size);
}

static void mask_nul(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] == '\0')
			text[i] = '?';
}

static int read_argv(const json_t *args, const char *argv[ARGS_MAX + 1],
		     struct err *err)
{
	json_t *array;
	size_t size;
	int rc = json_get_array(args, "argv", &array, err);

	argv[0] = "";
	if (rc)
		return rc;
	size = json_array_size(array);
	if (size < 1 || size > ARGS_MAX)
		return err_set(err, EINVAL, "argv has %zu words, not 1 to %d",
			       size, ARGS_MAX);
	for (size_t i = 0; i < size; i++) {
		argv[i] = json_string_value(json_array_get(array, i));
		if (!argv[i])
			return err_set(err, EPROTO, "argv holds no strings");
	}
	argv[size] = NULL;
	return 0;
}

static int run_program(struct run *run, char *const argv[], int64_t timeout_ns,
		       struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + timeout_ns;
	int rc;

	run->output = malloc(EXEC_OUTPUT_MAX);
	if (!run->output)
		return err_sys(err, ENOMEM, "output");
	rc = start(run, argv, err);
	if (!rc)
		rc = await_end(run, deadline_ns, err);
	if (!rc)
		take_output(run);
	return rc ? err_wrap(err, "%s", argv[0]) : 0;
}

static int op_exec(struct agent_state *state, const json_t *args,
		   json_t **reply, struct err *err)
{
	struct run run = { .pid_fd = -1, .output_fd = -1 };
	const char *argv[ARGS_MAX + 1];
	int64_t timeout_ns = 0;
	int rc = read_argv(args, argv, err);

	(void)state;
	if (!rc)
		rc = json_get_int(args, "timeout_ns", &timeout_ns, err);
	if (rc)
		return rc;
	rc = run_program(&run, (char *const *)argv, timeout_ns, err);
	stop(&run);
	if (!rc) {
		mask_nul(run.output, run.used);
		*reply = json_pack("{so si sb}", "output",
				   text_to_json(run.output, run.used), "status",
				   run.status, "truncated", run.truncated);
	}
	free(run.output);
	return rc;
}

const struct op exec_ops[] = {
	{ "exec", op_exec },
	{ NULL, NULL },
};
