/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "study/timing.h"

#define TWO                                                                    \
	"[{\"socket_size\":4096,\"guard_ns\":2,\"slice_ns\":10,\"cycles\":4}," \
	"{\"socket_size\":65536,\"guard_ns\":50,\"slice_ns\":60,\"cycles\":2}]"

static const struct timing *find(int64_t socket, int64_t sender)
{
	static struct timings timings;
	struct point point = { 0 };
	struct err err = ERR_INIT;

	assert_int_equal(timings_parse(TWO, &timings, &err), 0);
	point.value[AXIS_SOCKET_SIZE] = socket;
	point.value[AXIS_SENDER_SOCKET_SIZE] = sender;
	return timings_find(&timings, &point);
}

static void test_a_point_takes_the_next_larger_row(void **state)
{
	(void)state;
	assert_int_equal(find(1024, 0)->slice_ns, 10);
	assert_int_equal(find(4096, 0)->slice_ns, 10);
	assert_int_equal(find(4097, 0)->slice_ns, 60);
	assert_int_equal(find(1 << 20, 0)->slice_ns, 60);
	assert_int_equal(find(0, 0)->slice_ns, 60);
	assert_int_equal(find(4096, 65536)->slice_ns, 60);
	assert_int_equal(find(65536, 4096)->cycles, 2);
}

static void test_text_there_and_back(void **state)
{
	struct timings timings;
	struct err err = ERR_INIT;
	json_t *json;
	char *text;

	(void)state;
	assert_int_equal(timings_parse(TWO, &timings, &err), 0);
	json = timings_to_json(&timings);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, TWO);
	free(text);
	json_decref(json);
}

static void test_what_was_edited_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[1]",
		"[{\"socket_size\":1}]",
		"[{\"socket_size\":4096,\"guard_ns\":2,\"slice_ns\":0,\"cycles\":4}]",
		"[{\"socket_size\":4096,\"guard_ns\":2,\"slice_ns\":9,\"cycles\":-1}]",
	};
	struct timings timings;
	struct point point = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		assert_true(timings_parse(bad[i], &timings, &err) < 0);
		assert_true(err.text[0]);
	}
	assert_int_equal(timings_parse("[]", &timings, NULL), 0);
	assert_null(timings_find(&timings, &point));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_point_takes_the_next_larger_row),
		cmocka_unit_test(test_text_there_and_back),
		cmocka_unit_test(test_what_was_edited_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
