/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/round_robin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MEMBERS 64

/* Members with work for ever, of very unlike demand: equal turns, and never
 * two turns of one between which another waits in vain. */
static void turns_are_equal(void **state)
{
	struct rr_member member[MEMBERS] = { 0 };
	int turns[MEMBERS] = { 0 }, last[MEMBERS] = { 0 };
	struct round_robin line;

	(void)state;
	round_robin_init(&line);
	for (int i = 0; i < MEMBERS; i++)
		round_robin_add(&line, &member[i]);
	for (int turn = 1; turn <= 100 * MEMBERS; turn++) {
		struct rr_member *now = round_robin_take(&line);
		int i = (int)(now - member);

		turns[i]++;
		assert_true(turn - last[i] <= MEMBERS);
		last[i] = turn;
		round_robin_add(&line, now);
		round_robin_add(&line, now); /* no second place in line */
	}
	for (int i = 0; i < MEMBERS; i++)
		assert_int_equal(turns[i], 100);
}

static void members_leave(void **state)
{
	struct rr_member a = { 0 }, b = { 0 }, c = { 0 };
	struct round_robin line;

	(void)state;
	round_robin_init(&line);
	assert_null(round_robin_take(&line));
	round_robin_add(&line, &a);
	round_robin_add(&line, &b);
	round_robin_add(&line, &c);
	round_robin_remove(&b);
	round_robin_remove(&b);
	assert_ptr_equal(round_robin_take(&line), &a);
	assert_ptr_equal(round_robin_take(&line), &c);
	assert_true(round_robin_is_empty(&line));
}

/* 125000 bytes a ms: a gigabit a second, however often it is asked for. */
static void credit_is_a_rate(void **state)
{
	struct credit credit;
	uint64_t sent = 0;

	(void)state;
	credit_init(&credit, 125000, 1000, 0);
	for (int64_t now_ns = 0; now_ns < 1000000000; now_ns += 3000)
		while (credit_take(&credit, 1514, now_ns))
			sent += 1514;
	assert_in_range(sent, 123000000, 125200000);
	/* what was not used is not saved up */
	credit_take(&credit, 1, (int64_t)100000000000);
	assert_true(credit.left <= 125000);
}

static void large_packet_passes_small_credit(void **state)
{
	struct credit credit;
	int64_t now_ns = 0;
	int sent = 0;

	(void)state;
	credit_init(&credit, 1000, 1000, 0);
	for (; now_ns < 1000000000; now_ns += 500000)
		sent += credit_take(&credit, 65000, now_ns);
	assert_in_range(sent, 14, 15); /* 65 ms each */
}

static void no_rate_no_limit(void **state)
{
	struct credit credit;

	(void)state;
	credit_init(&credit, 0, 0, 0);
	for (int i = 0; i < 1000; i++)
		assert_true(credit_take(&credit, 65535, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_are_equal),
		cmocka_unit_test(members_leave),
		cmocka_unit_test(credit_is_a_rate),
		cmocka_unit_test(large_packet_passes_small_credit),
		cmocka_unit_test(no_rate_no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
