/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.h - a command line put together word by word, for node_spawn().
 * Called by the nodes that start programs.
 */
#ifndef VAZAO_LAB_COMMAND_H
#define VAZAO_LAB_COMMAND_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define COMMAND_WORDS_MAX 96

struct command_line {
	char text[PATH_MAX + 8192];
	size_t used;
	char *argv[COMMAND_WORDS_MAX + 1]; /* NULL-ended */
	int words;
	bool is_cut; /* a word found no room */
};

/* None yet; a line all zero is as good. */
void command_begin(struct command_line *line);

void command_add(struct command_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Before it is used: -E2BIG where a word was left out. */
int command_check(const struct command_line *line, struct err *err);

/* The program's file in $PATH; false where there is none. */
bool command_find(const char *program, char path[static PATH_MAX]);

/* As well; -ENOPKG where there is none, naming the package that has it. */
int command_require(const char *program, const char *package,
		    char path[static PATH_MAX], struct err *err);

#endif
