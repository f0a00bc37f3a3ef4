/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd.h - the subcommands of vazao, one file each, and their exit statuses.
 *
 * Only this room prints and exits. A subcommand is one `const struct command`
 * with its option table, listed in commands[] (commands.c), from where main,
 * the usage and the manual test take it.
 */
#ifndef VAZAO_CMD_CMD_H
#define VAZAO_CMD_CMD_H

#include <stdbool.h>

#include "base/err.h"
#include "opt/opt.h"

enum cmd_status {
	CMD_DONE = 0,
	CMD_VERDICT_AGAINST = 1,
	CMD_USAGE = 2,
	CMD_REFUSED = 3, /* a plan or another input */
	CMD_LACKING = 4, /* the machine lacks something, named */
	CMD_INTERRUPTED = 5
};

/* NULL-ended, in the order of the help. */
extern const struct command *const commands[];

extern const struct command cmd_advise;
extern const struct command cmd_agent;
extern const struct command cmd_compare;
extern const struct command cmd_calibrate;
extern const struct command cmd_doctor;
extern const struct command cmd_explain;
extern const struct command cmd_figures;
extern const struct command cmd_image;
extern const struct command cmd_import;
extern const struct command cmd_lab;
extern const struct command cmd_netback;
extern const struct command cmd_netfront;
extern const struct command cmd_plan;
extern const struct command cmd_probe;
extern const struct command cmd_report;
extern const struct command cmd_study;
extern const struct command cmd_validate;

/*
 * The exit status that fits an error: CMD_LACKING for -EPERM, -EOPNOTSUPP,
 * -ENODEV and -ENOPKG (the machine lacks something), CMD_INTERRUPTED for
 * -EINTR, CMD_REFUSED for the rest.
 */
int cmd_status_of(const struct err *err);

/* Prints "vazao NAME: TEXT" on standard error; returns the status. */
int cmd_fail(const struct command *command, const struct err *err);

/*
 * Parses argv's options into `values`. True: go on, *argc and *argv are the
 * positional arguments. False: leave with *status (usage printed on --help,
 * the error said otherwise).
 */
bool cmd_parse(const struct command *command, void *values, int *argc,
	       char ***argv, int *status);

/* A descriptor that becomes readable on SIGINT or SIGTERM, which no longer
 * kill; or -errno. */
int cmd_stop_fd(struct err *err);

/* SCHED_FIFO at its lowest priority: what it wakes does not preempt it. */
int cmd_go_realtime(struct err *err);

/* `vazao study ...` as a process of its own, its standard output thrown away;
 * its exit status, or -errno. Ctrl-C reaches it by the terminal; this waits
 * for it to end well. */
int cmd_run_study(char *const argv[], struct err *err);

/* Where the program's own file and the static agent are: beside each other
 * in a build tree, in libexecdir when installed. Both malloc'ed. */
int cmd_find_programs(char **self_path, char **agent_path, struct err *err);

#endif
