/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 1071 as it is written, a byte at a time. */
static uint16_t plain(const uint8_t *data, size_t bytes)
{
	uint32_t sum = 0;
	uint16_t be;

	for (size_t i = 0; i < bytes; i++)
		sum += i & 1 ? data[i] : data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	be = (uint16_t)~sum;
	return (uint16_t)(be >> 8 | be << 8);
}

/* The example of RFC 1071, section 3. */
static void gives_the_rfcs_example(void **state)
{
	const uint8_t data[] = {
		0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7
	};
	const uint8_t want[] = { 0x22, 0x0d }; /* ~ddf2 */
	uint16_t sum = checksum_fold(checksum_add(0, data, sizeof(data)));

	(void)state;
	assert_memory_equal(&sum, want, 2);
}

static void agrees_with_the_plain_sum_at_any_length(void **state)
{
	uint8_t data[300];

	(void)state;
	srand(1);
	for (size_t bytes = 0; bytes < sizeof(data); bytes++) {
		for (size_t i = 0; i < bytes; i++)
			data[i] = (uint8_t)(rand() % 4 ? 0xff : rand());
		assert_int_equal(checksum_fold(checksum_add(0, data, bytes)),
				 plain(data, bytes));
	}
}

static void sums_pieces_of_odd_length_as_one(void **state)
{
	uint8_t data[200];

	(void)state;
	srand(2);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)rand();
	for (int round = 0; round < 2000; round++) {
		size_t cut[4] = { 0, (size_t)rand() % 70,
				  70 + (size_t)rand() % 70, sizeof(data) };
		size_t start = (size_t)rand() % sizeof(data);
		struct iovec iov[4];

		for (int i = 0; i < 3; i++)
			iov[i] = (struct iovec){ data + cut[i],
						 cut[i + 1] - cut[i] };
		iov[3] = (struct iovec){ data, 0 };
		assert_int_equal(
			checksum_fold(checksum_add_iov(0, iov, 4, start)),
			plain(data + start, sizeof(data) - start));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_rfcs_example),
		cmocka_unit_test(agrees_with_the_plain_sum_at_any_length),
		cmocka_unit_test(sums_pieces_of_odd_length_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
