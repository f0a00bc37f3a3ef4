/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.h - a command line put together word by word, for node_spawn().
 * Called by the nodes that start programs. A word that finds no room is
 * left out.
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
};

void command_add(struct command_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The program's file in $PATH; false where there is none. */
bool command_find(const char *program, char path[static PATH_MAX]);

/* As well; -ENOPKG where there is none, naming the package that has it. */
int command_require(const char *program, const char *package,
		    char path[static PATH_MAX], struct err *err);

#endif
