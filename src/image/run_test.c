/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int run_shell(const char *script, char **output, struct err *err)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return run_program(&(struct run_args){ .argv = argv,
					       .package = "dash",
					       .dir = "/" },
			   output, err);
}

static void test_output(void **state)
{
	char *output = NULL;

	(void)state;
	assert_int_equal(run_shell("pwd; echo noise >&2", &output, NULL), 0);
	assert_string_equal(output, "/\n");
	free(output);
}

/* More than a pipe holds, on both streams at once. */
static void test_much_output(void **state)
{
	char *output = NULL;

	(void)state;
	assert_int_equal(run_shell("head -c 300000 /dev/zero | tr '\\0' x; "
				   "head -c 300000 /dev/zero >&2",
				   &output, NULL),
			 0);
	assert_int_equal(strlen(output), 300000);
	free(output);
}

static void test_no_such_program(void **state)
{
	const char *const argv[] = { "vazao-no-such-program", NULL };
	const struct run_args args = { .argv = argv, .package = "nosuch" };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(run_program(&args, NULL, &err), -ENOPKG);
	assert_non_null(strstr(err.text, "vazao-no-such-program"));
	assert_non_null(strstr(err.text, "install the package nosuch"));
}

static void test_failure_is_its_last_line(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
		run_shell("echo one >&2; echo two >&2; exit 3", NULL, &err),
		-EIO);
	assert_string_equal(err.text, "sh: two");
	assert_int_equal(run_shell("kill -KILL $$", NULL, &err), -EIO);
	assert_non_null(strstr(err.text, "signal 9"));
}

static void test_no_such_directory(void **state)
{
	const char *const argv[] = { "true", NULL };
	const struct run_args args = { .argv = argv,
				       .package = "coreutils",
				       .dir = "/vazao-none" };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(run_program(&args, NULL, &err), -EIO);
	assert_non_null(strstr(err.text, "/vazao-none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_much_output),
		cmocka_unit_test(test_no_such_program),
		cmocka_unit_test(test_failure_is_its_last_line),
		cmocka_unit_test(test_no_such_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
