/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/prose.h"

#include <limits.h>
#include <stdarg.h>

#include "report/line.h"

#define TEXT_MAX     4096
#define LABEL_COLUMN 16

/* The first line goes on where the caller stopped, at column `indent`. */
static void wrap(FILE *out, const char *text, int indent)
{
	const struct line_place place = { PROSE_COLUMNS, indent, indent };

	line_wrap(out, text, &place);
}

/* `space`: what stands before it in plain text. */
static void put_title(const struct prose *prose, const char *markdown,
		      const char *space, const char *text)
{
	if (prose->markdown) {
		fputs(markdown, prose->out);
		line_escape(prose->out, text);
		fputs("\n\n", prose->out);
		return;
	}
	fputs(space, prose->out);
	fputs(prose->color ? "\033[1m" : "", prose->out);
	wrap(prose->out, text, 0);
	fputs(prose->color ? "\033[0m" : "", prose->out);
}

void prose_title(const struct prose *prose, const char *text)
{
	put_title(prose, "# ", "", text);
}

void prose_heading(const struct prose *prose, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_title(prose, "\n## ", "\n", text);
}

void prose_paragraph(const struct prose *prose, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fputc('\n', prose->out);
	if (!prose->markdown) {
		wrap(prose->out, text, 0);
		return;
	}
	line_escape(prose->out, text);
	fputs("\n\n", prose->out);
}

static const char *color_of(enum prose_mark mark)
{
	static const char *const colors[] = {
		[PROSE_PLAIN] = "",
		[PROSE_GOOD] = "\033[32m",
		[PROSE_BAD] = "\033[31m",
		[PROSE_OPEN] = "\033[33m",
	};

	return colors[mark];
}

void prose_item(const struct prose *prose, enum prose_mark mark,
		const char *label, const char *fmt, ...)
{
	bool color = prose->color && mark != PROSE_PLAIN;
	int width = LABEL_COLUMN - 2;
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (prose->markdown) {
		fputs("- **", prose->out);
		line_escape(prose->out, label);
		fputs("**: ", prose->out);
		line_escape(prose->out, text);
		fputc('\n', prose->out);
		return;
	}
	fprintf(prose->out, "%s%-*s%s  ", color ? color_of(mark) : "", width,
		label, color ? "\033[0m" : "");
	wrap(prose->out, text, LABEL_COLUMN);
}

void prose_detail(const struct prose *prose, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (prose->markdown) {
		fputs("  - ", prose->out);
		line_escape(prose->out, text);
		fputc('\n', prose->out);
		return;
	}
	fprintf(prose->out, "%*s", LABEL_COLUMN, "");
	wrap(prose->out, text, LABEL_COLUMN);
}

void prose_bullet(const struct prose *prose, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fputs(prose->markdown ? "- " : "  ", prose->out);
	if (!prose->markdown) {
		wrap(prose->out, text, 2);
		return;
	}
	line_escape(prose->out, text);
	fputc('\n', prose->out);
}

void prose_begin_lines(const struct prose *prose)
{
	fputs(prose->markdown ? "\n```\n" : "", prose->out);
}

void prose_line(const struct prose *prose, const char *fmt, ...)
{
	const struct line_place as_it_is = { INT_MAX, 0, 0 };
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fputs(prose->markdown ? "" : "    ", prose->out);
	line_wrap(prose->out, text, &as_it_is);
}

void prose_end_lines(const struct prose *prose)
{
	fputs(prose->markdown ? "```\n\n" : "", prose->out);
}
