/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/userdir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char top[64], dir[PATH_MAX];

static int make_top(void **state)
{
	(void)state;
	snprintf(top, sizeof(top), "/tmp/vazao-userdir.XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static void expect_dir(const char *below_top)
{
	char expected[PATH_MAX];
	struct stat st;

	snprintf(expected, sizeof(expected), "%s/%s", top, below_top);
	assert_string_equal(dir, expected);
	assert_int_equal(stat(dir, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
}

static void test_own_variable_first(void **state)
{
	char cache[96];

	(void)state;
	snprintf(cache, sizeof(cache), "%s/deep/cache", top);
	setenv("HOME", top, 1);
	setenv("XDG_CACHE_HOME", cache, 1);
	unsetenv("XDG_STATE_HOME");
	assert_int_equal(userdir_open(USERDIR_CACHE, "images", dir, NULL), 0);
	expect_dir("deep/cache/vazao/images");
	assert_int_equal(userdir_open(USERDIR_STATE, "", dir, NULL), 0);
	expect_dir(".local/state/vazao");
}

static void test_no_absolute_path_is_none(void **state)
{
	(void)state;
	setenv("HOME", top, 1);
	setenv("XDG_CACHE_HOME", "cache", 1);
	assert_int_equal(userdir_open(USERDIR_CACHE, "", dir, NULL), 0);
	expect_dir(".cache/vazao");
	setenv("XDG_CACHE_HOME", "", 1);
	assert_int_equal(userdir_open(USERDIR_CACHE, "", dir, NULL), 0);
	expect_dir(".cache/vazao");
}

static void test_nowhere(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	unsetenv("HOME");
	unsetenv("XDG_STATE_HOME");
	assert_int_equal(userdir_open(USERDIR_STATE, "", dir, &err), -ENOENT);
	assert_non_null(strstr(err.text, "$HOME"));
	assert_non_null(strstr(err.text, "$XDG_STATE_HOME"));
}

static void test_a_file_in_the_way(void **state)
{
	struct err err = ERR_INIT;
	char file[96];
	FILE *out;

	(void)state;
	snprintf(file, sizeof(file), "%s/file", top);
	out = fopen(file, "w");
	assert_non_null(out);
	fclose(out);
	setenv("XDG_CACHE_HOME", file, 1);
	assert_int_equal(userdir_open(USERDIR_CACHE, "", dir, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, file));
}

static void test_too_long(void **state)
{
	static char home[PATH_MAX];
	struct err err = ERR_INIT;

	(void)state;
	memset(home, 'x', sizeof(home) - 2);
	home[0] = '/';
	setenv("XDG_CACHE_HOME", home, 1);
	assert_int_equal(userdir_open(USERDIR_CACHE, "", dir, &err),
			 -ENAMETOOLONG);
	assert_non_null(strstr(err.text, "XDG_CACHE_HOME"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_variable_first),
		cmocka_unit_test(test_no_absolute_path_is_none),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_a_file_in_the_way),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, make_top, remove_top);
}
