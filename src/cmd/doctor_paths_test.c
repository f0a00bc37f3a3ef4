/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/doctor.h"
#include "lab/lab.h"

static struct finding *findings; /* parallel to doctor_probes[] */
static char because[128];

static int make_all_well(void **state)
{
	(void)state;
	findings =
		calloc(doctor_count_probes(doctor_probes), sizeof(*findings));
	return findings ? 0 : -1;
}

static int forget(void **state)
{
	(void)state;
	free(findings);
	return 0;
}

static void set_verdict(const char *name, enum finding_verdict verdict)
{
	for (size_t i = 0; doctor_probes[i].name; i++)
		if (strcmp(doctor_probes[i].name, name) == 0) {
			findings[i].verdict = verdict;
			return;
		}
	fail_msg("no probe %s", name);
}

static bool judge(const char *kind)
{
	return doctor_judge_path(kind, doctor_probes, findings, because,
				 sizeof(because));
}

/* A new kind of path needs a row in doctor_paths.c. */
static void test_every_kind_is_known(void **state)
{
	const struct kind_desc *const *kinds = lab_kinds();

	(void)state;
	for (size_t i = 0; kinds[i]; i++)
		if (!judge(kinds[i]->name))
			fail_msg("%s: %s", kinds[i]->name, because);
}

static void test_what_is_missing_is_named(void **state)
{
	(void)state;
	set_verdict("bridge", FINDING_MISSING);
	assert_true(judge("native"));
	assert_string_equal(because, "");
	assert_false(judge("dom0"));
	assert_string_equal(because, "lacks bridge");
	set_verdict("veth", FINDING_MISSING);
	assert_false(judge("native"));
	assert_false(judge("dom0"));
	assert_string_equal(because, "lacks veth, bridge");
}

static void test_a_warning_is_no_yes(void **state)
{
	(void)state;
	set_verdict("UML", FINDING_WARNING);
	assert_false(judge("uml"));
	assert_string_equal(because, "lacks UML");
	assert_true(judge("dom0"));
}

static void test_unknown_kind(void **state)
{
	(void)state;
	assert_false(judge("teleport"));
	assert_string_not_equal(because, "");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make_all_well, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_kind_is_known),
		TEST(test_what_is_missing_is_named),
		TEST(test_a_warning_is_no_yes),
		TEST(test_unknown_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
