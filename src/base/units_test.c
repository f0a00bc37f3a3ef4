/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/units.h"

static void test_bytes(void **state)
{
	struct err err = ERR_INIT;
	int64_t v;

	(void)state;
	assert_int_equal(units_parse_bytes("64K", &v, &err), 0);
	assert_int_equal(v, 65536);
	assert_int_equal(units_parse_bytes("114688", &v, &err), 0);
	assert_int_equal(v, 114688);
	assert_int_equal(units_parse_bytes("1MiB", &v, &err), 0);
	assert_int_equal(v, 1048576);
	assert_true(units_parse_bytes("", &v, &err) < 0);
	assert_true(units_parse_bytes("-5", &v, &err) < 0);
	assert_true(units_parse_bytes("64Q", &v, &err) < 0);
	assert_true(units_parse_bytes("1.5", &v, &err) < 0);
	assert_true(units_parse_bytes("9999999999G", &v, &err) < 0);
}

static void test_durations_and_rates(void **state)
{
	struct err err = ERR_INIT;
	double f;
	int64_t v;

	(void)state;
	assert_int_equal(units_parse_duration("10ms", &v, &err), 0);
	assert_int_equal(v, 10 * NS_PER_MS);
	assert_int_equal(units_parse_duration("10m", &v, &err), 0);
	assert_int_equal(v, 600 * NS_PER_S);
	assert_int_equal(units_parse_rate("1gbit", &v, &err), 0);
	assert_int_equal(v, 1000000000);
	assert_int_equal(units_parse_rate("unlimited", &v, &err), 0);
	assert_int_equal(v, 0);
	assert_true(units_parse_rate("1", &v, &err) < 0);
	assert_int_equal(units_parse_fraction("2.5%", &f, &err), 0);
	assert_true(f > 0.02499 && f < 0.02501);
	assert_true(units_parse_fraction("nan", &f, &err) < 0);
	assert_true(units_parse_fraction("2.5 percent", &f, &err) < 0);
}

static void expect_text(void (*format)(int64_t, char *, size_t), int64_t value,
			const char *text)
{
	char buf[32];

	format(value, buf, sizeof(buf));
	assert_string_equal(buf, text);
}

static void test_format(void **state)
{
	(void)state;
	expect_text(units_format_bytes, 114688, "112K");
	expect_text(units_format_bytes, 1500, "1500");
	expect_text(units_format_bytes, 1048576, "1M");
	expect_text(units_format_duration, 83 * NS_PER_S, "1m23s");
	expect_text(units_format_duration, 400 * NS_PER_MS, "400ms");
	expect_text(units_format_duration, 3 * 3600 * NS_PER_S, "3h00m");
	expect_text(units_format_rate, 1000000000, "1gbit");
	expect_text(units_format_rate, 0, "unlimited");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_durations_and_rates),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
