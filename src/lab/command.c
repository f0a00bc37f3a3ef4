/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void command_begin(struct command_line *line)
{
	line->used = 0;
	line->words = 0;
	line->is_cut = false;
}

void command_add(struct command_line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->used;
	va_list ap;
	int length;

	va_start(ap, format);
	length = vsnprintf(line->text + line->used, room, format, ap);
	va_end(ap);
	if (length < 0 || (size_t)length >= room ||
	    line->words == COMMAND_WORDS_MAX) {
		line->is_cut = true;
		return;
	}
	line->argv[line->words++] = line->text + line->used;
	line->argv[line->words] = NULL;
	line->used += (size_t)length + 1;
}

int command_check(const struct command_line *line, struct err *err)
{
	if (!line->is_cut)
		return 0;
	return err_set(err, E2BIG,
		       "%s: its command line has more than %d words or %zu "
		       "bytes",
		       line->words ? line->argv[0] : "a program",
		       COMMAND_WORDS_MAX, sizeof(line->text));
}

bool command_find(const char *program, char path[static PATH_MAX])
{
	const char *dir = getenv("PATH");
	size_t length;

	if (!dir || !*dir)
		dir = "/usr/local/bin:/usr/bin:/bin";
	for (; *dir; dir += length + (dir[length] == ':')) {
		length = strcspn(dir, ":");
		snprintf(path, PATH_MAX, "%.*s/%s", (int)length, dir, program);
		if (*path == '/' && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

int command_require(const char *program, const char *package,
		    char path[static PATH_MAX], struct err *err)
{
	if (command_find(program, path))
		return 0;
	return err_set(err, ENOPKG,
		       "there is no %s in $PATH: install the package %s",
		       program, package);
}
