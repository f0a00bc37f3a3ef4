/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/node_ssh.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/cage.h"
#include "lab/keeper.h"

/* What `vazao agent --over-ssh` takes at most: a login, and the way of the
 * agent's file. */
#define START_NS (75 * NS_PER_S)

/* Once its stream is closed it ends when the far end has put back what it had
 * changed; ssh.c gives it 2 s. */
#define END_NS (5 * NS_PER_S)

struct ssh_node {
	struct lab_node node;
	char *self_path, *host; /* host NULL: this machine */
	bool may_configure;
	int words_fd; /* its standard error, kept */
};

static struct ssh_node *of(struct lab_node *node)
{
	return (struct ssh_node *)node;
}

/* True when it has ended; it is not reaped. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) <
		       0 ||
	       info.si_pid != 0;
}

/* kill -9 would keep it from putting back what it changed. */
static void ssh_node_stop(struct lab_node *node)
{
	int64_t deadline_ns = clock_mono_ns() + END_NS;

	if (!node->pid)
		return;
	while (!has_ended(node->pid) && clock_mono_ns() < deadline_ns)
		clock_sleep_ns(2 * NS_PER_MS);
	node_kill(&node->pid);
}

static void ssh_node_last_words(const struct lab_node *node, char *text,
				size_t size)
{
	const struct ssh_node *ssh = (const struct ssh_node *)node;
	char words[240], byte;

	text[0] = '\0';
	if (ssh->words_fd < 0 || pread(ssh->words_fd, &byte, 1, 0) < 1)
		return;
	keeper_read_console(ssh->words_fd, words, sizeof(words));
	snprintf(text, size, "ssh last said: %s", words);
}

static int spawn(struct ssh_node *ssh, struct lab_channel *channel,
		 struct err *err)
{
	char configure[] = "--may-configure";
	char *argv[] = { ssh->self_path,
			 "agent",
			 ssh->host ? "--over-ssh" : "--here",
			 ssh->host ? ssh->host : configure,
			 configure,
			 NULL };
	int child_fd[2];
	int rc = node_open_pipes(channel, child_fd, err);

	if (rc)
		return rc;
	if (!ssh->may_configure)
		argv[ssh->host ? 4 : 3] = NULL;
	else if (!ssh->host)
		argv[4] = NULL;
	rc = node_spawn(&(struct node_spawn){ .argv = argv,
					      .stdin_fd = child_fd[0],
					      .stdout_fd = child_fd[1],
					      .stderr_fd = ssh->words_fd },
			&ssh->node.pid, err);
	close(child_fd[0]);
	close(child_fd[1]);
	if (rc) {
		close(channel->read_fd);
		close(channel->write_fd);
	}
	return rc;
}

/* Until the agent's first byte, or ssh's end; -EINTR when we are to stop. */
static int await_life(int read_fd, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + START_NS;
	struct pollfd pfd = { .fd = read_fd, .events = POLLIN };
	int ready;

	do {
		ready = poll(&pfd, 1, clock_poll_ms(deadline_ns));
	} while (ready < 0 && errno == EINTR && !cage_stop_asked());
	if (ready < 0)
		return err_sys(err, EINTR, "starting its agent");
	if (pfd.revents & POLLIN)
		return 0;
	return err_set(err, ready ? EPIPE : ETIMEDOUT,
		       ready ? "no agent ran there"
			     : "no agent spoke there within %d s",
		       (int)(START_NS / NS_PER_S));
}

static int ssh_node_start_agent(struct lab_node *node,
				struct lab_channel *channel, struct err *err)
{
	struct ssh_node *ssh = of(node);
	int rc;

	ssh_node_stop(node);
	node_close_fd(&ssh->words_fd);
	ssh->words_fd = memfd_create("vazao-words", MFD_CLOEXEC);
	if (ssh->words_fd < 0)
		return err_sys(err, errno, "a memory file");
	rc = spawn(ssh, channel, err);
	if (rc)
		return rc;
	channel->pid = node->pid;
	rc = await_life(channel->read_fd, err);
	if (rc) {
		close(channel->read_fd);
		close(channel->write_fd);
		ssh_node_stop(node);
	}
	return rc;
}

static void ssh_node_free(struct lab_node *node)
{
	node_close_fd(&of(node)->words_fd);
	free(of(node)->self_path);
	free(of(node)->host);
	free(node);
}

static const struct node_ops ssh_node_ops = {
	.name = "ssh",
	.start_agent = ssh_node_start_agent,
	.stop = ssh_node_stop,
	.last_words = ssh_node_last_words,
	.free = ssh_node_free,
};

static const struct node_ops here_node_ops = {
	.name = "here",
	.start_agent = ssh_node_start_agent,
	.stop = ssh_node_stop,
	.last_words = ssh_node_last_words,
	.free = ssh_node_free,
};

int ssh_node_new(struct lab_node **node, const struct ssh_node_args *args,
		 struct err *err)
{
	struct ssh_node *made = calloc(1, sizeof(*made));

	if (!made)
		return err_sys(err, ENOMEM, "node %s", args->name);
	made->node.ops = args->host ? &ssh_node_ops : &here_node_ops;
	made->words_fd = -1;
	made->may_configure = args->may_configure;
	snprintf(made->node.name, sizeof(made->node.name), "%s", args->name);
	made->self_path = strdup(args->self_path);
	made->host = args->host ? strdup(args->host) : NULL;
	if (!made->self_path || (args->host && !made->host)) {
		ssh_node_free(&made->node);
		return err_sys(err, ENOMEM, "node %s", args->name);
	}
	*node = &made->node;
	return 0;
}
