/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Handshakes that lie, descriptors that are weapons, and what is left of a
 * front's grants and memory: netback refuses with a reason and lives.
 */
#include "netback_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

static int open_world(void **state)
{
	struct netback_args args = NETBACK_ARGS_INIT;

	args.handshake_ns = 500 * NS_PER_MS; /* 10 s, shortened */
	return bed_world_open(state, &args);
}

static void no_grant_is_kept_after_the_end(void **state)
{
	struct bed_world *w = *state;

	for (int mode = 0; mode < NETIF_MODES; mode++) {
		struct script s;

		script_open(&s, &w->bed, (enum netif_mode)mode);
		script_put_keys(&s, (enum netif_mode)mode);
		xenbus_put(s.bus, "feature-persistent", "1");
		assert_int_equal(script_connect(&s), 0);
		assert_true(script_works(&s));
		assert_int_equal(grant_revoke(&s.grants, SCRIPT_TX_REF(0)),
				 -EBUSY); /* as persistent means */
		xenbus_send(s.bus, XENBUS_CLOSING, NULL);
		assert_true(script_is_closed(&s, "the front closes"));
		for (uint32_t ref = GRANT_RESERVED;
		     ref < SCRIPT_REF(SCRIPT_FIRST_RX); ref++)
			assert_int_equal(grant_revoke(&s.grants, ref), 0);
		script_close(&s);
	}
}

/* One key wrong: refused with a reason. */
static void handshakes_that_lie(void **state)
{
	static const struct {
		const char *key, *value, *why;
	} lie[] = {
		{ "request-rx-copy", "0", "request-rx-copy" },
		{ "rx-mode", "teleport", "teleport" },
		{ "tx-ring-ref", "400", "tx-ring-ref" },
		{ "tx-ring-ref", "11", "tx-ring-ref" }, /* a page of tx */
		{ "rx-ring-ref", "-1", "rx-ring-ref" },
		{ "rx-ring-ref", "4294967296", "rx-ring-ref" },
		{ "ring-pages", "3", "ring-pages" },
		{ "ring-pages", "32", "ring-pages" },
		{ "ring-pages", "2", "tx-ring-ref0" },
		{ "multi-queue-num-queues", "9", "multi-queue-num-queues" },
		{ "multi-queue-num-queues", "2", "queue-0/tx-ring-ref" },
		{ "grant-table-pages", "4", "grant table beyond" },
		{ "grant-table-pages", "0", "grant-table-pages" },
		{ "memory-tx-frames", "33", "memory-tx" },
		{ "memory-rx-frames", "70000", "memory-rx-frames" },
		{ "memory-control-frames", "0", "memory-control-frames" },
		{ "memory-tx", "5", "memory-tx" },
		{ "event-channel/to-back", "7", "event-channel/to-back" },
		{ "feature-split-event-channels", "1", "event-channel-tx" },
	};
	struct bed_world *w = *state;

	for (size_t i = 0; i < sizeof(lie) / sizeof(lie[0]); i++) {
		struct script s;

		script_open(&s, &w->bed, NETIF_COPY);
		script_put_keys(&s, NETIF_COPY);
		xenbus_put(s.bus, lie[i].key, "%s", lie[i].value);
		assert_int_equal(script_connect(&s), -ECONNABORTED);
		assert_true(script_is_closed(&s, lie[i].why));
		script_close(&s);
		assert_true(script_works(&w->good));
	}
}

static void descriptors_that_are_weapons(void **state)
{
	struct bed_world *w = *state;

	for (int i = 0; i < 3; i++) {
		static const char *const why[] = { "not sealed", "is no memfd",
						   "not two pipes" };
		struct script s;
		int fd;

		script_open(&s, &w->bed, NETIF_COPY);
		script_put_keys(&s, NETIF_COPY);
		fd = i == 0   ? memfd_create("cut", 0)
		     : i == 1 ? open("/dev/zero", O_RDWR)
			      : eventfd(0, 0);
		if (i == 0)
			assert_int_equal(ftruncate(fd, 64 * 4096), 0);
		xenbus_put_fd(s.bus,
			      i < 2 ? "memory-rx" : "event-channel/to-front",
			      fd);
		assert_int_equal(script_connect(&s), -ECONNABORTED);
		assert_true(script_is_closed(&s, why[i]));
		script_close(&s);
		close(fd);
	}
}

/* Punching a hole under the seals is allowed, and reads as zeroes. */
static void memory_punched_away(void **state)
{
	struct bed_world *w = *state;
	struct script s;

	script_start(&s, &w->bed, NETIF_COPY);
	for (int i = 0; i < 30; i++)
		script_post(&s, SCRIPT_RX_REF(i));
	script_push_rx(&s);
	assert_int_equal(fallocate(s.rx_memory.fd,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   0, 64 * 4096),
			 0);
	assert_true(script_works(&s));
	fallocate(s.control.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		  3 * 4096);
	evtchn_notify(&s.channel);
	clock_sleep_ns(5 * NS_PER_MS);
	script_close(&s);
}

/* Who does not come to the point is sent away; who is connected is not. */
static void a_handshake_that_never_ends(void **state)
{
	struct bed_world *w = *state;
	struct script s;

	script_open(&s, &w->bed, NETIF_COPY);
	xenbus_send(s.bus, XENBUS_INITIALISED, NULL);
	assert_true(script_is_closed(&s, "no handshake in time"));
	script_close(&s);
	assert_true(script_works(&w->good));
}

static void states_that_are_wrong(void **state)
{
	static const struct {
		enum xenbus_state state;
		const char *why;
	} wrong[] = {
		{ XENBUS_INIT_WAIT, "goes into state 2" },
		{ XENBUS_RECONFIGURING, "goes into state 7" },
		{ XENBUS_RECONFIGURED, "goes into state 8" },
		{ XENBUS_CLOSING, "the front closes" },
	};
	struct bed_world *w = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		for (int connected = 0; connected < 2; connected++) {
			struct script s;

			if (connected)
				script_start(&s, &w->bed, NETIF_COPY);
			else
				script_open(&s, &w->bed, NETIF_COPY);
			xenbus_send(s.bus, wrong[i].state, NULL);
			assert_true(script_is_closed(&s, wrong[i].why));
			script_close(&s);
		}
	assert_true(script_works(&w->good));
}

/* Nothing is left of those that came and went: descriptors, domains. */
static void no_descriptor_is_left(void **state)
{
	struct bed_world *w = *state;
	int before = bed_count_fds(&w->bed), after;

	for (int i = 0; i < 40; i++) {
		struct script s;

		script_open(&s, &w->bed, (enum netif_mode)(i % NETIF_MODES));
		script_put_keys(&s, (enum netif_mode)(i % NETIF_MODES));
		if (i % 3 == 0)
			xenbus_put(s.bus, "ring-pages", "3");
		script_connect(&s);
		script_close(&s);
	}
	/* interfaces take the kernel a while */
	for (int i = 0; i < 100 && bed_count_fds(&w->bed) > before; i++)
		clock_sleep_ns(50 * NS_PER_MS);
	after = bed_count_fds(&w->bed);
	assert_int_equal(after, before);
}

/* Three may come at once, then one in 300 ms. */
static void who_comes_too_often_waits(void **state)
{
	struct netback_args args = NETBACK_ARGS_INIT;
	struct bed bed = { .paced = true };
	int64_t start_ns, end_ns;
	struct script s;

	(void)state;
	args.arrivals = 3;
	args.arrival_ns = 300 * NS_PER_MS;
	bed_start(&bed, &args);
	start_ns = clock_mono_ns();
	for (int i = 0; i < 5; i++) {
		script_open(&s, &bed, NETIF_COPY);
		script_close(&s);
	}
	end_ns = clock_mono_ns();
	assert_true(end_ns - start_ns >= 590 * NS_PER_MS);
	assert_true(bed_stop(&bed));
}

static int run(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, open_world, bed_world_close)
	const struct CMUnitTest tests[] = {
		T(no_grant_is_kept_after_the_end),
		T(handshakes_that_lie),
		T(descriptors_that_are_weapons),
		T(memory_punched_away),
		T(a_handshake_that_never_ends),
		T(states_that_are_wrong),
		T(no_descriptor_is_left),
		cmocka_unit_test(who_comes_too_often_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return netback_bed_main(run);
}
