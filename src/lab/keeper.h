/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keeper.h - the process that keeps one guest.
 *
 * A guest's program is several processes, writes files, talks on a console
 * and must be fed by credits (base/guest.h). The keeper is PID 1 of a PID
 * namespace that holds them: when it ends, by whatever, the kernel ends them
 * all. A mount namespace of its own has an empty tmpfs for their files, which
 * goes with it. It ends when the guest's program does, when the coordinator
 * closes its stream, and when the process that started it dies.
 *
 * Called by the nodes that boot guests, inside a cage.
 */
#ifndef VAZAO_LAB_KEEPER_H
#define VAZAO_LAB_KEEPER_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "lab/links.h"

/* What the guest's program finds open beside 0 (/dev/null), 1 and 2 (the
 * console). The line: the agent's stream; credits come from the guest. */
enum keeper_fd {
	KEEPER_IMAGE = 3,
	KEEPER_LINE_IN,
	KEEPER_LINE_OUT,
	KEEPER_CREDIT_OUT,
	KEEPER_MORE /* and on: keeper_args.more_fd */
};

#define KEEPER_MORE_MAX 24

/* The keeper's exit status when its guest ended first; 0: the coordinator
 * closed the stream. */
#define KEEPER_GUEST_ENDED 3

struct keeper_args {
	const struct lab_netns *netns; /* where the program runs */
	char *const *argv;	       /* argv[0] is its file's path */
	int image_fd;
	int files_mib;	    /* the most that its files may take */
	const int *more_fd; /* [more]: a machine's lines, TAPs, kernel */
	int more;
};

struct keeper {
	pid_t pid;	       /* 0: none */
	int read_fd, write_fd; /* the agent's stream; the caller's to close */
	int console_fd;	       /* keeper_read_console(); as well */
};

/* Where the guest's files are; its TMPDIR. */
const char *keeper_files_dir(void);

/* What cannot be done once it is forked is told on the console. */
int keeper_start(struct keeper *keeper, const struct keeper_args *args,
		 struct err *err);

/* Ends the guest, and closes what keeper_start() opened; nothing where none
 * runs. */
void keeper_stop(struct keeper *keeper);

/* What the guest died of, as far as its console told: the panic, or the last
 * few lines, joined by " | ". */
void keeper_read_console(int console_fd, char *text, size_t size);

#endif
