/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a hostile back may try: netfront ends with a reason, or goes on and
 * loses that frame alone; it never crashes, hangs, or reads beyond its pages.
 */
#include "netback_bed.h"
#include "netfront_bed.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

static const struct netfront_args usual = NETFRONT_ARGS_INIT;

/* An attack that must end the connection, for this reason. */
struct fatal {
	const char *why;
	void (*attack)(struct back *b);
};

static void tx_index(struct back *b)
{
	b->tx_ring.shared->rsp_prod = 200;
	evtchn_notify(&b->channel);
	back_make_front_send(b, 1); /* it looks when it sends */
}

static void tx_id_beyond(struct back *b)
{
	back_make_front_send(b, 1);
	back_await_tx(b, 1);
	back_answer_tx(b, 60000, NETIF_RSP_OKAY);
	back_push(b);
	back_make_front_send(b, 1);
}

/* Masked, it would be one that is out. */
static void tx_id_one_ring_on(struct back *b)
{
	struct netif_tx_request request;

	back_make_front_send(b, 1);
	back_await_tx(b, 1);
	ring_back_get(&b->tx_ring, &request, sizeof(request));
	request.id += b->tx_ring.size;
	ring_back_put(&b->tx_ring,
		      &(struct netif_tx_response){ .id = request.id },
		      sizeof(struct netif_tx_response));
	back_push(b);
	back_make_front_send(b, 1);
}

static void tx_id_not_out(struct back *b)
{
	back_make_front_send(b, 1);
	back_await_tx(b, 1);
	back_answer_tx(b, 200, NETIF_RSP_OKAY);
	back_push(b);
	back_make_front_send(b, 1);
}

static void tx_answered_twice(struct back *b)
{
	struct netif_tx_request request;

	back_make_front_send(b, 2);
	back_await_tx(b, 2);
	ring_back_get(&b->tx_ring, &request, sizeof(request));
	ring_back_put(&b->tx_ring,
		      &(struct netif_tx_response){ .id = request.id },
		      sizeof(struct netif_tx_response));
	back_answer_tx(b, request.id, NETIF_RSP_OKAY);
	back_push(b);
	back_make_front_send(b, 1);
}

static void tx_grant_kept(struct back *b)
{
	struct netif_tx_request request;

	back_make_front_send(b, 1);
	back_await_tx(b, 1);
	ring_back_get(&b->tx_ring, &request, sizeof(request));
	atomic_fetch_or(&b->grant[request.gref].head, GTF_reading);
	ring_back_put(&b->tx_ring,
		      &(struct netif_tx_response){ .id = request.id },
		      sizeof(struct netif_tx_response));
	back_push(b);
	back_make_front_send(b, 1);
}

static void rx_index(struct back *b)
{
	b->rx_ring.shared->rsp_prod = 300;
	evtchn_notify(&b->channel);
}

static void rx_index_backwards(struct back *b)
{
	b->rx_ring.shared->rsp_prod = UINT32_MAX;
	evtchn_notify(&b->channel);
}

/* One RX response, right but for what the test makes wrong. */
static void put(struct back *b, struct netif_rx_response response)
{
	struct netif_rx_request request = back_take_rx(b);

	back_fill_rx(b, request.gref);
	response.id += request.id;
	back_put_rx(b, response);
}

static void rx_id_of_another(struct back *b)
{
	put(b, (struct netif_rx_response){ .id = 1, .status = 60 });
	back_push(b);
}

static void rx_page_crossed(struct back *b)
{
	put(b, (struct netif_rx_response){ .offset = 4040, .status = 60 });
	back_push(b);
}

static void rx_size_beyond(struct back *b)
{
	put(b, (struct netif_rx_response){ .status = INT16_MAX });
	back_push(b);
}

static void rx_offset_beyond(struct back *b)
{
	put(b, (struct netif_rx_response){ .offset = 65535, .status = 60 });
	back_push(b);
}

static void rx_slots_missing(struct back *b)
{
	put(b, (struct netif_rx_response){ .status = 60,
					   .flags = NETRXF_more_data });
	back_push(b);
}

static void rx_too_many(struct back *b)
{
	for (int i = 0; i < 25; i++)
		put(b, (struct netif_rx_response){ .status = 60,
						   .flags = NETRXF_more_data });
	back_push(b);
}

static void put_extra(struct back *b, const struct netif_extra *extra)
{
	put(b, (struct netif_rx_response){ .status = 60,
					   .flags = NETRXF_extra_info });
	back_take_rx(b);
	ring_back_put(&b->rx_ring, extra, sizeof(*extra));
	back_push(b);
}

static void rx_extra_missing(struct back *b)
{
	put(b, (struct netif_rx_response){ .status = 60,
					   .flags = NETRXF_extra_info });
	back_push(b);
}

static void rx_extra_unknown(struct back *b)
{
	put_extra(b, &(struct netif_extra){
			     .type = 9, .u.gso = { .size = 1448, .type = 1 } });
}

static void rx_gso_of_nothing(struct back *b)
{
	put_extra(b, &(struct netif_extra){ .type = XEN_NETIF_EXTRA_TYPE_GSO,
					    .u.gso.type = 1 });
}

static void rx_gso_unknown(struct back *b)
{
	put_extra(b, &(struct netif_extra){
			     .type = XEN_NETIF_EXTRA_TYPE_GSO,
			     .u.gso = { .size = 1448, .type = 7 } });
}

static void rx_grant_kept(struct back *b)
{
	struct netif_rx_request request = back_take_rx(b);

	if (b->mode == NETIF_COPY) {
		atomic_fetch_or(&b->grant[request.gref].head,
				GTF_reading | GTF_writing);
	} else { /* begun, never finished */
		atomic_fetch_or(&b->grant[request.gref].head,
				GTF_transfer_committed);
	}
	back_put_rx(b, (struct netif_rx_response){ .id = request.id,
						   .status = 60 });
	back_push(b);
}

static void gone(struct back *b)
{
	xenbus_close(b->bus);
	b->bus = NULL;
}

static void channel_closed(struct back *b)
{
	evtchn_close(&b->channel);
	b->channel = (struct evtchn)EVTCHN_INIT;
}

static void state_back_to_waiting(struct back *b)
{
	xenbus_send(b->bus, XENBUS_INIT_WAIT, NULL);
}

static void state_reconfiguring(struct back *b)
{
	xenbus_send(b->bus, XENBUS_RECONFIGURING, NULL);
}

static void state_closing(struct back *b)
{
	xenbus_send(b->bus, XENBUS_CLOSING, NULL);
}

static void state_closed_with_reason(struct back *b)
{
	xenbus_put(b->bus, "error", "the plumber came");
	xenbus_send(b->bus, XENBUS_CLOSED, NULL);
}

static void state_of_nothing(struct back *b)
{
	send(xenbus_fd(b->bus), "state = 9\n", 10, 0);
}

static const struct fatal fatals[] = {
	{ "TX ring: rsp_prod beyond", tx_index },
	{ "TX response to no request", tx_id_beyond },
	{ "TX response to no request", tx_id_one_ring_on },
	{ "TX response to no request", tx_id_not_out },
	{ "TX response to no request", tx_answered_twice },
	{ "TX: a page answered is still in use", tx_grant_kept },
	{ "RX ring: rsp_prod beyond", rx_index },
	{ "RX ring: rsp_prod beyond", rx_index_backwards },
	{ "RX response in another's slot", rx_id_of_another },
	{ "RX: a fragment crosses a page", rx_page_crossed },
	{ "RX: a fragment crosses a page", rx_size_beyond },
	{ "RX: a fragment crosses a page", rx_offset_beyond },
	{ "RX: slots of a packet missing", rx_slots_missing },
	{ "RX: more than 18 fragments", rx_too_many },
	{ "RX: slots of a packet missing", rx_extra_missing },
	{ "RX: an extra of a wrong kind", rx_extra_unknown },
	{ "RX: an extra of a wrong kind", rx_gso_of_nothing },
	{ "RX: an extra of a wrong kind", rx_gso_unknown },
	{ "RX: a page answered is still in use", rx_grant_kept },
	{ "it is gone", gone },
	{ "it closed an event channel", channel_closed },
	{ "it goes into state 2", state_back_to_waiting },
	{ "it goes into state 7", state_reconfiguring },
	{ "it closes", state_closing },
	{ "the plumber came", state_closed_with_reason },
	{ "a message of a wrong form", state_of_nothing },
};

static void a_bad_back_is_left_for_a_reason(void **state)
{
	static const enum netif_mode modes[] = { NETIF_COPY, NETIF_FLIP_INDEX,
						 NETIF_FLIP_MAP };

	(void)state;
	for (size_t i = 0; i < sizeof(fatals) / sizeof(fatals[0]); i++)
		for (int mode = 0; mode < 3; mode++) {
			struct netfront_args args = usual;
			struct back b;

			args.mode = modes[mode];
			back_start(&b, &args);
			assert_true(back_works(&b));
			fatals[i].attack(&b);
			assert_true(back_front_ended(&b, fatals[i].why));
			back_close(&b);
		}
}

/* A page flipped in that is the front's own, not of its pool, or nowhere. */
static void a_flip_of_the_fronts_own_page(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct netfront_args args = usual;
		struct netif_rx_request rx;
		struct back b;
		uint32_t frame;

		args.mode = i % 2 ? NETIF_FLIP_MAP : NETIF_FLIP_INDEX;
		back_start(&b, &args);
		assert_true(back_works(&b));
		rx = back_take_rx(&b);
		frame = i == 0	 ? b.control.frames + b.tx.frames + 5
			: i == 1 ? 0
			: i == 2 ? UINT32_MAX
				 : b.control.frames + b.tx.frames + b.rx.frames;
		atomic_store(&b.grant[rx.gref].frame, frame);
		atomic_fetch_or(&b.grant[rx.gref].head,
				GTF_transfer_committed |
					GTF_transfer_completed);
		back_put_rx(&b, (struct netif_rx_response){ .id = rx.id,
							    .status = 60 });
		back_push(&b);
		assert_true(back_front_ended(&b, "is not the back's"));
		back_close(&b);
	}
}

/* Errors and oddities that cost a frame, or nothing, but not the link. */
static void a_bad_frame_costs_the_frame_alone(void **state)
{
	struct back b;

	(void)state;
	back_start(&b, &usual);
	put(&b, (struct netif_rx_response){ .status = -1 });
	put(&b, (struct netif_rx_response){ .status = INT16_MIN });
	put(&b, (struct netif_rx_response){ .status = 0 });
	put(&b, (struct netif_rx_response){ .status = 13 });
	/* a checksum to do where there is no TCP or UDP */
	put(&b, (struct netif_rx_response){ .status = 60,
					    .flags = NETRXF_csum_blank });
	put_extra(&b, &(struct netif_extra){
			      .type = XEN_NETIF_EXTRA_TYPE_GSO,
			      .u.gso = { .size = 1448, .type = 1 } });
	back_push(&b);
	assert_true(back_works(&b));
	/* bits nobody has given a meaning yet */
	put(&b, (struct netif_rx_response){ .status = 60, .flags = 0xfff0 });
	back_make_front_send(&b, 3);
	assert_true(back_await_tx(&b, 3) >= 3);
	for (int i = 0; i < 3; i++) {
		static const int16_t odd[] = { NETIF_RSP_ERROR,
					       NETIF_RSP_DROPPED, -999 };
		struct netif_tx_request request;

		ring_back_get(&b.tx_ring, &request, sizeof(request));
		ring_back_put(&b.tx_ring,
			      &(struct netif_tx_response){ request.id, odd[i] },
			      sizeof(struct netif_tx_response));
	}
	back_push(&b);
	assert_true(back_works(&b));
	assert_true(back_front_lives(&b));
	back_close(&b);
}

/* Nothing is answered: frames wait, none is lost without being counted. */
static void a_back_that_holds_still(void **state)
{
	struct back b;

	(void)state;
	back_start(&b, &usual);
	back_make_front_send(&b, 600); /* the ring has 256 */
	assert_true(back_await_tx(&b, 230) >= 230);
	for (int done = 0; done < 600; done++) {
		struct netif_tx_request request;

		assert_true(back_await_tx(&b, 1) > 0);
		ring_back_get(&b.tx_ring, &request, sizeof(request));
		assert_int_equal(request.size, 60);
		ring_back_put(&b.tx_ring,
			      &(struct netif_tx_response){ .id = request.id },
			      sizeof(struct netif_tx_response));
		back_push(&b);
	}
	assert_true(back_works(&b));
	back_close(&b);
}

/*
 * Threads that work against it.
 */

struct against {
	struct evtchn channel; /* the descriptors; counters of its own */
	atomic_bool stop;
};

static void *storm(void *arg)
{
	struct against *a = arg;

	while (!atomic_load(&a->stop))
		evtchn_notify(&a->channel);
	return NULL;
}

/* XSA-391 the other way: it goes on carrying frames. */
static void an_event_storm(void **state)
{
	struct against a = { 0 };
	pthread_t thread;
	struct back b;

	(void)state;
	back_start(&b, &usual);
	a.channel = b.channel;
	assert_int_equal(pthread_create(&thread, NULL, storm, &a), 0);
	for (int i = 0; i < 100; i++)
		assert_true(back_works(&b));
	atomic_store(&a.stop, true);
	pthread_join(thread, NULL);
	assert_true(back_works(&b));
	back_close(&b);
}

/* The back takes no event and makes its end block: the front does not. */
static void a_back_that_never_reads_events(void **state)
{
	struct back b;

	(void)state;
	back_start(&b, &usual);
	fcntl(b.channel.read_fd, F_SETPIPE_SZ, 4096);
	fcntl(b.channel.read_fd, F_SETFL, 0);
	for (int i = 0; i < 5000; i++) {
		struct netif_tx_request request;

		b.tx_ring.shared->req_event = b.tx_ring.req_cons + 1;
		back_make_front_send(&b, 1);
		assert_true(back_await_tx(&b, 1) > 0);
		ring_back_get(&b.tx_ring, &request, sizeof(request));
		ring_back_put(&b.tx_ring,
			      &(struct netif_tx_response){ .id = request.id },
			      sizeof(struct netif_tx_response));
		back_push(&b);
	}
	assert_true(back_works(&b));
	back_close(&b);
}

/* What is punched out reads as zeroes: no SIGBUS. */
static void memory_punched_away(void **state)
{
	struct back b;

	(void)state;
	back_start(&b, &usual);
	assert_int_equal(fallocate(b.rx.fd,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   0, (off_t)b.rx.frames * XEN_PAGE_SIZE),
			 0);
	assert_true(back_works(&b));
	assert_int_not_equal(ftruncate(b.rx.fd, 0), 0);
	fallocate(b.control.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		  (off_t)b.control.frames * XEN_PAGE_SIZE);
	evtchn_notify(&b.channel);
	back_make_front_send(&b, 1);
	clock_sleep_ns(20 * NS_PER_MS);
	if (!back_front_lives(&b))
		assert_true(back_front_ended(&b, "netback: "));
	back_close(&b);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_back_is_left_for_a_reason),
		cmocka_unit_test(a_flip_of_the_fronts_own_page),
		cmocka_unit_test(a_bad_frame_costs_the_frame_alone),
		cmocka_unit_test(a_back_that_holds_still),
		cmocka_unit_test(an_event_storm),
		cmocka_unit_test(a_back_that_never_reads_events),
		cmocka_unit_test(memory_punched_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return netback_bed_main(run);
}
