/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static void two_ends_share(void **state)
{
	struct memory a, b;

	(void)state;
	assert_int_equal(memory_create(&a, "t", 4, MEMORY_SHARED, NULL), 0);
	assert_int_equal(memory_map(&b, dup(a.fd), 4, true, "t", NULL), 0);
	strcpy((char *)memory_page(&b, 3), "hello");
	assert_string_equal((char *)memory_page(&a, 3), "hello");
	/* the front cannot take it away from under the back */
	assert_int_equal(ftruncate(a.fd, 0), -1);
	memory_free(&a);
	assert_string_equal((char *)memory_page(&b, 3), "hello");
	memory_free(&b);
}

/* The kernel, not our good will, keeps the back from writing. */
static void peer_reads_only(void **state)
{
	struct memory a, b;
	char path[64];
	int fd;

	(void)state;
	assert_int_equal(memory_create(&a, "t", 1, MEMORY_PEER_READS, NULL), 0);
	assert_int_equal(memory_map(&b, dup(a.fd), 1, true, "t", NULL), -EPERM);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", a.fd);
	fd = open(path, O_RDWR);
	assert_ptr_equal(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0),
			 MAP_FAILED);
	assert_int_equal(write(fd, "x", 1), -1);
	close(fd);
	assert_int_equal(memory_map(&b, dup(a.fd), 1, false, "t", NULL), 0);
	a.base[0] = 'y';
	assert_int_equal(b.base[0], 'y');
	memory_free(&a);
	memory_free(&b);
}

static void weapons_are_refused(void **state)
{
	struct memory m;
	int fd;

	(void)state;
	fd = memfd_create("unsealed", MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(memory_map(&m, dup(fd), 1, true, "t", NULL), -EPROTO);
	fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
	assert_int_equal(memory_map(&m, dup(fd), 1, true, "t", NULL), -EPROTO);
	fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL);
	assert_int_equal(memory_map(&m, dup(fd), 2, true, "t", NULL), -EPROTO);
	assert_int_equal(memory_map(&m, dup(fd), 0, true, "t", NULL), -EPROTO);
	assert_int_equal(memory_map(&m, dup(fd), 1, true, "t", NULL), 0);
	memory_free(&m);
	close(fd);
	assert_int_equal(
		memory_map(&m, open("/dev/zero", O_RDWR), 1, true, "t", NULL),
		-EPROTO);
	assert_int_equal(memory_map(&m, open("/proc/self/exe", O_RDONLY), 1,
				    false, "t", NULL),
			 -EPROTO);
	/* huge pages run out: a SIGBUS for who touches them */
	fd = memfd_create("huge", MFD_ALLOW_SEALING | MFD_HUGETLB);
	if (fd < 0)
		return;
	assert_int_equal(ftruncate(fd, 2 << 20), 0);
	fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	assert_int_equal(memory_map(&m, fd, 1, true, "t", NULL), -EPROTO);
}

static void reservation_shows_single_pages(void **state)
{
	struct memory pool, window;

	(void)state;
	assert_int_equal(memory_create(&pool, "t", 4, MEMORY_SHARED, NULL), 0);
	assert_int_equal(memory_reserve(&window, 2, NULL), 0);
	assert_int_equal(memory_show(&window, 0, pool.fd, 3), 0);
	memory_page(&pool, 3)[0] = 'a';
	assert_int_equal(memory_page(&window, 0)[0], 'a');
	memory_page(&pool, 1)[0] = 'b';
	assert_int_equal(memory_show(&window, 0, pool.fd, 1), 0);
	assert_int_equal(memory_page(&window, 0)[0], 'b');
	memory_free(&pool);
	memory_free(&window);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_ends_share),
		cmocka_unit_test(peer_reads_only),
		cmocka_unit_test(weapons_are_refused),
		cmocka_unit_test(reservation_shows_single_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
