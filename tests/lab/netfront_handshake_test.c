/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Backs that lie in the handshake, go through the wrong states, or away in the
 * middle: netfront ends at once, with a reason.
 */
#include "netback_bed.h"
#include "netfront_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

static const struct netfront_args usual = NETFRONT_ARGS_INIT;

static void offers_that_lie(void **state)
{
	static const struct {
		const char *key, *value, *why;
	} lie[] = {
		{ "mac", "ff:ff:ff:ff:ff:ff", "mac" },
		{ "mac", "thirteen", "mac" },
		{ "mtu", "67", "mtu" },
		{ "mtu", "65536", "mtu" },
		{ "feature-gso-tcpv4", "2", "feature-gso-tcpv4" },
		{ "feature-gso-tcpv6", "yes", "feature-gso-tcpv6" },
		{ "multi-queue-max-queues", "0", "multi-queue-max-queues" },
		{ "multi-queue-max-queues", "-3", "multi-queue-max-queues" },
		{ "max-ring-pages", "99999999999999999999", "max-ring-pages" },
		{ "max-ring-pages", "0", "max-ring-pages" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lie) / sizeof(lie[0]); i++) {
		struct back b;

		back_open(&b, &usual);
		back_put_offer(&b);
		xenbus_put(b.bus, lie[i].key, "%s", lie[i].value);
		assert_int_not_equal(back_take_front(&b), 0);
		assert_true(back_front_ended(&b, lie[i].why));
		back_close(&b);
	}
}

static void states_that_are_wrong(void **state)
{
	static const struct {
		enum xenbus_state first;
		const char *why;
	} wrong[] = {
		{ XENBUS_CLOSING, "closed: no reason" },
		{ XENBUS_CLOSED, "closed: no reason" },
		{ XENBUS_CONNECTED, "goes into state 4" },
		{ XENBUS_RECONFIGURED, "goes into state 8" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct back b;

		back_open(&b, &usual);
		xenbus_send(b.bus, wrong[i].first, NULL);
		assert_true(back_front_ended(&b, wrong[i].why));
		back_close(&b);
	}
}

/* In the middle: the front has handed everything over. */
static void a_back_that_goes_in_mid_handshake(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		static const char *const why[] = { "is gone", "wrong form",
						   "goes into state 8" };
		struct back b;

		back_open(&b, &usual);
		back_put_offer(&b);
		assert_int_equal(back_take_front(&b), 0);
		if (i == 0) {
			xenbus_close(b.bus);
			b.bus = NULL;
		}
		if (i == 1)
			send(xenbus_fd(b.bus), "A = b\n", 6, 0);
		if (i == 2)
			xenbus_send(b.bus, XENBUS_RECONFIGURED, NULL);
		assert_true(back_front_ended(&b, why[i]));
		back_close(&b);
	}
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offers_that_lie),
		cmocka_unit_test(states_that_are_wrong),
		cmocka_unit_test(a_back_that_goes_in_mid_handshake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return netback_bed_main(run);
}
