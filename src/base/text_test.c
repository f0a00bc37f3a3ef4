/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

static void appends_and_cuts_off(void **state)
{
	char buf[8] = "";

	(void)state;
	text_append(buf, sizeof(buf), "%s", "");
	assert_string_equal(buf, "");
	text_append(buf, sizeof(buf), "%s%d", *buf ? ", " : "", 1);
	text_append(buf, sizeof(buf), "%s%d", *buf ? ", " : "", 23);
	assert_string_equal(buf, "1, 23");
	text_append(buf, sizeof(buf), "%s", "4567");
	assert_string_equal(buf, "1, 2345");
	text_append(buf, sizeof(buf), "%s", "8");
	assert_string_equal(buf, "1, 2345");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_and_cuts_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
