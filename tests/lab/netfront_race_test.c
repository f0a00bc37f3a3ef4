/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile back with a second thread: responses change while netfront reads
 * them (XSA-155 the other way); and noise instead of responses.
 */
#include "netback_bed.h"
#include "netfront_bed.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"

static const struct netfront_args usual = NETFRONT_ARGS_INIT;

struct against {
	struct back *b;
	atomic_bool runs, stop;
};

/* One RX response, right but for what the test makes wrong. */
static void put(struct back *b, struct netif_rx_response response)
{
	struct netif_rx_request request = back_take_rx(b);

	back_fill_rx(b, request.gref);
	response.id += request.id;
	back_put_rx(b, response);
}

#define REWRITTEN 50

/* Responses' words, rewritten while the front reads them. */
static void *rewrite_slots(void *arg)
{
	struct against *a = arg;
	_Atomic uint32_t *slot = a->b->rx_ring.shared->slot;

	atomic_store(&a->runs, true);
	while (!atomic_load(&a->stop))
		for (uint32_t i = 0; i < REWRITTEN; i++) {
			uint32_t word = slot[2 * i + 1];

			/* flags and status: a page crossed, and back */
			slot[2 * i + 1] = 0x7fff0000;
			slot[2 * i + 1] = word;
		}
	return NULL;
}

static int count_until_all_or_ended(struct back *b)
{
	int64_t end_ns = clock_mono_ns() + 2 * NS_PER_S;
	struct pollfd report = { b->report_fd, POLLIN, 0 };
	int frames = back_count_received(b);

	while (frames < REWRITTEN && clock_mono_ns() < end_ns) {
		int ended = poll(&report, 1, 1);

		frames += back_count_received(b);
		if (ended)
			break;
	}
	return frames;
}

/* XSA-155 the other way: what was judged is what is used. A frame comes as it
 * was meant or ends it all; nothing else. */
static void slots_rewritten_while_read(void **state)
{
	int ended = 0, came = 0, frames;

	(void)state;
	for (int round = 0; round < 40; round++) {
		struct against a = { 0 };
		pthread_t thread;
		struct back b;

		back_start(&b, &usual);
		a.b = &b;
		for (int i = 0; i < REWRITTEN; i++)
			put(&b, (struct netif_rx_response){ .status = 60 });
		assert_int_equal(
			pthread_create(&thread, NULL, rewrite_slots, &a), 0);
		while (!atomic_load(&a.runs))
			;
		back_push(&b);
		frames = count_until_all_or_ended(&b);
		atomic_store(&a.stop, true);
		pthread_join(thread, NULL);
		came += frames;
		if (frames < REWRITTEN) {
			assert_true(back_front_ended(
				&b, "RX: a fragment crosses a page"));
			ended++;
		}
		back_close(&b);
	}
	print_message("%d of 40 ended, %d frames came\n", ended, came);
	assert_true(came > 0 && ended > 0);
}

static uint32_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (uint32_t)(*x >> 16);
}

/* Noise where responses, indices and grants should be. */
static void noise_in_the_rings(void **state)
{
	uint64_t x = 88172645463325252u;

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct netfront_args args = usual;
		struct back b;

		args.mode = (enum netif_mode)(round % 4);
		args.persistent = round % 8 < 4;
		back_start(&b, &args);
		back_make_front_send(&b, 20);
		back_await_tx(&b, 20);
		for (int i = 0; i < 512; i++)
			b.rx_ring.shared->slot[i] =
				next_random(&x) & (i % 2 ? 0x00ff000fu : 255u);
		for (int i = 0; i < 768; i++)
			b.tx_ring.shared->slot[i] = next_random(&x) & 31;
		for (int i = 0; round % 3 == 0 && i < 500; i++)
			b.grant[GRANT_RESERVED + i].head = next_random(&x) & 31;
		b.rx_ring.shared->rsp_prod = next_random(&x) & 255;
		b.tx_ring.shared->rsp_prod = next_random(&x) & 31;
		evtchn_notify(&b.channel);
		clock_sleep_ns(2 * NS_PER_MS);
		if (!back_front_lives(&b)) {
			assert_true(back_front_ended(&b, "netback: "));
		}
		back_close(&b);
	}
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_rewritten_while_read),
		cmocka_unit_test(noise_in_the_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return netback_bed_main(run);
}
