/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/node_rootless.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* Takes some 20 ms. */
#define ATTACH_LIMIT_NS (5 * NS_PER_S)

struct rootless_node {
	struct lab_node node;
	struct lab_node *guest; /* the namespace and its agent */
	const struct lab_netns *host;
	struct command_line command;
	char tap[IFNAMSIZ];
	char netns_file[32];
	pid_t pid;     /* the program's; 0: none */
	int stderr_fd; /* a memory file: its last words */
};

static struct rootless_node *of(struct lab_node *node)
{
	return (struct rootless_node *)node;
}

static const struct rootless_node *of_const(const struct lab_node *node)
{
	return (const struct rootless_node *)node;
}

/*
 * The program.
 */

static const char *program_name(const struct rootless_node *r)
{
	const char *slash = strrchr(r->command.argv[0], '/');

	return slash ? slash + 1 : r->command.argv[0];
}

static bool has_ended(const struct rootless_node *r)
{
	siginfo_t info = { 0 };

	return r->pid == 0 || (waitid(P_PID, (id_t)r->pid, &info,
				      WEXITED | WNOHANG | WNOWAIT) == 0 &&
			       info.si_pid != 0);
}

static int tell(const struct rootless_node *r, int code, const char *what,
		struct err *err)
{
	char words[200];

	node_read_last_words(r->stderr_fd, words, sizeof(words));
	return err_set(err, code, "%s %s: %s", program_name(r), what, words);
}

/* A TAP runs while somebody is attached to it. */
static bool is_attached(const struct rootless_node *r)
{
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", r->tap);
	return ioctl(netns_ioctl_fd(r->guest->netns), SIOCGIFFLAGS, &ifr) ==
		       0 &&
	       (ifr.ifr_flags & IFF_RUNNING);
}

static int await_attachment(const struct rootless_node *r, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + ATTACH_LIMIT_NS;

	while (!is_attached(r)) {
		if (has_ended(r))
			return tell(r, EPIPE, "ended as it began", err);
		if (clock_mono_ns() > deadline_ns)
			return tell(r, ETIMEDOUT, "does not take its TAP", err);
		clock_sleep_ns(NS_PER_MS);
	}
	return 0;
}

static void stop_program(struct rootless_node *r)
{
	node_kill(&r->pid);
	node_close_fd(&r->stderr_fd);
}

int rootless_node_serve(struct lab_node *node, struct err *err)
{
	struct rootless_node *r = of(node);
	const int netns = netns_fd(r->guest->netns);
	int rc;

	stop_program(r);
	r->stderr_fd = memfd_create(program_name(r), MFD_CLOEXEC);
	rc = node_spawn(&(struct node_spawn){ .netns = r->host,
					      .argv = r->command.argv,
					      .stdin_fd = -1,
					      .stdout_fd = -1,
					      .stderr_fd = r->stderr_fd,
					      .keep_fd = &netns,
					      .keep_fds = 1 },
			&r->pid, err);
	if (!rc)
		rc = await_attachment(r, err);
	if (rc)
		stop_program(r);
	return rc;
}

int rootless_node_check(const struct lab_node *node, struct err *err)
{
	const struct rootless_node *r = of_const(node);

	return has_ended(r) ? tell(r, EPIPE, "has ended", err) : 0;
}

pid_t rootless_node_pid(const struct lab_node *node)
{
	return of_const(node)->pid;
}

/*
 * The node.
 */

static void rootless_node_stop(struct lab_node *node)
{
	struct rootless_node *r = of(node);

	r->guest->ops->stop(r->guest);
	node->pid = 0;
	stop_program(r);
}

static int rootless_node_start_agent(struct lab_node *node,
				     struct lab_channel *channel,
				     struct err *err)
{
	struct lab_node *guest = of(node)->guest;
	int rc = rootless_node_serve(node, err);

	if (!rc)
		rc = guest->ops->start_agent(guest, channel, err);
	if (rc)
		rootless_node_stop(node);
	node->pid = guest->pid;
	return rc;
}

static int rootless_node_exec(struct lab_node *node, char *const argv[],
			      int *status, struct err *err)
{
	struct lab_node *guest = of(node)->guest;

	return guest->ops->exec(guest, argv, status, err);
}

static void rootless_node_free(struct lab_node *node)
{
	struct rootless_node *r = of(node);

	stop_program(r);
	if (r->guest)
		r->guest->ops->free(r->guest);
	free(r);
}

static const struct node_ops rootless_node_ops = {
	.name = "rootless",
	.start_agent = rootless_node_start_agent,
	.stop = rootless_node_stop,
	.exec = rootless_node_exec,
	.free = rootless_node_free,
};

/* Its file, and the namespace's as the child will have it: it keeps its
 * number. */
static int find_program(struct rootless_node *r,
			const struct rootless_node_args *args, struct err *err)
{
	char path[PATH_MAX];
	int rc = command_require(args->program, args->package, path, err);

	if (!rc)
		command_add(&r->command, "%s", path);
	return rc;
}

int rootless_node_new(struct lab_node **node,
		      const struct rootless_node_args *args, struct err *err)
{
	struct rootless_node *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return err_sys(err, ENOMEM, "node %s", args->name);
	made->node.ops = &rootless_node_ops;
	made->host = args->host;
	made->stderr_fd = -1;
	snprintf(made->node.name, sizeof(made->node.name), "%s", args->name);
	snprintf(made->tap, sizeof(made->tap), "%s", args->tap);
	rc = find_program(made, args, err);
	if (!rc)
		rc = netns_node_new(&made->guest, args->name, args->self_path,
				    err);
	if (rc) {
		rootless_node_free(&made->node);
		return rc;
	}
	made->node.netns = made->guest->netns;
	snprintf(made->netns_file, sizeof(made->netns_file), "/proc/self/fd/%d",
		 netns_fd(made->node.netns));
	*node = &made->node;
	return 0;
}

struct command_line *rootless_node_command(struct lab_node *node)
{
	return &of(node)->command;
}

const char *rootless_node_netns(const struct lab_node *node)
{
	return of_const(node)->netns_file;
}
