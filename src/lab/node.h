/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * node.h - what a kind of node implements: namespace, UML guest, ...
 *
 * A kind is one file with one `static const struct node_ops`, and a struct of
 * its own that begins with a struct lab_node. The kind of path that needs the
 * node makes it (x_node_new()), gives it to lab_add_node() (path.h), and from
 * then on the lab owns it: lab.c alone calls the ops. All calls come from one
 * thread of the process inside the cage; nothing here takes locks.
 */
#ifndef VAZAO_LAB_NODE_H
#define VAZAO_LAB_NODE_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "lab/lab.h"
#include "lab/links.h"

#define LAB_NAME_MAX 32 /* of a node or path, with the NUL */

struct node_ops {
	/* The kind, as `lab list` shows it: "namespace", "uml". */
	const char *name;

	/*
	 * Starts an agent and gives the stream to it. A former agent, or a
	 * guest that ended, is removed first by calling stop(). May block for
	 * as long as a guest takes to come to life, never without a limit:
	 * -ETIMEDOUT then. Does not wait for the agent's hello. The process
	 * started must die with the caller (node_spawn() sees to it).
	 */
	int (*start_agent)(struct lab_node *node, struct lab_channel *channel,
			   struct err *err);

	/*
	 * Kills the agent (and guest) and reaps it; the node's interfaces and
	 * the outer ends of its links stay, so that start_agent() may follow.
	 * Returns at once when nothing runs. Never fails.
	 */
	void (*stop)(struct lab_node *node);

	/*
	 * Runs a command in the node on the caller's stdin, stdout and
	 * stderr, until it ends. NULL: the lab has no way in but the agent
	 * (lab_exec() answers -ENOTSUP).
	 */
	int (*exec)(struct lab_node *node, char *const argv[], int *status,
		    struct err *err);

	/* lab_node_accelerator(); NULL: none. */
	const char *(*accelerator)(const struct lab_node *node);

	/*
	 * Once it runs, where the lab has halved the CPUs: its machine's own
	 * CPUs belong on `own`, what its devices do (QEMU's other threads) may
	 * run on `rest`. NULL: there is nothing of the kind.
	 */
	void (*place)(struct lab_node *node, const cpu_set_t *own,
		      const cpu_set_t *rest);

	/*
	 * How it is with the node's machine, in a phrase, and the last lines
	 * of its console, for an error's end: "the machine has ended; its
	 * console: ...". Before stop(); "" where there is nothing to say.
	 * NULL: it has none.
	 */
	void (*last_words)(const struct lab_node *node, char *text,
			   size_t size);

	/* Did the stream to its agent end because the machine was booted anew
	 * for another node's sake? NULL: never. */
	bool (*is_stale)(const struct lab_node *node);

	/* After stop(): closes descriptors and frees the node itself. */
	void (*free)(struct lab_node *node);
};

struct lab_node {
	const struct node_ops *ops;
	char name[LAB_NAME_MAX]; /* "M2", "dom0", "uml" */
	/* The node's own namespace, owned by the node; NULL for guests. */
	struct lab_netns *netns;
	pid_t pid; /* agent or guest process; 0: none runs */
};

/* The ordinary node: a network namespace (node_netns.c). */
int netns_node_new(struct lab_node **node, const char *name,
		   const char *self_path, struct err *err);

/* Another agent in the namespace that `beside` has. */
int netns_node_new_beside(struct lab_node **node, const char *name,
			  const struct lab_node *beside, struct err *err);

/*
 * A child inside the cage, in its own session (Ctrl-C at the terminal is the
 * coordinator's alone), that dies with its parent; signals and SIGPIPE as in
 * a new process. -errno of a failed execv() comes back here.
 */
struct node_spawn {
	const struct lab_netns *netns; /* NULL: stay where the caller is */
	char *const *argv;	       /* argv[0] is the file */
	/* Given to the child as 0, 1, 2; -1: /dev/null. The caller's to close.
	 */
	int stdin_fd, stdout_fd, stderr_fd;
	/* The rest of what it may inherit: these keep their numbers. */
	const int *keep_fd;
	int keep_fds;
	bool same_session; /* for a command at the caller's terminal */
	bool new_pids;	   /* the caller has called setns(2) for its children */
};
int node_spawn(const struct node_spawn *spawn, pid_t *pid, struct err *err);

/* Closes it, unless it is -1, which it is afterwards. */
void node_close_fd(int *fd);

/* SIGKILL to it and to its process group, and waitpid; *pid becomes 0. 0 is
 * fine. */
void node_kill(pid_t *pid);

/* The last line of what was written to the child's stderr_fd, a memory file;
 * -1 is fine. */
void node_read_last_words(int stderr_fd, char *text, size_t size);

/*
 * Two pipes to a child: channel->read_fd and write_fd are the caller's ends,
 * child_fd[0] and child_fd[1] are its stdin and stdout. All close-on-exec.
 */
int node_open_pipes(struct lab_channel *channel, int child_fd[2],
		    struct err *err);

#endif
