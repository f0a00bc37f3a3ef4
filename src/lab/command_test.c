/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines, and what the lab answers where a program is missing. */
#include "lab/command.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/accel.h"
#include "lab/node_uml.h"

static void test_find(void **state)
{
	char path[PATH_MAX];

	(void)state;
	setenv("PATH", "relative:/vazao-none:/bin:/usr/bin", 1);
	assert_true(command_find("sh", path));
	assert_string_equal(path, "/bin/sh");
	assert_false(command_find("vazao-no-such-program", path));
	setenv("PATH", "", 1); /* as execvp(3) */
	assert_true(command_find("sh", path));
}

/* What a plan's reference needs decides the exit status: 4, by -ENOPKG. */
static void test_missing_is_named(void **state)
{
	const struct uml_node_args uml = { .name = "uml",
					   .tap = "vif1.0",
					   .mac = "00:16:3e:00:00:01" };
	struct accel_trial trial;
	struct lab_node *node;
	struct err err = ERR_INIT;

	(void)state;
	setenv("PATH", "/vazao-none", 1);
	assert_int_equal(uml_node_new(&node, &uml, &err), -ENOPKG);
	assert_non_null(strstr(err.text, "linux.uml"));
	assert_non_null(strstr(err.text, "package user-mode-linux"));
	assert_int_equal(accel_try("tcg", &trial, &err), -ENOPKG);
	assert_non_null(strstr(err.text, "package qemu-system-x86"));
	assert_false(trial.boots);
}

/* A QEMU without its last words would boot, and be another machine. */
static void test_what_is_cut_is_told(void **state)
{
	static struct command_line line;
	struct err err = ERR_INIT;

	(void)state;
	command_begin(&line);
	command_add(&line, "%s", "qemu");
	for (int i = 1; i < COMMAND_WORDS_MAX; i++)
		command_add(&line, "%d", i);
	assert_int_equal(command_check(&line, &err), 0);
	assert_int_equal(line.words, COMMAND_WORDS_MAX);
	assert_null(line.argv[COMMAND_WORDS_MAX]);
	command_add(&line, "one more");
	assert_int_equal(command_check(&line, &err), -E2BIG);
	assert_non_null(strstr(err.text, "qemu"));
	command_begin(&line);
	assert_int_equal(command_check(&line, &err), 0);
	command_add(&line, "%*d", (int)sizeof(line.text), 1);
	assert_int_equal(command_check(&line, &err), -E2BIG);
	command_add(&line, "short");
	assert_int_equal(command_check(&line, &err), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_what_is_cut_is_told),
		cmocka_unit_test(test_missing_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
