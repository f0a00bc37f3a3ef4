/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A bzImage of two boot sectors, whose payload is 16 bytes behind them. */
#define PAYLOAD_AT (3 * 512 + 16)

struct bed {
	char dir[32], image[64], to[64];
	unsigned char bytes[4096];
	size_t size;
};

static void put_u32(struct bed *bed, size_t at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bed->bytes[at + (size_t)i] = (unsigned char)(value >> (8 * i));
}

/* What the shell makes of `command`, as the payload. */
static void set_payload(struct bed *bed, const char *command)
{
	FILE *in = popen(command, "r");

	assert_non_null(in);
	bed->size = PAYLOAD_AT + fread(bed->bytes + PAYLOAD_AT, 1,
				       sizeof(bed->bytes) - PAYLOAD_AT, in);
	assert_int_equal(pclose(in), 0);
	put_u32(bed, 0x24c, (uint32_t)(bed->size - PAYLOAD_AT));
}

static int set_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	strcpy(bed->dir, "/tmp/vazao-test-XXXXXX");
	assert_non_null(mkdtemp(bed->dir));
	snprintf(bed->image, sizeof(bed->image), "%s/image", bed->dir);
	snprintf(bed->to, sizeof(bed->to), "%s/elf", bed->dir);
	bed->bytes[0x1f1] = 2;
	memcpy(bed->bytes + 0x202, "HdrS", 4);
	put_u32(bed, 0x206, 0x020f);
	put_u32(bed, 0x248, 16);
	set_payload(bed, "printf '\\177ELF and so on' | gzip -n");
	*state = bed;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", bed->dir);
	assert_int_equal(system(command), 0);
	free(bed);
	return 0;
}

static int unpack(struct bed *bed, struct err *err)
{
	FILE *out = fopen(bed->image, "we");

	assert_non_null(out);
	assert_int_equal(fwrite(bed->bytes, 1, bed->size, out), bed->size);
	assert_int_equal(fclose(out), 0);
	return kernel_unpack(bed->image, bed->dir, bed->to, err);
}

static void check_is_unpacked(const struct bed *bed)
{
	char text[32] = "";
	FILE *in = fopen(bed->to, "re");

	assert_non_null(in);
	assert_non_null(fgets(text, sizeof(text), in));
	fclose(in);
	assert_string_equal(text, "\177ELF and so on");
}

static void test_what_is_packed_comes_out(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(unpack(bed, NULL), 0);
	check_is_unpacked(bed);
}

/* As the kernel's build does for all but gzip. */
static void test_the_size_behind_it_is_left_out(void **state)
{
	struct bed *bed = *state;

	if (system("xz --version >/dev/null 2>&1"))
		skip();
	set_payload(bed, "printf '\\177ELF and so on' | xz --check=crc32;"
			 "printf '\\016\\000\\000\\000'");
	assert_int_equal(unpack(bed, NULL), 0);
	check_is_unpacked(bed);
}

static void refuse(struct bed *bed, const char *why)
{
	struct err err = ERR_INIT;

	assert_int_equal(unpack(bed, &err), -EINVAL);
	if (!strstr(err.text, why))
		fail_msg("'%s' lacks '%s'", err.text, why);
}

static void test_what_is_no_kernel_is_refused(void **state)
{
	struct bed *bed = *state;
	size_t size = bed->size;

	bed->size = 100;
	refuse(bed, "no kernel for x86");
	bed->size = size;
	put_u32(bed, 0x206, 0x0207);
	refuse(bed, "2.08 or later");
	put_u32(bed, 0x206, 0x020f);
	bed->bytes[0x203] = 'x';
	refuse(bed, "no kernel for x86");
}

static void test_a_payload_that_is_none_is_refused(void **state)
{
	struct bed *bed = *state;

	put_u32(bed, 0x24c, 1);
	refuse(bed, "packed in a way");
	put_u32(bed, 0x24c, UINT32_MAX);
	refuse(bed, "cut off");
	put_u32(bed, 0x248, UINT32_MAX);
	refuse(bed, "packed in a way");
	put_u32(bed, 0x248, 16);
	set_payload(bed, "printf 'a script' | gzip -n");
	refuse(bed, "no ELF file");
	bed->bytes[PAYLOAD_AT] = 'x';
	refuse(bed, "packed in a way");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_packed_comes_out,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_the_size_behind_it_is_left_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_is_no_kernel_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_payload_that_is_none_is_refused, set_up,
			tear_down),
	};

	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
