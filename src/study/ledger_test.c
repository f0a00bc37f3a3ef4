/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "study/ledger.h"

static struct ledger *new_ledger(size_t points, size_t paths)
{
	const struct ledger_rule rule = { .precision = 0.05, .min_blocks = 12 };
	struct err err = ERR_INIT;
	struct ledger *ledger;

	assert_int_equal(ledger_create(&ledger, points, paths, &rule, &err), 0);
	return ledger;
}

static void add(struct ledger *ledger, size_t point, double x, double y)
{
	const double mbps[] = { x, y };
	struct err err = ERR_INIT;

	assert_int_equal(ledger_add(ledger, point, mbps, &err), 0);
}

/* y / x wavers by +-`spread` around 0.5 */
static void add_wavering(struct ledger *ledger, size_t point, int blocks,
			 double spread)
{
	for (int i = 0; i < blocks; i++)
		add(ledger, point, 1000,
		    500 * (1 + (i % 2 ? spread : -spread)));
}

static void test_goes_on_until_every_cell_is_reached(void **state)
{
	struct ledger *ledger = new_ledger(2, 2);
	struct ledger_path sum;

	(void)state;
	assert_true(ledger_active(ledger, 0));
	add_wavering(ledger, 0, 12, 0.001);
	add_wavering(ledger, 1, 11, 0.001);
	ledger_judge(ledger);
	assert_false(ledger_active(ledger, 0));
	assert_true(ledger_active(ledger, 1));
	assert_int_equal(ledger_blocks_left(ledger), 1);
	ledger_summarize(ledger, 1, &sum);
	assert_int_equal(sum.reached, 1);
	add_wavering(ledger, 1, 1, 0.001);
	ledger_judge(ledger);
	assert_false(ledger_active(ledger, 1));
	assert_int_equal(ledger_blocks_left(ledger), 0);
	ledger_free(ledger);
}

static void test_noise_asks_for_more_blocks(void **state)
{
	struct ledger *ledger = new_ledger(1, 2);
	struct ledger_path sum;

	(void)state;
	add_wavering(ledger, 0, 12, 0.3);
	ledger_judge(ledger);
	assert_true(ledger_active(ledger, 0));
	/* (1.96 * 0.3 / 0.05)^2 = 138 blocks in all, roughly */
	assert_in_range(ledger_blocks_left(ledger), 90, 250);
	ledger_summarize(ledger, 1, &sum);
	assert_int_equal(sum.reached, 0);
	assert_true(sum.worst_half_width > 0.05);
	ledger_free(ledger);
}

static void test_a_failed_path_does_not_hold_the_point(void **state)
{
	struct ledger *ledger = new_ledger(1, 2);

	(void)state;
	for (int i = 0; i < 12; i++)
		add(ledger, 0, 1000, -1);
	ledger_judge(ledger);
	assert_true(ledger_active(ledger, 0));
	ledger_fail(ledger, 0, 1);
	ledger_judge(ledger);
	assert_false(ledger_active(ledger, 0));
	assert_true(ledger_failed(ledger, 0, 1));
	assert_false(ledger_failed(ledger, 0, 0));
	ledger_free(ledger);
}

static void test_a_failed_reference_fails_the_point(void **state)
{
	struct ledger *ledger = new_ledger(2, 2);

	(void)state;
	ledger_fail(ledger, 1, 0);
	assert_true(ledger_failed(ledger, 1, 1));
	assert_false(ledger_failed(ledger, 0, 1));
	ledger_judge(ledger);
	assert_true(ledger_active(ledger, 0));
	assert_false(ledger_active(ledger, 1));
	ledger_free(ledger);
}

static void test_a_retired_path_keeps_what_it_reached(void **state)
{
	struct ledger *ledger = new_ledger(4, 2);

	(void)state;
	for (size_t point = 0; point < 4; point++)
		if (point != 1)
			add_wavering(ledger, point, 12, 0.001);
	add_wavering(ledger, 1, 12, 0.3);
	ledger_judge(ledger);
	assert_true(ledger_active(ledger, 1));
	ledger_retire(ledger, 1);
	ledger_judge(ledger);
	assert_false(ledger_active(ledger, 1));
	assert_true(ledger_reached(ledger, 0, 1));
	assert_false(ledger_reached(ledger, 1, 1));
	assert_false(ledger_failed(ledger, 0, 1));
	ledger_free(ledger);
}

static void test_zero_throughput_is_never_reached(void **state)
{
	struct ledger *ledger = new_ledger(1, 2);

	(void)state;
	for (int i = 0; i < 20; i++)
		add(ledger, 0, 0, 0);
	ledger_judge(ledger);
	assert_true(ledger_active(ledger, 0));
	ledger_free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_on_until_every_cell_is_reached),
		cmocka_unit_test(test_noise_asks_for_more_blocks),
		cmocka_unit_test(test_a_failed_path_does_not_hold_the_point),
		cmocka_unit_test(test_a_failed_reference_fails_the_point),
		cmocka_unit_test(test_a_retired_path_keeps_what_it_reached),
		cmocka_unit_test(test_zero_throughput_is_never_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
