/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/steer.h"

static void expect(const int *cpus, size_t count, const char *want)
{
	char mask[STEER_MASK_MAX];
	cpu_set_t set;

	CPU_ZERO(&set);
	for (size_t i = 0; i < count; i++)
		CPU_SET(cpus[i], &set);
	steer_format_mask(&set, mask, sizeof(mask));
	assert_string_equal(mask, want);
}

/* As the kernel writes /sys/class/net/.../rps_cpus: words of 32, commas
 * between, the highest first. */
static void test_masks_are_the_kernels(void **state)
{
	const int few[] = { 1 }, some[] = { 0, 1, 5 }, far[] = { 32, 35, 63 };
	const int both[] = { 4, 31, 64 };

	(void)state;
	expect(few, 1, "2");
	expect(some, 3, "23");
	expect(far, 3, "80000009,00000000");
	expect(both, 3, "1,00000000,80000010");
	expect(NULL, 0, "0");
}

/* 64 bytes, which it was given once, hold 7 words: the highest CPUs of a
 * machine of 256 would have been taken for the lowest. */
static void test_every_cpu_has_room(void **state)
{
	char mask[STEER_MASK_MAX];
	cpu_set_t all;

	(void)state;
	CPU_ZERO(&all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		CPU_SET(cpu, &all);
	steer_format_mask(&all, mask, sizeof(mask));
	assert_int_equal(strlen(mask), sizeof(mask) - 1);
	assert_int_equal(strspn(mask, "f,"), sizeof(mask) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_masks_are_the_kernels),
		cmocka_unit_test(test_every_cpu_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
