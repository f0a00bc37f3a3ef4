/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/line.h"

#include <stdbool.h>
#include <string.h>

/* A column a character: UTF-8's further bytes take none. */
static bool takes_column(char c)
{
	return (c & 0xc0) != 0x80;
}

/* How many bytes of text fit into so many columns: up to a blank, but that of
 * "5 %", or as much of a long word as does. */
static size_t fitting(const char *text, int columns)
{
	size_t fits = 0, n;

	for (n = 0; text[n]; n++) {
		columns -= takes_column(text[n]);
		if (columns < 0)
			return fits ? fits : n;
		if (text[n + 1] == ' ' && text[n + 2] != '%')
			fits = n + 1;
	}
	return n;
}

static void put(FILE *out, char c)
{
	fputc((unsigned char)c < ' ' ? ' ' : c, out);
}

void line_wrap(FILE *out, const char *text, const struct line_place *place)
{
	int taken = place->first;

	while (true) {
		size_t n = fitting(text, place->columns - taken);

		for (size_t i = 0; i < n; i++)
			put(out, text[i]);
		fputc('\n', out);
		text += n + strspn(text + n, " ");
		if (!*text)
			return;
		taken = place->rest;
		fprintf(out, "%*s", taken, "");
	}
}

void line_escape(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("|*_<`\\", *text))
			fputc('\\', out);
		put(out, *text);
	}
}
