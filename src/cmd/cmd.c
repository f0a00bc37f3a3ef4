/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int cmd_status_of(const struct err *err)
{
	switch (err->code) {
	case EPERM:
	case EOPNOTSUPP:
	case ENODEV:
	case ENOPKG:
		return CMD_LACKING;
	case EINTR:
		return CMD_INTERRUPTED;
	default:
		return CMD_REFUSED;
	}
}

int cmd_fail(const struct command *command, const struct err *err)
{
	fprintf(stderr, "vazao %s: %s\n", command->name, err->text);
	return cmd_status_of(err);
}

bool cmd_parse(const struct command *command, void *values, int *argc,
	       char ***argv, int *status)
{
	struct err err = ERR_INIT;
	char **rest;
	int rest_count;
	int rc = opt_parse(command->options, values, *argc, *argv, &rest,
			   &rest_count, &err);

	if (rc == -ECANCELED) {
		opt_print_usage(stdout, command);
		*status = CMD_DONE;
		return false;
	}
	if (rc) {
		fprintf(stderr, "vazao %s: %s\n", command->name, err.text);
		*status = CMD_USAGE;
		return false;
	}
	*argc = rest_count;
	*argv = rest;
	return true;
}

int cmd_stop_fd(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, errno, "signalfd") : fd;
}

int cmd_go_realtime(struct err *err)
{
	struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		return err_sys(err, errno,
			       "--realtime (it needs CAP_SYS_NICE)");
	return 0;
}

static char *sibling(const char *self, const char *name)
{
	const char *slash = strrchr(self, '/');
	char *path;

	if (asprintf(&path, "%.*s/%s", (int)(slash - self), self, name) < 0)
		return NULL;
	return path;
}

int cmd_find_programs(char **self_path, char **agent_path, struct err *err)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return err_sys(err, errno, "/proc/self/exe");
	self[n] = '\0';
	*self_path = strdup(self);
	*agent_path = sibling(self, "vazao-agent");
	if (*agent_path && access(*agent_path, R_OK) < 0) {
		free(*agent_path);
		*agent_path = strdup(VAZAO_LIBEXEC "/vazao-agent");
	}
	if (!*self_path || !*agent_path)
		return err_set(err, ENOMEM, "out of memory");
	return 0;
}
