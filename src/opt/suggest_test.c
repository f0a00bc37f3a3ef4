/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "opt/suggest.h"

static const char *const names[] = { "mtu",	"socket_size", "message_size",
				     "offload", "precision",   "a",
				     NULL };

static void test_near_names(void **state)
{
	(void)state;
	assert_string_equal(suggest_name("mtuu", names), "mtu");
	assert_string_equal(suggest_name("mut", names), "mtu");
	assert_string_equal(suggest_name("soket_size", names), "socket_size");
	assert_string_equal(suggest_name("mesage_sise", names), "message_size");
	assert_string_equal(suggest_name("prec", names), "precision");
	assert_string_equal(suggest_name("offlaod", names), "offload");
}

static void test_far_names(void **state)
{
	char longest[200];

	(void)state;
	assert_null(suggest_name("", names));
	assert_null(suggest_name("x", names));
	assert_null(suggest_name("throughput", names));
	memset(longest, 'm', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(suggest_name(longest, names));
}

static void test_a_long_candidate_is_passed_over(void **state)
{
	char longest[200];
	const char *const two[] = { longest, "mtu", NULL };

	(void)state;
	memset(longest, 'm', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_string_equal(suggest_name("mtx", two), "mtu");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_near_names),
		cmocka_unit_test(test_far_names),
		cmocka_unit_test(test_a_long_candidate_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
