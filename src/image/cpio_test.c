/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/cpio.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* A file of `size` bytes, modified at `when`. */
static void make_file(char path[static 32], size_t size, time_t when)
{
	const struct timespec times[2] = { { when, 0 }, { when, 0 } };
	int fd;

	snprintf(path, 32, "/tmp/vazao-image-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(write(fd, &(char){ (char)(i * 7) }, 1), 1);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void build(struct cpio **image, const char *source)
{
	assert_int_equal(cpio_create(image, NULL), 0);
	assert_int_equal(cpio_add_dir(*image, "dev", NULL), 0);
	assert_int_equal(cpio_add_char_device(*image, "dev/console",
					      makedev(5, 1), NULL),
			 0);
	assert_int_equal(cpio_add_file(*image, "init", 0755, source, NULL), 0);
}

static void test_same_bytes(void **state)
{
	struct cpio *first, *second;
	const void *a, *b;
	size_t a_size, b_size;
	char one[32], other[32];

	(void)state;
	make_file(one, 1001, 1);
	make_file(other, 1001, 1700000000);
	assert_int_equal(chmod(other, 0640), 0);
	assert_int_equal(chown(other, geteuid(), getegid()), 0);
	build(&first, one);
	build(&second, other);
	assert_int_equal(cpio_finish(first, &a, &a_size, NULL), 0);
	assert_int_equal(cpio_finish(second, &b, &b_size, NULL), 0);
	assert_int_equal(a_size, b_size);
	assert_memory_equal(a, b, a_size);
	cpio_free(first);
	cpio_free(second);
	unlink(one);
	unlink(other);
}

/* A reader of its own, by the format's specification. */
struct member {
	uint32_t field[13];
	const char *name, *contents;
};

enum { INODE, MODE, LINKS = 4, MTIME, SIZE, RMAJOR = 9, RMINOR, NAMESIZE };

static size_t read_member(const char *archive, size_t at, struct member *m)
{
	char digits[9] = "";

	assert_int_equal(at % 4, 0);
	assert_memory_equal(archive + at, "070701", 6);
	for (int i = 0; i < 13; i++) {
		memcpy(digits, archive + at + 6 + 8 * i, 8);
		m->field[i] = (uint32_t)strtoul(digits, NULL, 16);
	}
	m->name = archive + at + 110;
	assert_int_equal(strlen(m->name) + 1, m->field[NAMESIZE]);
	at = (at + 110 + m->field[NAMESIZE] + 3) & ~(size_t)3;
	m->contents = archive + at;
	return (at + m->field[SIZE] + 3) & ~(size_t)3;
}

static void test_members(void **state)
{
	struct member m;
	struct cpio *image;
	const void *bytes;
	size_t size, at;
	char source[32];

	(void)state;
	make_file(source, 1001, 1);
	build(&image, source);
	assert_int_equal(cpio_finish(image, &bytes, &size, NULL), 0);
	at = read_member(bytes, 0, &m);
	assert_string_equal(m.name, "dev");
	assert_int_equal(m.field[MODE], 040755);
	at = read_member(bytes, at, &m);
	assert_string_equal(m.name, "dev/console");
	assert_int_equal(m.field[MODE], 020600);
	assert_int_equal(m.field[RMAJOR], 5);
	assert_int_equal(m.field[RMINOR], 1);
	at = read_member(bytes, at, &m);
	assert_string_equal(m.name, "init");
	assert_int_equal(m.field[MODE], 0100755);
	assert_int_equal(m.field[SIZE], 1001);
	for (int i = 0; i < 1001; i++)
		assert_int_equal(m.contents[i], (char)(i * 7));
	at = read_member(bytes, at, &m);
	assert_string_equal(m.name, "TRAILER!!!");
	assert_int_equal(at, size);
	cpio_free(image);
	unlink(source);
}

static void test_memory_file(void **state)
{
	struct cpio *image;
	const void *bytes;
	size_t size;
	char source[32], *copy;
	struct stat st;
	int fd;

	(void)state;
	make_file(source, 70000, 1);
	build(&image, source);
	assert_int_equal(cpio_to_memory_file(image, &fd, NULL), 0);
	assert_int_equal(cpio_finish(image, &bytes, &size, NULL), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, size);
	copy = malloc(size);
	assert_int_equal(pread(fd, copy, size, 0), size);
	assert_memory_equal(copy, bytes, size);
	free(copy);
	close(fd);
	cpio_free(image);
	unlink(source);
}

static void test_refusals(void **state)
{
	struct err err = ERR_INIT;
	struct cpio *image;
	const void *bytes;
	size_t size;

	(void)state;
	assert_int_equal(cpio_create(&image, &err), 0);
	assert_int_equal(cpio_add_file(image, "init", 0755, "/no/such", &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "/no/such"));
	/* and it stays so */
	assert_int_equal(cpio_add_dir(image, "dev", &err), -ENOENT);
	assert_int_equal(cpio_finish(image, &bytes, &size, &err), -ENOENT);
	cpio_free(image);

	assert_int_equal(cpio_create(&image, &err), 0);
	assert_int_equal(cpio_add_dir(image, "/dev", &err), -EINVAL);
	cpio_free(image);

	assert_int_equal(cpio_create(&image, &err), 0);
	assert_int_equal(cpio_add_file(image, "x", 0644, "/tmp", &err),
			 -EINVAL);
	cpio_free(image);

	assert_int_equal(cpio_create(&image, &err), 0);
	assert_int_equal(cpio_finish(image, &bytes, &size, &err), 0);
	assert_int_equal(cpio_add_dir(image, "dev", &err), -EINVAL);
	assert_non_null(strstr(err.text, "finished"));
	cpio_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_memory_file),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
