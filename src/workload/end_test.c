/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An end that cannot be made takes nothing along that is not its own; and how
 * long a block may last at most. */
#include "workload/end.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

#define LANES 8

/* The lowest number that is free. */
static int next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

/* Descriptors run out half way: standard input stays open. */
static void test_out_of_descriptors(void **state)
{
	struct rlimit before, tight;
	struct err err = ERR_INIT;
	struct point point;
	struct end end;
	int rc;

	(void)state;
	point_init(&point);
	point.value[AXIS_FLOWS] = 2 * LANES;
	point.value[AXIS_THREADS] = LANES;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = before;
	tight.rlim_cur = (rlim_t)next_fd() + LANES / 2;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	rc = end_init(&end, &(struct end_args){ .point = &point }, &err);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(rc, -EMFILE);
	end_close(&end, false);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
}

/* What a coordinator may say at most, in sum above what 63 bits hold. */
static void test_longest_block(void **state)
{
	const int64_t week_ns = 7 * 86400 * NS_PER_S;
	const struct block_timing weeks = { week_ns, week_ns, week_ns,
					    week_ns };
	const struct block_timing usual = { .slice_ns = 10 * NS_PER_MS,
					    .patience_ns = NS_PER_S };
	int64_t longest_ns = block_longest_ns(&weeks, 16, 1000000, 16);

	(void)state;
	assert_true(longest_ns > week_ns);
	assert_true(longest_ns < INT64_MAX / 4);
	/* twice 2 warm-ups and 4 slices, of 20 ms beside their own, and 1 s */
	assert_int_equal(block_longest_ns(&usual, 2, 4, 2),
			 NS_PER_S + 2 * (2 * 20 + 4 * 30) * NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_of_descriptors),
		cmocka_unit_test(test_longest_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
