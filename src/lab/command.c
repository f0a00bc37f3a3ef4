/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/command.h"

#include <stdarg.h>
#include <stdio.h>

void command_add(struct command_line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->used;
	va_list ap;
	int length;

	va_start(ap, format);
	length = vsnprintf(line->text + line->used, room, format, ap);
	va_end(ap);
	if (length < 0 || (size_t)length >= room ||
	    line->words == COMMAND_WORDS_MAX)
		return;
	line->argv[line->words++] = line->text + line->used;
	line->argv[line->words] = NULL;
	line->used += (size_t)length + 1;
}
