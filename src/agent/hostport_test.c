/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HOST[:PORT] as people type it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/hostport.h"

static void expect(const char *text, const char *host, const char *port)
{
	struct hostport at;
	struct err err = ERR_INIT;

	assert_int_equal(hostport_parse(text, "7780", &at, &err), 0);
	assert_string_equal(at.host, host);
	assert_string_equal(at.port, port);
}

static void takes_what_is_meant(void **state)
{
	(void)state;
	expect("m2", "m2", "7780");
	expect("m2:1", "m2", "1");
	expect("192.0.2.1:65535", "192.0.2.1", "65535");
	expect(":7781", "", "7781");
	expect("2001:db8::1", "2001:db8::1", "7780");
	expect("[2001:db8::1]", "2001:db8::1", "7780");
	expect("[2001:db8::1]:9", "2001:db8::1", "9");
}

static void refuses_what_is_no_port(void **state)
{
	static const char *const texts[] = { "m2:",	 "m2:x",
					     "m2:-1",	 "m2:65536",
					     "m2:99999", "[::1",
					     "[::1]x",	 "m2:4294967297" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct hostport at;
		struct err err = ERR_INIT;

		assert_int_equal(hostport_parse(texts[i], "7780", &at, &err),
				 -EINVAL);
		assert_non_null(strstr(err.text, texts[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_meant),
		cmocka_unit_test(refuses_what_is_no_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
