/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/tether.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/relay.h"
#include "agent/restore.h"
#include "agent/server.h"
#include "base/log.h"

struct tether {
	struct restore *restore; /* NULL: may not configure */
	struct relay_end agent;
	pid_t pid;
};

static _Noreturn void be_agent(const struct tether *tether, int parent,
			       int read_fd, int write_fd)
{
	const struct agent_serve_args args = {
		.read_fd = read_fd,
		.write_fd = write_fd,
		.rights = tether->restore ? AGENT_MAY_CONFIGURE | AGENT_MAY_EXEC
					  : 0,
		.keep_addresses = true,
		.restore = tether->restore,
	};
	struct err err = ERR_INIT;
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* a group of its own: what a terminal sends is the keeper's */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	_exit(agent_serve_as(&args, &err) ? 1 : 0);
}

static int start_agent(struct tether *tether, struct err *err)
{
	int down[2], up[2];
	int parent = getpid();

	if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	tether->pid = fork();
	if (tether->pid < 0)
		return err_sys(err, errno, "fork");
	if (tether->pid == 0) {
		close(down[1]);
		close(up[0]);
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		be_agent(tether, parent, down[0], up[1]);
	}
	close(down[0]);
	close(up[1]);
	tether->agent.read_fd = up[0];
	tether->agent.write_fd = down[1];
	return 0;
}

static int open_signals(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, errno, "signalfd") : fd;
}

/* The agent first: it shall change nothing more. */
static int put_back(struct tether *tether, struct err *err)
{
	int rc;

	if (tether->pid > 0) {
		kill(-tether->pid, SIGKILL);
		kill(tether->pid, SIGKILL);
		while (waitpid(tether->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (!tether->restore)
		return 0;
	rc = restore_apply(tether->restore, err);
	restore_close(tether->restore);
	return rc ? err_wrap(err, "putting this machine's settings back") : 0;
}

int tether_run(const struct tether_args *args, struct err *err)
{
	struct tether tether = { .pid = 0 };
	struct relay_args relay = {
		.client = { .read_fd = args->read_fd,
			    .write_fd = args->write_fd },
		.strip = true,
		.patience_ns = args->patience_ns,
	};
	struct err why = ERR_INIT;
	int rc = open_signals(err);

	if (rc < 0)
		return rc;
	relay.stop_fd = rc;
	prctl(PR_SET_PDEATHSIG, 0); /* who dies first: we have to put back */
	rc = args->may_configure ? restore_leftovers(err) : 0;
	if (!rc && args->may_configure)
		rc = restore_open(&tether.restore, err);
	if (!rc)
		rc = start_agent(&tether, err);
	if (!rc) {
		relay.agent = tether.agent;
		rc = relay_run(&relay, err);
	}
	if (put_back(&tether, &why)) {
		log_error("agent: %s", why.text);
		rc = rc ? rc : -why.code;
	}
	close(relay.stop_fd);
	return rc;
}
