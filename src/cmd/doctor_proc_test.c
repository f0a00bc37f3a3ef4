/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/doctor_proc.h"

static void test_load(void **state)
{
	double load;

	(void)state;
	assert_true(proc_parse_load("1.25 0.40 0.10 2/300 4711\n", &load));
	assert_true(load > 1.249 && load < 1.251);
	assert_false(proc_parse_load("", &load));
	assert_false(proc_parse_load("none", &load));
}

static void test_cpu(void **state)
{
	struct proc_cpu_ticks t;

	(void)state;
	assert_true(proc_parse_cpu("cpu  10 1 5 100 4 0 2 8 3 0\ncpu0 1 2 3\n",
				   &t));
	/* guest time (3) is part of user time and not counted twice */
	assert_int_equal(t.total, 130);
	assert_int_equal(t.idle, 104);
	assert_int_equal(t.steal, 8);
	assert_true(proc_parse_cpu("cpu  1 2 3 4\n", &t));
	assert_int_equal(t.steal, 0);
	assert_false(proc_parse_cpu("cpu0 10 1 5 100 4 0 2 8 3 0\n", &t));
	assert_false(proc_parse_cpu("cpu  1 2 3\n", &t));
}

static void test_steal(void **state)
{
	struct proc_cpu_ticks a = { .total = 1000, .steal = 10 };
	struct proc_cpu_ticks b = { .total = 1200, .steal = 15 };
	double percent = proc_steal_percent(&a, &b);

	(void)state;
	assert_true(percent > 2.499 && percent < 2.501);
	assert_true(proc_steal_percent(&a, &a) == 0);
	assert_true(proc_steal_percent(&b, &a) == 0); /* counters set back */
}

static void test_task(void **state)
{
	struct proc_task t;

	(void)state;
	assert_true(proc_parse_task("42 (a (b) c) R 7 42 42 0 -1 4194304 100 "
				    "0 0 0 30 12 0 0 20 0 1 0 100 0 0",
				    &t));
	assert_int_equal(t.pid, 42);
	assert_int_equal(t.parent, 7);
	assert_string_equal(t.name, "a (b) c");
	assert_int_equal(t.ticks, 42);
	assert_false(proc_parse_task("42 (cut", &t));
	assert_false(proc_parse_task("42 ) ( R 7", &t));
	assert_false(proc_parse_task("42 (short) R 7 42 42 0", &t));
	assert_false(proc_parse_task("", &t));
}

static void test_available(void **state)
{
	int64_t bytes;

	(void)state;
	assert_true(proc_parse_available("MemTotal:  100 kB\n"
					 "MemAvailable:   64 kB\n",
					 &bytes));
	assert_int_equal(bytes, 65536);
	assert_false(proc_parse_available("MemTotal: 100 kB\n", &bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),	  cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_steal),	  cmocka_unit_test(test_task),
		cmocka_unit_test(test_available),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
