/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What opt.h prints: usage and the list of commands, within 80 columns. */
#include <stdio.h>
#include <string.h>

#include "opt/opt.h"

#define COLUMNS	  80
#define HELP_MAX  30 /* help starts here at the latest, else on a new line */
#define LABEL_MAX 64

static const struct opt_row help_row = {
	.name = "help",
	.letter = 'h',
	.kind = OPT_FLAG,
	.help = "show this help",
};

/* Wraps at blanks; the first line continues one that has `column` letters. */
static void print_wrapped(FILE *out, const char *text, int column, int indent)
{
	const char *word = text;

	while (*word) {
		int length = (int)strcspn(word, " ");

		if (column > indent && column + 1 + length > COLUMNS) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", length, word);
		column += length;
		word += length;
		word += strspn(word, " ");
	}
	fputc('\n', out);
}

void opt_print_row(FILE *out, const char *label, const char *text, int indent)
{
	int used = fprintf(out, "  %s", label);

	if (used + 2 > indent) {
		fputc('\n', out);
		used = 0;
	}
	fprintf(out, "%*s", indent - used, "");
	print_wrapped(out, text, indent, indent);
}

/* "-o, --output DIR"; options without a letter stand below the names. */
static void format_label(const struct opt_row *row, char label[LABEL_MAX])
{
	char letter[8] = "    ";

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	if (row->kind == OPT_MAYBE)
		snprintf(label, LABEL_MAX, "%s--%s[%s]", letter, row->name,
			 row->value);
	else
		snprintf(label, LABEL_MAX, "%s--%s%s%s", letter, row->name,
			 row->value ? " " : "", row->value ? row->value : "");
}

static int help_column(const struct opt_row *rows)
{
	char label[LABEL_MAX];
	int widest = 0;

	for (; rows && rows->name; rows++) {
		int width;

		format_label(rows, label);
		width = 2 + (int)strlen(label) + 2;
		if (width > widest && width <= HELP_MAX)
			widest = width;
	}
	format_label(&help_row, label);
	return widest ? widest : 2 + (int)strlen(label) + 2;
}

void opt_print_usage(FILE *out, const struct command *command)
{
	int indent = help_column(command->options);
	char label[LABEL_MAX];
	char line[512];

	snprintf(line, sizeof(line), "usage: vazao %s%s%s%s", command->name,
		 command->options ? " [OPTION]..." : "",
		 command->arguments ? " " : "",
		 command->arguments ? command->arguments : "");
	print_wrapped(out, line, 0, 0);
	print_wrapped(out, command->help, 0, 0);
	fprintf(out, "\n");
	for (const struct opt_row *row = command->options; row && row->name;
	     row++) {
		format_label(row, label);
		opt_print_row(out, label, row->help, indent);
	}
	format_label(&help_row, label);
	opt_print_row(out, label, help_row.help, indent);
}

void opt_print_commands(FILE *out, const struct command *const *commands)
{
	int indent = 0;

	for (int i = 0; commands[i]; i++) {
		int width = 2 + (int)strlen(commands[i]->name) + 2;

		if (width > indent)
			indent = width;
	}
	for (int i = 0; commands[i]; i++)
		opt_print_row(out, commands[i]->name, commands[i]->help,
			      indent);
}
