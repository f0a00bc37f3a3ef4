/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/modules.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* As depmod writes it: what stands last is needed first. */
static const char dep[] =
	"kernel/net/802/stp.ko: kernel/net/llc/llc.ko\n"
	"kernel/net/bridge/bridge.ko: kernel/net/802/stp.ko "
	"kernel/net/llc/llc.ko\n"
	"kernel/net/llc/llc.ko:\n"
	"kernel/drivers/net/net_failover.ko: kernel/net/core/failover.ko\n"
	"kernel/net/core/failover.ko:\n"
	"kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko "
	"kernel/net/core/failover.ko";
static const char builtin[] = "kernel/drivers/virtio/virtio.ko\n"
			      "kernel/fs/ext4/ext4.ko\n";

static void close_over(const char *const *names, struct modules *modules)
{
	assert_int_equal(modules_close(modules, dep, builtin, names, NULL), 0);
}

static void test_what_is_needed_goes_first(void **state)
{
	const char *const names[] = { "bridge", NULL };
	struct modules m;

	(void)state;
	close_over(names, &m);
	assert_int_equal(m.count, 3);
	assert_string_equal(m.path[0], "kernel/net/llc/llc.ko");
	assert_string_equal(m.path[1], "kernel/net/802/stp.ko");
	assert_string_equal(m.path[2], "kernel/net/bridge/bridge.ko");
	modules_free(&m);
}

static void test_none_twice(void **state)
{
	const char *const names[] = { "stp", "bridge", "llc", "virtio-net",
				      NULL };
	struct modules m;

	(void)state;
	close_over(names, &m);
	assert_int_equal(m.count, 6);
	assert_string_equal(m.path[5], "kernel/drivers/net/virtio_net.ko");
	modules_free(&m);
}

static void test_built_in_is_left_out(void **state)
{
	const char *const names[] = { "virtio", "ext4", NULL };
	struct modules m;

	(void)state;
	close_over(names, &m);
	assert_int_equal(m.count, 0);
	modules_free(&m);
}

static void test_unknown_is_refused(void **state)
{
	/* "net" ends no path's base name, "failover" is not net_failover */
	const char *const names[] = { "failover", "net", NULL };
	struct err err = ERR_INIT;
	struct modules m;

	(void)state;
	assert_int_equal(modules_close(&m, dep, builtin, names, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no module net"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_needed_goes_first),
		cmocka_unit_test(test_none_twice),
		cmocka_unit_test(test_built_in_is_left_out),
		cmocka_unit_test(test_unknown_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
