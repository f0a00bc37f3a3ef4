/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "opt/opt.h"

struct values {
	bool resume, verbose;
	const char *output;
	int64_t seed, bytes, budget_ns;
	double precision;
	struct opt_list sets;
};

/* clang-format off */
static const struct opt_row rows[] = {
	{ "output", 'o', OPT_STRING, offsetof(struct values, output), "DIR",
	  "where the study goes; a new directory below studies/ unless given, named by the plan and the time" },
	{ "set", 's', OPT_LIST, offsetof(struct values, sets), "KEY=VALUE", "overrides a key of the plan" },
	{ "precision", 0, OPT_FRACTION, offsetof(struct values, precision), "FRACTION", "half-width to reach" },
	{ "budget", 'b', OPT_DURATION, offsetof(struct values, budget_ns), "TIME", "stop after this" },
	{ "seed", 0, OPT_COUNT, offsetof(struct values, seed), "N", "of every random order" },
	{ "bytes", 0, OPT_BYTES, offsetof(struct values, bytes), "SIZE", "so many" },
	{ "resume", 0, OPT_FLAG, offsetof(struct values, resume), NULL, "go on" },
	{ "verbose", 'v', OPT_FLAG, offsetof(struct values, verbose), NULL, "say more" },
	{ .name = NULL },
};
/* clang-format on */

static int run_nothing(const struct command *command, int argc, char **argv)
{
	(void)command;
	(void)argc;
	(void)argv;
	return 0;
}

static const struct command study = { "study", "[PLAN]", "carry a plan out",
				      rows, run_nothing };
static const struct command plan = { "plan", "list | show NAME | check FILE",
				     "look at plans", NULL, run_nothing };
static const struct command *const commands[] = { &study, &plan, NULL };

static struct values values;
static struct err err;
static char **rest;
static int rest_count;

/* Parses "study ARG ARG ..." out of one string, cut at blanks. */
static int parse(const char *line)
{
	static char copy[4096];
	static char *argv[256];
	char *save = NULL;
	int argc = 0;

	snprintf(copy, sizeof(copy), "study %s", line);
	for (char *word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	memset(&values, 0, sizeof(values));
	memset(&err, 0, sizeof(err));
	return opt_parse(rows, &values, argc, argv, &rest, &rest_count, &err);
}

static void expect_refusal(const char *line, const char *text)
{
	assert_true(parse(line) < 0);
	assert_string_equal(err.text, text);
}

static void test_every_kind_of_value(void **state)
{
	(void)state;
	assert_int_equal(parse("--output d --set a=1 --set=b=2 "
			       "--precision 2.5% --budget=10m --seed 7 "
			       "--bytes 64K --resume"),
			 0);
	assert_string_equal(values.output, "d");
	assert_int_equal(values.sets.count, 2);
	assert_string_equal(values.sets.item[0], "a=1");
	assert_string_equal(values.sets.item[1], "b=2");
	assert_true(values.precision > 0.0249 && values.precision < 0.0251);
	assert_int_equal(values.budget_ns, 600 * NS_PER_S);
	assert_int_equal(values.seed, 7);
	assert_int_equal(values.bytes, 65536);
	assert_true(values.resume);
	assert_false(values.verbose);
	assert_int_equal(rest_count, 0);
}

static void test_letters(void **state)
{
	(void)state;
	assert_int_equal(parse("-v -oout -s a=1 -b 5s"), 0);
	assert_true(values.verbose);
	assert_string_equal(values.output, "out");
	assert_int_equal(values.sets.count, 1);
	assert_int_equal(values.budget_ns, 5 * NS_PER_S);
	assert_int_equal(parse("-vo out"), 0);
	assert_true(values.verbose);
	assert_string_equal(values.output, "out");
}

static void test_positional_arguments_stand_anywhere(void **state)
{
	(void)state;
	assert_int_equal(parse("quick -v paper - -o d -- --resume -x"), 0);
	assert_int_equal(rest_count, 5);
	assert_string_equal(rest[0], "quick");
	assert_string_equal(rest[1], "paper");
	assert_string_equal(rest[2], "-");
	assert_string_equal(rest[3], "--resume");
	assert_string_equal(rest[4], "-x");
	assert_false(values.resume);
	assert_string_equal(values.output, "d");
}

static void test_refusals_say_what_would_be_right(void **state)
{
	(void)state;
	expect_refusal("--precison 3%", "unknown option '--precison'; did you "
					"mean '--precision'?");
	expect_refusal("--prec=3%", "unknown option '--prec'; did you mean "
				    "'--precision'?");
	expect_refusal("--xyzzy", "unknown option '--xyzzy'; see --help");
	expect_refusal("-x", "unknown option '-x'; see --help");
	expect_refusal("--output", "--output needs a value: --output DIR");
	expect_refusal("-vo", "--output needs a value: --output DIR");
	expect_refusal("-o --resume", "--output needs a value before "
				      "'--resume': --output DIR");
	expect_refusal("--resume=yes", "--resume takes no value");
	expect_refusal("--precision much", "--precision: 'much' is not a "
					   "fraction such as 2.5%");
	expect_refusal("--budget 3d", "--budget: '3d' is not a time such as "
				      "10ms, 7s, 10m or 2h");
	expect_refusal("--seed=-1", "--seed: '-1' is not a whole number");
	expect_refusal("--bytes ,", "--bytes: ',' is not a size such as 4096, "
				    "64K or 1M");
	assert_int_equal(err.code, EINVAL);
}

static void test_a_value_may_look_like_an_unknown_option(void **state)
{
	(void)state;
	assert_int_equal(parse("-o -xyz"), 0);
	assert_string_equal(values.output, "-xyz");
	assert_int_equal(parse("--output=--resume"), 0);
	assert_string_equal(values.output, "--resume");
}

static void test_a_list_has_an_end(void **state)
{
	char line[1024] = "";

	(void)state;
	for (int i = 0; i < OPT_LIST_MAX; i++)
		strcat(line, "-s x ");
	assert_int_equal(parse(line), 0);
	assert_int_equal(values.sets.count, OPT_LIST_MAX);
	strcat(line, "-s x");
	expect_refusal(line, "--set: at most 64 of them are taken");
}

static void test_help_is_a_way_out(void **state)
{
	(void)state;
	assert_int_equal(parse("--help"), -ECANCELED);
	assert_int_equal(parse("-vh --nonsense"), -ECANCELED);
	assert_int_equal(parse("-- --help"), 0);
}

static void test_no_table_takes_no_option(void **state)
{
	char *argv[] = { (char *)"plan", (char *)"list", (char *)"-x" };

	(void)state;
	assert_int_equal(
		opt_parse(NULL, NULL, 2, argv, &rest, &rest_count, &err), 0);
	assert_int_equal(rest_count, 1);
	assert_int_equal(
		opt_parse(NULL, NULL, 3, argv, &rest, &rest_count, &err),
		-EINVAL);
}

static void test_commands_are_found_or_suggested(void **state)
{
	(void)state;
	assert_ptr_equal(opt_find_command(commands, "plan", &err), &plan);
	assert_null(opt_find_command(commands, "stduy", &err));
	assert_string_equal(err.text, "unknown command 'stduy'; did you mean "
				      "'study'? valid: study, plan");
	assert_null(opt_find_command(commands, "", &err));
	assert_string_equal(err.text, "unknown command ''; valid: study, plan");
}

static void check_columns(char *text)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		assert_true(strlen(line) <= 80);
		assert_true(line[strlen(line) - 1] != ' ');
	}
}

static void test_usage_fits_and_names_every_row(void **state)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	opt_print_usage(out, &study);
	opt_print_usage(out, &plan);
	opt_print_commands(out, commands);
	fclose(out);
	for (int i = 0; rows[i].name; i++) {
		assert_non_null(strstr(text, rows[i].name));
		assert_true(!rows[i].value || strstr(text, rows[i].value));
	}
	assert_non_null(strstr(text, "usage: vazao study [OPTION]... [PLAN]\n"
				     "carry a plan out\n"));
	assert_non_null(strstr(text, "  -o, --output DIR          where the "
				     "study goes; a new directory"));
	assert_non_null(strstr(text, "\n  plan   look at plans\n"));
	check_columns(text);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_of_value),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_positional_arguments_stand_anywhere),
		cmocka_unit_test(test_refusals_say_what_would_be_right),
		cmocka_unit_test(test_a_value_may_look_like_an_unknown_option),
		cmocka_unit_test(test_a_list_has_an_end),
		cmocka_unit_test(test_help_is_a_way_out),
		cmocka_unit_test(test_no_table_takes_no_option),
		cmocka_unit_test(test_commands_are_found_or_suggested),
		cmocka_unit_test(test_usage_fits_and_names_every_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
