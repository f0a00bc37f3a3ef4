/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * opt.h - options and subcommands as tables: one parse, one usage.
 *
 * A row is one option: flag, kind, where its value goes, what help says. Every
 * subcommand has one such table and one `struct command` row; the parser, the
 * usage text and the manual test all read the same rows. Called by cmd/.
 */
#ifndef VAZAO_OPT_OPT_H
#define VAZAO_OPT_OPT_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

enum opt_kind {
	OPT_FLAG,     /* bool */
	OPT_STRING,   /* const char * */
	OPT_COUNT,    /* int64_t */
	OPT_BYTES,    /* int64_t */
	OPT_DURATION, /* int64_t, ns */
	OPT_FRACTION, /* double */
	OPT_MAYBE,    /* const char *: --name or --name=value; "" without */
	OPT_LIST      /* struct opt_list: may be given several times */
};

#define OPT_LIST_MAX 64

struct opt_list {
	size_t count;
	const char *item[OPT_LIST_MAX];
};

/* `offset` into the caller's struct of values; ended by name == NULL. */
struct opt_row {
	const char *name; /* "precision": --precision */
	char letter;	  /* 'o': -o; 0: none */
	enum opt_kind kind;
	size_t offset;
	const char *value; /* "DIR" in the usage, "=DIR" for OPT_MAYBE; NULL
			    * for flags */
	const char *help;
};

struct command {
	const char *name;	       /* "study" */
	const char *arguments;	       /* "[PLAN]", for the usage line */
	const char *help;	       /* one line */
	const struct opt_row *options; /* may be NULL */
	/* argv[0] is the subcommand's name; returns an exit status. */
	int (*run)(const struct command *command, int argc, char **argv);
};

/*
 * Fills `values` from argv; *rest are the positional arguments (argv is
 * permuted). -EINVAL with what is wrong and what would be right (close names
 * are suggested); -ECANCELED where --help was asked for.
 */
int opt_parse(const struct opt_row *rows, void *values, int argc, char **argv,
	      char ***rest, int *rest_count, struct err *err);

/* "usage: vazao study [PLAN] ..." and one line an option. */
void opt_print_usage(FILE *out, const struct command *command);
void opt_print_commands(FILE *out, const struct command *const *commands);

/* One row of a two-column text: "  label", and `text` from column `indent` on,
 * wrapped at blanks within 80 columns. */
void opt_print_row(FILE *out, const char *label, const char *text, int indent);

/* By name; NULL, with a suggestion in err, where there is none. */
const struct command *opt_find_command(const struct command *const *commands,
				       const char *name, struct err *err);

#endif
