/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a validation makes of stored studies; replays and bounds have tests of
 * their own (study/replay_test.c, stats/bootstrap_test.c). */
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

#include "analysis/synthetic.h"
#include "cmd/validate.h"

static char dir[64];

static void open_dir(void)
{
	strcpy(dir, "/tmp/vazao-validate-XXXXXX");
	assert_non_null(mkdtemp(dir));
}

/* Made-up studies whose paths are not as fast as the reference: as A/A they
 * are what a broken method would show. */
static void add_study(const char *name)
{
	char made[] = "/tmp/vazao-validate-XXXXXX", path[256];
	struct err err = ERR_INIT;

	if (synthetic_create(made, &synthetic_quick, &err))
		fail_msg("%s", err.text);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(rename(made, path), 0);
}

static void remove_study(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	synthetic_remove(path);
}

static struct validation judge(void)
{
	const struct validate_judge_args args = { .dir = dir,
						  .matrices = 4,
						  .injections = 2,
						  .replays = 5,
						  .seed = 1,
						  .precision = 0.05 };
	struct err err = ERR_INIT;
	struct validation v;

	if (validate_judge(&args, &v, &err))
		fail_msg("%s", err.text);
	return v;
}

static void test_nothing_shows_nothing(void **state)
{
	struct validation v;

	(void)state;
	open_dir();
	v = judge();
	assert_false(v.ok);
	assert_int_equal(v.aa.intervals, 0);
	assert_non_null(strstr(v.verdict, "Not shown"));
	validate_free(&v);
	rmdir(dir);
}

static void test_a_wrong_method_is_found(void **state)
{
	struct validation v;
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	(void)state;
	open_dir();
	add_study("aa-01");
	add_study("aa-03"); /* one may be missing */
	add_study("trace");
	v = judge();
	assert_int_equal(v.aa.studies, 2);
	assert_int_equal(v.aa.coverage.intervals, 2 * 2 * 8);
	assert_true(v.aa.coverage.share < 0.7);
	assert_false(v.aa_ok || v.ok);
	assert_true(v.aa.bias < 0);
	/* the trace has no twin, and agrees with itself */
	assert_int_equal(v.replay.twin.intervals, 0);
	assert_int_equal(v.replay.others.intervals, 5 * 2 * 8);
	assert_true(v.replay.others.share > 0.9);
	out = open_memstream(&text, &size);
	assert_int_equal(validation_write(&v, false, out, NULL), 0);
	fclose(out);
	assert_non_null(
		strstr(text, "| native against native (A/A) | 2 | 32 "));
	assert_null(strstr(text, "nan"));
	free(text);
	validate_free(&v);
	remove_study("aa-01");
	remove_study("aa-03");
	remove_study("trace");
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_shows_nothing),
		cmocka_unit_test(test_a_wrong_method_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
