/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/ring.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xen/netif.h"

#define TX NETIF_TX_SLOT_BYTES
#define RX NETIF_RX_SLOT_BYTES

struct pair {
	struct ring_shared *shared;
	struct ring_front front;
	struct ring_back back;
};

static void pair_open(struct pair *pair, uint32_t pages, uint32_t slot)
{
	pair->shared = aligned_alloc(RING_PAGE_BYTES, pages * RING_PAGE_BYTES);
	assert_non_null(pair->shared);
	ring_init(pair->shared, pages);
	ring_front_attach(&pair->front, pair->shared, pages, slot);
	ring_back_attach(&pair->back, pair->shared, pages, slot);
}

/* Both ends as if `index` requests had gone through already. */
static void pair_advance(struct pair *pair, uint32_t index)
{
	pair->shared->req_prod = pair->shared->rsp_prod = index;
	pair->shared->req_event = pair->shared->rsp_event = index + 1;
	pair->front.req_prod_pvt = pair->front.rsp_cons = index;
	pair->back.rsp_prod_pvt = pair->back.req_cons = index;
}

static void slots_fit_the_pages(void **state)
{
	(void)state;
	assert_int_equal(ring_slots(1, TX), 256);
	assert_int_equal(ring_slots(1, RX), 256);
	assert_int_equal(ring_slots(2, TX), 512);
	assert_int_equal(ring_slots(16, RX), 4096);
	assert_int_equal(ring_slots(1, 4032), 1);
	assert_int_equal(ring_slots(1, 4036), 0);
	assert_int_equal(ring_slots(0, TX), 0);
	assert_int_equal(ring_slots(17, TX), 0);
	assert_int_equal(ring_slots(1, 10), 0);
}

static void layout_is_xens(void **state)
{
	struct pair pair;
	uint32_t request[3] = { 1, 2, 3 };
	const uint32_t *raw;

	(void)state;
	pair_open(&pair, 1, TX);
	raw = (const uint32_t *)pair.shared;
	assert_int_equal(raw[0], 0);
	assert_int_equal(raw[1], 1);
	assert_int_equal(raw[2], 0);
	assert_int_equal(raw[3], 1);
	ring_front_put(&pair.front, request, TX);
	ring_front_put(&pair.front, request, TX);
	assert_int_equal(raw[0], 0); /* put is not push */
	ring_front_push(&pair.front);
	assert_int_equal(raw[0], 2);
	assert_memory_equal(raw + 16 + 3, request, TX);
	free(pair.shared);
}

/* Fills, answers and empties at every offset of a u32 wrapping round. */
static void indices_wrap(void **state)
{
	struct pair pair;

	(void)state;
	pair_open(&pair, 1, RX);
	pair_advance(&pair, UINT32_MAX - 300);
	for (uint32_t i = 0; i < 3; i++) {
		for (uint32_t n = 0; n < 256; n++) {
			uint32_t request[2] = { n, i };

			assert_int_equal(ring_front_room(&pair.front), 256 - n);
			ring_front_put(&pair.front, request, RX);
		}
		assert_int_equal(ring_front_room(&pair.front), 0);
		assert_int_equal(ring_back_pending(&pair.back), 0);
		ring_front_push(&pair.front);
		assert_int_equal(ring_back_pending(&pair.back), 256);
		for (uint32_t n = 0; n < 256; n++) {
			uint32_t got[2];

			ring_back_get(&pair.back, got, RX);
			assert_int_equal(got[0], n);
			assert_int_equal(got[1], i);
			ring_back_put(&pair.back, got, RX);
		}
		assert_int_equal(ring_front_pending(&pair.front), 0);
		ring_back_push(&pair.back);
		assert_int_equal(ring_front_pending(&pair.front), 256);
		for (uint32_t n = 0; n < 256; n++) {
			uint32_t got[2];

			ring_front_get(&pair.front, got, RX);
			assert_int_equal(got[0], n);
		}
	}
	free(pair.shared);
}

static void event_says_when_to_notify(void **state)
{
	struct pair pair;
	uint32_t request[3] = { 0 };

	(void)state;
	pair_open(&pair, 1, TX);
	pair_advance(&pair, UINT32_MAX - 2);
	assert_false(ring_front_push(&pair.front)); /* nothing new */
	assert_false(ring_back_arm(&pair.back, 4));
	for (int i = 1; i <= 8; i++) {
		ring_front_put(&pair.front, request, TX);
		assert_int_equal(ring_front_push(&pair.front), i == 4);
	}
	/* a push that jumps over the event */
	while (ring_back_pending(&pair.back))
		ring_back_get(&pair.back, request, TX);
	assert_false(ring_back_arm(&pair.back, 2));
	for (int i = 0; i < 5; i++)
		ring_front_put(&pair.front, request, TX);
	assert_true(ring_front_push(&pair.front));
	free(pair.shared);
}

static void arm_looks_again(void **state)
{
	struct pair pair;
	uint32_t request[3] = { 0 };

	(void)state;
	pair_open(&pair, 1, TX);
	assert_false(ring_back_arm(&pair.back, 1));
	ring_front_put(&pair.front, request, TX);
	assert_true(ring_front_push(&pair.front));
	assert_true(ring_back_arm(&pair.back, 1));
	assert_false(ring_back_arm(&pair.back, 2));
	ring_back_get(&pair.back, request, TX);
	assert_false(ring_back_arm(&pair.back, 1));
	ring_back_put(&pair.back, request, 4);
	assert_true(ring_back_push(&pair.back)); /* rsp_event is 1 at first */
	assert_true(ring_front_arm(&pair.front, 1));
	ring_front_get(&pair.front, request, 4);
	assert_false(ring_front_arm(&pair.front, 1));
	free(pair.shared);
}

/* A front that claims more requests than the ring holds. */
static void back_refuses_garbage_producer(void **state)
{
	static const uint32_t lies[] = { 257, 1000, 0x80000000, UINT32_MAX };
	struct pair pair;
	uint32_t request[3];

	(void)state;
	pair_open(&pair, 1, TX);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		pair.shared->req_prod = lies[i];
		assert_int_equal(ring_back_pending(&pair.back), -EPROTO);
	}
	pair.shared->req_prod = 256;
	assert_int_equal(ring_back_pending(&pair.back), 256);
	/* taken but unanswered: no room for one more */
	for (int i = 0; i < 256; i++)
		ring_back_get(&pair.back, request, TX);
	pair.shared->req_prod = 257;
	assert_int_equal(ring_back_pending(&pair.back), -EPROTO);
	ring_back_put(&pair.back, request, 4);
	assert_int_equal(ring_back_pending(&pair.back), 1);
	/* a producer that goes back */
	pair.shared->req_prod = 255;
	assert_int_equal(ring_back_pending(&pair.back), -EPROTO);
	free(pair.shared);
}

static void front_refuses_garbage_producer(void **state)
{
	struct pair pair;
	uint32_t request[3] = { 0 };

	(void)state;
	pair_open(&pair, 1, TX);
	ring_front_put(&pair.front, request, TX);
	ring_front_push(&pair.front);
	pair.shared->rsp_prod = 2;
	assert_int_equal(ring_front_pending(&pair.front), -EPROTO);
	pair.shared->rsp_prod = UINT32_MAX;
	assert_int_equal(ring_front_pending(&pair.front), -EPROTO);
	pair.shared->rsp_prod = 1;
	assert_int_equal(ring_front_pending(&pair.front), 1);
	free(pair.shared);
}

/*
 * Two threads that sleep on semaphores as the drivers do on event channels:
 * a lost wake-up is a hang, a lost or torn slot a wrong sum. Under
 * -Db_sanitize=thread a missing order is a report.
 */
#define STRESS_REQUESTS 300000u

struct stress {
	struct pair pair;
	sem_t to_back, to_front;
	uint32_t notified;
};

static void *stress_back(void *arg)
{
	struct stress *s = arg;
	uint32_t seen = 0;

	while (seen < STRESS_REQUESTS) {
		int n = ring_back_pending(&s->pair.back);

		assert_true(n >= 0);
		while (n--) {
			uint32_t request[3];

			ring_back_get(&s->pair.back, request, TX);
			assert_int_equal(request[0], seen);
			assert_int_equal(request[2], ~seen);
			ring_back_put(&s->pair.back, request, 4);
			seen++;
		}
		if (ring_back_push(&s->pair.back))
			sem_post(&s->to_front);
		if (seen < STRESS_REQUESTS && !ring_back_arm(&s->pair.back, 1))
			sem_wait(&s->to_back);
	}
	return NULL;
}

static void stress_front(struct stress *s)
{
	struct ring_front *front = &s->pair.front;
	uint32_t made = 0, answered = 0;

	while (answered < STRESS_REQUESTS) {
		int n = ring_front_pending(front);

		assert_true(n >= 0);
		while (n--) {
			uint32_t response;

			ring_front_get(front, &response, 4);
			assert_int_equal(response, answered++);
		}
		for (int i = 0;
		     i < 7 && made < STRESS_REQUESTS && ring_front_room(front);
		     i++, made++)
			ring_front_put(front, (uint32_t[]){ made, 0, ~made },
				       TX);
		if (ring_front_push(front)) {
			s->notified++;
			sem_post(&s->to_back);
		}
		if (made == STRESS_REQUESTS || !ring_front_room(front))
			if (answered < made && !ring_front_arm(front, 1))
				sem_wait(&s->to_front);
	}
}

static void two_threads_lose_nothing(void **state)
{
	static const uint32_t pages[] = { 1, 4 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct stress s = { 0 };
		pthread_t back;

		pair_open(&s.pair, pages[i], TX);
		sem_init(&s.to_back, 0, 0);
		sem_init(&s.to_front, 0, 0);
		assert_int_equal(pthread_create(&back, NULL, stress_back, &s),
				 0);
		stress_front(&s);
		pthread_join(back, NULL);
		print_message("%u pages: %u notifications for %u requests\n",
			      pages[i], s.notified, STRESS_REQUESTS);
		free(s.pair.shared);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_fit_the_pages),
		cmocka_unit_test(layout_is_xens),
		cmocka_unit_test(indices_wrap),
		cmocka_unit_test(event_says_when_to_notify),
		cmocka_unit_test(arm_looks_again),
		cmocka_unit_test(back_refuses_garbage_producer),
		cmocka_unit_test(front_refuses_garbage_producer),
		cmocka_unit_test(two_threads_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
