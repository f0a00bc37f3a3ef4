/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "opt/opt.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "opt/suggest.h"

#define NAMES_MAX 64 /* options of one command, commands of the program */

struct parse {
	const struct opt_row *rows;
	char *values;
	int argc, next; /* argv[next] has not been looked at */
	char **argv;
	struct err *err;
};

static const struct opt_row *find_letter(const struct opt_row *rows, char c)
{
	for (; rows && rows->name; rows++)
		if (rows->letter == c)
			return rows;
	return NULL;
}

/* `length` letters of `name`, which may be followed by "=value". */
static const struct opt_row *find_name(const struct opt_row *rows,
				       const char *name, size_t length)
{
	for (; rows && rows->name; rows++)
		if (strlen(rows->name) == length &&
		    strncmp(rows->name, name, length) == 0)
			return rows;
	return NULL;
}

static bool is_option(const char *arg)
{
	return arg[0] == '-' && arg[1] != '\0';
}

/* Is this argument one of the table's options, and so no value? */
static bool is_known_option(const struct opt_row *rows, const char *arg)
{
	if (strcmp(arg, "--") == 0)
		return true;
	if (strncmp(arg, "--", 2) == 0)
		return find_name(rows, arg + 2, strcspn(arg + 2, "="));
	return is_option(arg) && find_letter(rows, arg[1]);
}

static int add_to_list(const struct opt_row *row, struct opt_list *list,
		       const char *text, struct err *err)
{
	if (list->count == OPT_LIST_MAX)
		return err_set(err, E2BIG, "--%s: at most %d of them are taken",
			       row->name, OPT_LIST_MAX);
	list->item[list->count++] = text;
	return 0;
}

static int store_value(const struct parse *parse, const struct opt_row *row,
		       const char *text)
{
	void *where = parse->values + row->offset;
	struct err *err = parse->err;
	int rc = 0;

	switch (row->kind) {
	case OPT_FLAG:
		*(bool *)where = true;
		return 0;
	case OPT_STRING:
	case OPT_MAYBE:
		*(const char **)where = text;
		return 0;
	case OPT_LIST:
		return add_to_list(row, where, text, err);
	case OPT_COUNT:
		rc = units_parse_count(text, where, err);
		break;
	case OPT_BYTES:
		rc = units_parse_bytes(text, where, err);
		break;
	case OPT_DURATION:
		rc = units_parse_duration(text, where, err);
		break;
	case OPT_FRACTION:
		rc = units_parse_fraction(text, where, err);
		break;
	}
	return rc ? err_wrap(err, "--%s", row->name) : 0;
}

/* The next argument as the value of `row`. */
static int take_value(struct parse *parse, const struct opt_row *row)
{
	const char *text;

	if (parse->next == parse->argc)
		return err_set(parse->err, EINVAL,
			       "--%s needs a value: --%s %s", row->name,
			       row->name, row->value);
	text = parse->argv[parse->next];
	if (is_known_option(parse->rows, text))
		return err_set(parse->err, EINVAL,
			       "--%s needs a value before '%s': --%s %s",
			       row->name, text, row->name, row->value);
	parse->next++;
	return store_value(parse, row, text);
}

static int unknown_name(const struct parse *parse, const char *name,
			size_t length)
{
	const char *names[NAMES_MAX] = { "help" };
	const char *close;
	char word[64];
	size_t n = 1;

	for (const struct opt_row *row = parse->rows; row && row->name; row++)
		if (n < NAMES_MAX - 1)
			names[n++] = row->name;
	snprintf(word, sizeof(word), "%.*s", (int)length, name);
	close = suggest_name(word, names);
	if (close)
		return err_set(parse->err, EINVAL,
			       "unknown option '--%s'; did you mean '--%s'?",
			       word, close);
	return err_set(parse->err, EINVAL, "unknown option '--%s'; see --help",
		       word);
}

/* "--name", "--name=value", "--name value"; `arg` is behind the dashes. */
static int parse_long(struct parse *parse, const char *arg)
{
	size_t length = strcspn(arg, "=");
	const struct opt_row *row = find_name(parse->rows, arg, length);

	if (!row && length == 4 && strncmp(arg, "help", 4) == 0)
		return err_set(parse->err, ECANCELED, "help was asked for");
	if (!row)
		return unknown_name(parse, arg, length);
	if (row->kind == OPT_FLAG && arg[length] == '=')
		return err_set(parse->err, EINVAL, "--%s takes no value",
			       row->name);
	if (row->kind == OPT_FLAG)
		return store_value(parse, row, NULL);
	if (arg[length] == '=')
		return store_value(parse, row, arg + length + 1);
	if (row->kind == OPT_MAYBE)
		return store_value(parse, row, "");
	return take_value(parse, row);
}

/* "-v", "-vo DIR", "-oDIR"; `arg` is behind the dash. */
static int parse_letters(struct parse *parse, const char *arg)
{
	for (; *arg; arg++) {
		const struct opt_row *row = find_letter(parse->rows, *arg);
		int rc;

		if (!row && *arg == 'h')
			return err_set(parse->err, ECANCELED,
				       "help was asked for");
		if (!row)
			return err_set(parse->err, EINVAL,
				       "unknown option '-%c'; see --help",
				       *arg);
		if (row->kind != OPT_FLAG && arg[1] != '\0')
			return store_value(parse, row, arg + 1);
		if (row->kind != OPT_FLAG)
			return take_value(parse, row);
		rc = store_value(parse, row, NULL);
		if (rc)
			return rc;
	}
	return 0;
}

int opt_parse(const struct opt_row *rows, void *values, int argc, char **argv,
	      char ***rest, int *rest_count, struct err *err)
{
	struct parse parse = { .rows = rows,
			       .values = values,
			       .argc = argc,
			       .next = 1,
			       .argv = argv,
			       .err = err };
	bool options = true;
	int count = 0;

	/* positional arguments move to the front, which has been read */
	while (parse.next < argc) {
		char *arg = argv[parse.next++];
		int rc = 0;

		if (options && strcmp(arg, "--") == 0)
			options = false;
		else if (options && strncmp(arg, "--", 2) == 0)
			rc = parse_long(&parse, arg + 2);
		else if (options && is_option(arg))
			rc = parse_letters(&parse, arg + 1);
		else
			argv[1 + count++] = arg;
		if (rc)
			return rc;
	}
	*rest = argv + 1;
	*rest_count = count;
	return 0;
}

const struct command *opt_find_command(const struct command *const *commands,
				       const char *name, struct err *err)
{
	const char *names[NAMES_MAX] = { NULL };
	char valid[256] = "";
	const char *close;
	size_t used = 0;

	for (int i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
		if (i < NAMES_MAX - 1)
			names[i] = commands[i]->name;
		if (used < sizeof(valid))
			used += (size_t)snprintf(
				valid + used, sizeof(valid) - used, "%s%s",
				i ? ", " : "", commands[i]->name);
	}
	close = suggest_name(name, names);
	if (close)
		err_set(err, EINVAL,
			"unknown command '%.64s'; did you mean '%s'? valid: %s",
			name, close, valid);
	else
		err_set(err, EINVAL, "unknown command '%.64s'; valid: %s", name,
			valid);
	return NULL;
}
