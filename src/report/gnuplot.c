/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_FOUND 127 /* as the shell says it */

/* gnuplot --default-settings -e "format='svg'" A.gp B.gp ... NULL */
static char **make_arguments(const char *format, const char *const *names,
			     size_t count)
{
	char **argv = calloc(count + 5, sizeof(*argv));
	size_t n = 0;

	if (!argv)
		return NULL;
	argv[n++] = strdup("gnuplot");
	argv[n++] = strdup("--default-settings");
	argv[n++] = strdup("-e");
	if (asprintf(&argv[n++], "format='%s'", format) < 0)
		argv[n - 1] = NULL;
	for (size_t i = 0; i < count; i++)
		if (asprintf(&argv[n++], "%s.gp", names[i]) < 0)
			argv[n - 1] = NULL;
	return argv;
}

static void free_arguments(char **argv)
{
	for (size_t i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}

static void exec_gnuplot(const char *dir, char **argv, int err_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (chdir(dir) < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(err_fd, STDERR_FILENO) < 0)
		_exit(126);
	setenv("LC_ALL", "C.UTF-8", 1);
	execvp(argv[0], argv);
	_exit(errno == ENOENT ? NOT_FOUND : 126);
}

/* What gnuplot said, as one line as far as it fits; reads to the end. */
static void read_words(int fd, char *words, size_t size)
{
	char buf[4096];
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0 ||
	       (n < 0 && errno == EINTR))
		for (ssize_t i = 0; i < n && used + 1 < size; i++) {
			char c = buf[i] == '\n' ? ' ' : buf[i];

			if (c != ' ' || (used && words[used - 1] != ' '))
				words[used++] = c;
		}
	while (used && words[used - 1] == ' ')
		used--;
	words[used] = '\0';
}

static int judge(int status, const char *words, struct err *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
		return err_set(err, ENOPKG,
			       "gnuplot is not installed: apt install "
			       "gnuplot-nox");
	return err_set(err, EIO, "gnuplot: %s", *words ? words : "failed");
}

int gnuplot_run(const char *dir, const char *format, const char *const *names,
		size_t count, struct err *err)
{
	char **argv = make_arguments(format, names, count);
	char words[400];
	int pipe_fd[2], status = 0;
	pid_t pid;

	if (!argv)
		return err_sys(err, ENOMEM, "gnuplot");
	if (pipe2(pipe_fd, O_CLOEXEC) < 0) {
		free_arguments(argv);
		return err_sys(err, errno, "gnuplot");
	}
	pid = fork();
	if (pid == 0)
		exec_gnuplot(dir, argv, pipe_fd[1]);
	close(pipe_fd[1]);
	free_arguments(argv);
	if (pid < 0) {
		close(pipe_fd[0]);
		return err_sys(err, errno, "gnuplot");
	}
	read_words(pipe_fd[0], words, sizeof(words));
	close(pipe_fd[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return judge(status, words, err);
}
