/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/errand.h"

static struct err err;

static void test_a_path_comes_back(void **state)
{
	struct block_slice slice[2] = { { 1000, 10000000, 5 },
					{ 2000, 10000001, 6 } };
	const struct agent_block_path path = {
		.slice = slice,
		.slices = 2,
		.throughput_mbps = 1.0 / 3,
		.reverse_mbps = 0.1,
		.messages = 7,
		.transactions = 8,
		.sender = { .sndbuf_bytes = 1,
			    .mss_bytes = 2,
			    .retransmits = 3,
			    .congestion = "cubic" },
		.receiver = { .rcvbuf_bytes = 4 },
		.datagrams = { 1, 2, 3, 0.25 },
	};
	json_t *json = errand_path_to_json(&path);
	char *text = json_dumps(json, JSON_REAL_PRECISION(17));
	json_t *read = json_loads(text, 0, NULL);
	struct agent_block_path back;

	(void)state;
	assert_int_equal(errand_path_from_json(read, &back, &err), 0);
	assert_int_equal(back.slices, 2);
	assert_memory_equal(back.slice, slice, sizeof(slice));
	/* to the last bit: what a replicate is compared by */
	assert_memory_equal(&back.throughput_mbps, &path.throughput_mbps,
			    sizeof(double));
	assert_memory_equal(&back.reverse_mbps, &path.reverse_mbps,
			    sizeof(double));
	assert_int_equal(back.messages, 7);
	assert_int_equal(back.transactions, 8);
	assert_int_equal(back.sender.sndbuf_bytes, 1);
	assert_int_equal(back.sender.mss_bytes, 2);
	assert_int_equal(back.sender.retransmits, 3);
	assert_string_equal(back.sender.congestion, "cubic");
	assert_int_equal(back.receiver.rcvbuf_bytes, 4);
	assert_int_equal(back.datagrams.reordered, 3);
	assert_null(back.latency);
	agent_block_path_free(&back);
	json_decref(read);
	json_decref(json);
	free(text);
}

static void expect_refused(const char *key, const char *value)
{
	const struct agent_block_path path = { .sender.congestion = "reno" };
	json_t *json = errand_path_to_json(&path);
	struct agent_block_path back;

	json_object_set_new(json, key,
			    json_loads(value, JSON_DECODE_ANY, NULL));
	if (!errand_path_from_json(json, &back, &err))
		fail_msg("%s: %s was taken", key, value);
	json_decref(json);
}

static void test_nonsense_is_refused(void **state)
{
	(void)state;
	expect_refused("throughput_mbps", "\"fast\"");
	expect_refused("messages", "null");
	expect_refused("ends", "[]");
	expect_refused("ends", "{}");
	expect_refused("slices", "{}");
	expect_refused("slices", "[[1, 2]]");
	expect_refused("slices", "[[1, 0, 0]]");
	expect_refused("slices", "[[-1, 5, 0]]");
	expect_refused("datagrams", "[1, 2]");
	expect_refused("latency", "[[-1, 2]]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_path_comes_back),
		cmocka_unit_test(test_nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
