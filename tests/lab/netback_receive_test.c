/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile guest on the receiving side: it posts no room, or pages that are
 * not its own, and looks for other guests' data in the pages it gets back.
 */
#include "netback_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

/* Xen's 10 s and 60 s, shortened. */
#define DRAIN_NS (400 * NS_PER_MS)
#define STALL_NS (1200 * NS_PER_MS)

static int open_world(void **state)
{
	struct netback_args args = NETBACK_ARGS_INIT;

	args.drain_ns = DRAIN_NS;
	args.stall_ns = STALL_NS;
	return bed_world_open(state, &args);
}

static int64_t count(const struct bed_world *w, const struct script *s,
		     const char *name)
{
	return bed_count(&w->bed, s->vif, name);
}

/* XSA-392, -424: nobody takes what comes; the queue is bounded. */
static void guest_posts_no_room(void **state)
{
	struct bed_world *w = *state;
	struct script s;

	script_start(&s, &w->bed, NETIF_COPY);
	script_send_frames(&s, 40000);
	assert_true(script_works(&w->good));
	assert_true(script_works(&s)); /* sending does not hang on it */
	script_close(&s);
}

/* Waits until the guest has so many answers to RX requests; how many it has. */
static int await_answers(struct script *s, int wanted)
{
	int64_t end_ns = clock_mono_ns() + BED_PATIENCE_NS;

	while (ring_front_pending(&s->rx) < wanted && clock_mono_ns() < end_ns)
		clock_sleep_ns(100 * NS_PER_US);
	return ring_front_pending(&s->rx);
}

static void post_room(struct script *s, int first, int pages)
{
	for (int i = first; i < first + pages; i++)
		script_post(s, SCRIPT_RX_REF(i));
	script_push_rx(s);
}

/* It is looked at each second at least. */
static int64_t await_drops(const struct bed_world *w, const struct script *s,
			   int64_t wanted)
{
	for (int i = 0; count(w, s, "rx_dropped") < wanted && i < 300; i++)
		clock_sleep_ns(50 * NS_PER_MS);
	return count(w, s, "rx_dropped");
}

/* Frames wait for DRAIN_NS, then they are dropped and counted. */
static void frames_are_kept_and_then_drained(void **state)
{
	struct bed_world *w = *state;
	struct script s;
	int64_t start_ns;

	script_start(&s, &w->bed, NETIF_COPY);
	start_ns = clock_mono_ns();
	script_send_frames(&s, 20);
	clock_sleep_ns(DRAIN_NS / 2);
	if (clock_mono_ns() - start_ns < DRAIN_NS) { /* a quick machine */
		assert_int_equal(count(w, &s, "rx_dropped"), 0);
		assert_int_equal(count(w, &s, "rx_ring_full"), 1);
	}
	assert_int_equal(await_drops(w, &s, 20), 20);
	assert_true(clock_mono_ns() - start_ns >= DRAIN_NS);
	script_send_frames(&s, 5);
	assert_int_equal(await_drops(w, &s, 25), 25);
	/* room: frames from now on come, those dropped do not */
	post_room(&s, 0, 30);
	script_send_frames(&s, 3);
	assert_int_equal(await_answers(&s, 3), 3);
	assert_int_equal(count(w, &s, "rx_frames"), 3);
	script_close(&s);
}

/* A guest that is only slow loses nothing. */
static void a_late_guest_gets_what_waited(void **state)
{
	struct bed_world *w = *state;
	struct script s;

	script_start(&s, &w->bed, NETIF_COPY);
	script_send_frames(&s, 12);
	clock_sleep_ns(DRAIN_NS / 4);
	post_room(&s, 0, 30);
	assert_int_equal(await_answers(&s, 12), 12);
	script_close(&s);
}

/* The link goes down, so that the bridge stops, and comes up again. */
static void a_stalled_guest_loses_its_link(void **state)
{
	struct bed_world *w = *state;
	struct script s;
	int64_t start_ns;

	script_start(&s, &w->bed, NETIF_COPY);
	start_ns = clock_mono_ns();
	script_send_frames(&s, 1);
	clock_sleep_ns(DRAIN_NS);
	assert_true(script_is_running(&s));
	for (int i = 0; script_is_running(&s) && i < 300; i++) {
		script_send_frames(&s, 1);
		clock_sleep_ns(50 * NS_PER_MS);
	}
	assert_true(clock_mono_ns() - start_ns >= STALL_NS);
	assert_false(script_is_running(&s));
	assert_true(script_is_running(&w->good));
	assert_true(script_works(&s)); /* it may send */
	post_room(&s, 0, 40);
	for (int i = 0; !script_is_running(&s) && i < 300; i++)
		clock_sleep_ns(50 * NS_PER_MS);
	assert_true(script_is_running(&s));
	script_send_frames(&s, 4);
	assert_int_equal(await_answers(&s, 4), 4);
	script_close(&s);
}

/* XSA-396, -403: one guest's frames must not be seen by another, in no page
 * that it gets back, nor behind a short frame's end. */
static bool has_secret(const struct memory *memory)
{
	static const uint8_t secret[8] = "vazao-1\n";

	return memmem(memory->base, (size_t)memory->frames * XEN_PAGE_SIZE,
		      secret, sizeof(secret)) != NULL;
}

static void no_page_has_anothers_data(void **state)
{
	struct bed_world *w = *state;

	for (int mode = 0; mode < NETIF_MODES; mode++) {
		struct script a, b;
		static uint8_t frame[1500];

		memset(frame, 0xff, 6);
		for (int i = 14; i + 8 < 1500; i += 8)
			memcpy(frame + i, "vazao-1\n", 8);
		script_start(&a, &w->bed, (enum netif_mode)mode);
		post_room(&a, 0, 30);
		script_send_frame(&a, frame, sizeof(frame), 10);
		assert_int_equal(await_answers(&a, 10), 10);
		assert_true(has_secret(&a.rx_memory)); /* it is found at all */
		script_start(&b, &w->bed, (enum netif_mode)mode);
		post_room(&b, 0, 30);
		script_send_frames(&b, 10); /* of 60 bytes */
		assert_int_equal(await_answers(&b, 10), 10);
		assert_false(has_secret(&b.rx_memory));
		script_close(&a);
		script_close(&b);
	}
}

/* Behind a frame's end is what the guest had there (copies). */
static void page_slack_is_left_alone(void **state)
{
	static const enum netif_mode modes[] = { NETIF_COPY, NETIF_GRANT_COPY };
	struct bed_world *w = *state;

	for (int mode = 0; mode < 2; mode++) {
		struct script s;

		script_start(&s, &w->bed, modes[mode]);
		memset(s.rx_memory.base, 0xa5,
		       SCRIPT_RX_FRAMES * XEN_PAGE_SIZE);
		post_room(&s, 0, 30);
		script_send_frames(&s, 3);
		assert_int_equal(await_answers(&s, 3), 3);
		for (int page = 0; page < SCRIPT_RX_FRAMES; page++)
			for (int i = page < 3 ? 60 : 0; i < XEN_PAGE_SIZE; i++)
				assert_int_equal(memory_page(&s.rx_memory,
							     (uint32_t)page)[i],
						 0xa5);
		script_close(&s);
	}
}

/* A page that is the back's, or nobody's, offered for a flip. */
static void flip_of_a_page_not_owned(void **state)
{
	static const uint32_t frames[] = { SCRIPT_FIRST_RX + 40,
					   SCRIPT_FIRST_TX, 0, 5000,
					   UINT32_MAX };
	struct bed_world *w = *state;

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct script s;

		script_start(&s, &w->bed, NETIF_FLIP_INDEX);
		grant_offer(&s.grants, SCRIPT_RX_REF(0), frames[i]);
		for (int n = 0; n < 20; n++)
			script_post(&s, SCRIPT_RX_REF(n));
		script_push_rx(&s);
		script_send_frames(&s, 1);
		assert_true(script_is_closed(&s, "is not the guest's"));
		script_close(&s);
	}
}

/* Grants of RX pages that do not hold: errors, in order, then frames again. */
static void bad_rx_grants(void **state)
{
	struct bed_world *w = *state;
	struct netif_rx_response rsp;
	struct script s;
	int bad = 0, good = 0;

	script_start(&s, &w->bed, NETIF_COPY);
	for (int i = 0; i < 60; i++)
		script_post(&s, i % 3 ? SCRIPT_RX_REF(i) : 400u + (uint32_t)i);
	script_push_rx(&s);
	script_send_frames(&s, 20);
	for (int i = 0; i < 20; i++) {
		int64_t end_ns = clock_mono_ns() + BED_PATIENCE_NS;

		while (ring_front_pending(&s.rx) <= 0 &&
		       clock_mono_ns() < end_ns)
			clock_sleep_ns(100 * NS_PER_US);
		assert_true(ring_front_pending(&s.rx) > 0);
		ring_front_get(&s.rx, &rsp, sizeof(rsp));
		assert_int_equal(rsp.id, i);
		assert_int_equal(rsp.status < 0, i % 3 == 0);
		bad += rsp.status < 0;
		good += rsp.status == 60;
	}
	assert_int_equal(bad, 7);
	assert_int_equal(good, 13);
	script_close(&s);
}

static int run(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, open_world, bed_world_close)
	const struct CMUnitTest tests[] = {
		T(guest_posts_no_room),
		T(frames_are_kept_and_then_drained),
		T(a_late_guest_gets_what_waited),
		T(a_stalled_guest_loses_its_link),
		T(no_page_has_anothers_data),
		T(page_slack_is_left_alone),
		T(flip_of_a_page_not_owned),
		T(bad_rx_grants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return netback_bed_main(run);
}
