/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab/steer.h"

static void expect(const int *cpus, size_t count, const char *want)
{
	char mask[512];
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_masks_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
