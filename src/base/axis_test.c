/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/axis.h"

static void test_every_row_is_complete(void **state)
{
	(void)state;
	for (int i = 0; i < AXIS_COUNT; i++) {
		assert_non_null(axis_table[i].name);
		assert_non_null(axis_table[i].help);
		assert_int_equal(axis_find(axis_table[i].name), i);
		assert_true(axis_table[i].kind != AXIS_IS_CHOICE ||
			    axis_table[i].choices);
	}
	assert_int_equal(axis_find("mtuu"), -1);
}

static void test_parse_says_the_valid_choices(void **state)
{
	struct err err = ERR_INIT;
	int64_t v;

	(void)state;
	assert_int_equal(axis_parse(AXIS_OFFLOAD, "on", &v, &err), 0);
	assert_int_equal(v, OFFLOAD_ON);
	assert_int_equal(axis_parse(AXIS_OFFLOAD, "maybe", &v, &err), -EINVAL);
	assert_string_equal(err.text,
			    "offload: 'maybe' is not one of: off, on, as-is");
	assert_int_equal(axis_parse(AXIS_MTU, "20", &v, &err), -ERANGE);
	assert_non_null(strstr(err.text, "68 to 65535"));
	assert_int_equal(axis_parse(AXIS_MESSAGE_SIZE, "1M", &v, &err), 0);
	assert_int_equal(v, 1048576);
}

static void test_point_survives_json(void **state)
{
	struct err err = ERR_INIT;
	struct point a, b;
	char text[160];
	json_t *json;

	(void)state;
	point_init(&a);
	a.value[AXIS_MTU] = 500;
	a.value[AXIS_DIRECTION] = DIRECTION_RECEIVE;
	a.value[AXIS_SOCKET_SIZE] = 114688;
	json = point_to_json(&a);
	assert_int_equal(point_from_json(json, &b, &err), 0);
	assert_true(point_equal(&a, &b));
	json_object_set_new(json, "mtu", json_true());
	assert_true(point_from_json(json, &b, &err) < 0);
	json_decref(json);
	point_format(&a, text, sizeof(text));
	assert_string_equal(text, "tcp_stream receive mtu 500 socket 112K "
				  "message 64K offload off flows 1");
}

static void test_zero_has_a_word(void **state)
{
	struct err err = ERR_INIT;
	char text[32];
	int64_t v = 1;

	(void)state;
	assert_int_equal(axis_parse(AXIS_SOCKET_SIZE, "auto", &v, &err), 0);
	assert_int_equal(v, 0);
	axis_say(AXIS_SOCKET_SIZE, v, text, sizeof(text));
	assert_string_equal(text, "auto");
	assert_int_equal(axis_parse(AXIS_PACING_RATE, "1gbit", &v, &err), 0);
	assert_int_equal(v, 1000000000);
	axis_format(AXIS_PACING_RATE, v, text, sizeof(text));
	assert_int_equal(axis_parse(AXIS_PACING_RATE, text, &v, &err), 0);
	assert_int_equal(v, 1000000000);
	assert_int_equal(axis_parse(AXIS_MESSAGE_SIZE, "auto", &v, &err),
			 -EINVAL);
}

static void test_what_cannot_go_together(void **state)
{
	struct err err = ERR_INIT;
	struct point point;

	(void)state;
	point_init(&point);
	assert_int_equal(point_check(&point, &err), 0);
	point.value[AXIS_THREADS] = 2;
	assert_int_equal(point_check(&point, &err), -EINVAL);
	assert_non_null(strstr(err.text, "threads: 2 for 1 flows"));
}

static void test_only_what_is_set_is_told(void **state)
{
	struct point point;
	char text[160];

	(void)state;
	point_init(&point);
	point.value[AXIS_NODELAY] = true;
	point.value[AXIS_PACING_RATE] = 100000000;
	point_format(&point, text, sizeof(text));
	assert_string_equal(text, "tcp_stream send mtu 1500 socket auto "
				  "message 64K offload off flows 1 nodelay on "
				  "paced 100mbit");
	assert_false(axis_is_told(AXIS_DSCP, &point));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_is_complete),
		cmocka_unit_test(test_parse_says_the_valid_choices),
		cmocka_unit_test(test_point_survives_json),
		cmocka_unit_test(test_zero_has_a_word),
		cmocka_unit_test(test_what_cannot_go_together),
		cmocka_unit_test(test_only_what_is_set_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
