/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a hostile frontend may try: its vif is closed with a reason, or its
 * packet answered with an error; netback lives, and another vif works on.
 */
#include "netback_bed.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

static int open_world(void **state)
{
	struct netback_args args = NETBACK_ARGS_INIT;

	return bed_world_open(state, &args);
}

/* An attack that must cost the attacker its vif, for this reason. */
struct fatal {
	const char *why;
	void (*attack)(struct script *s);
};

static void tx_index(struct script *s)
{
	s->tx.shared->req_prod = 257;
	evtchn_notify(&s->channel);
}

static void tx_index_backwards(struct script *s)
{
	s->tx.shared->req_prod = UINT32_MAX;
	evtchn_notify(&s->channel);
}

static void too_few_slots(struct script *s)
{
	script_put(s, 0, 0, 200, NETTXF_more_data);
	script_push(s);
}

static void too_many_slots(struct script *s)
{
	for (int i = 0; i < 25; i++)
		script_put(s, i, 0, i ? 10 : 2500,
			   i < 24 ? NETTXF_more_data : 0);
	script_push(s);
}

static void page_crossed(struct script *s)
{
	script_put(s, 0, 4000, 97, 0);
	script_push(s);
}

static void extra_missing(struct script *s)
{
	script_put(s, 0, 0, 100, NETTXF_extra_info);
	script_push(s);
}

static void put_extra(struct script *s, uint8_t type, uint16_t gso_size,
		      uint8_t gso_type)
{
	struct netif_extra extra = { .type = type };

	extra.u.gso.size = gso_size;
	extra.u.gso.type = gso_type;
	script_put(s, 0, 0, 100, NETTXF_extra_info);
	ring_front_put(&s->tx, &extra, sizeof(extra));
	script_push(s);
}

static void extra_unknown(struct script *s)
{
	put_extra(s, 77, 1, 1);
}

static void gso_of_nothing(struct script *s)
{
	put_extra(s, XEN_NETIF_EXTRA_TYPE_GSO, 0, XEN_NETIF_GSO_TYPE_TCPV4);
}

static void gso_unknown(struct script *s)
{
	put_extra(s, XEN_NETIF_EXTRA_TYPE_GSO, 1448, 9);
}

static void channel_closed(struct script *s)
{
	evtchn_close(&s->channel);
	s->channel = (struct evtchn)EVTCHN_INIT;
	close(s->peer_fd[1]);
	s->peer_fd[1] = open("/dev/null", O_RDONLY);
}

static void garbage_on_xenbus(struct script *s)
{
	send(xenbus_fd(s->bus), "\xff\xfe = x\n", 7, 0);
}

static const struct fatal fatals[] = {
	{ "TX ring: req_prod beyond", tx_index },
	{ "TX ring: req_prod beyond", tx_index_backwards },
	{ "slots of a packet missing", too_few_slots },
	{ "more than 20 slots", too_many_slots },
	{ "crosses a page", page_crossed },
	{ "missing extra", extra_missing },
	{ "unknown extra", extra_unknown },
	{ "GSO size is 0", gso_of_nothing },
	{ "unknown GSO type", gso_unknown },
	{ "closed its event channel", channel_closed },
	{ "a key of a wrong form", garbage_on_xenbus },
};

static void fatal_to_the_offender_alone(void **state)
{
	struct bed_world *w = *state;

	for (size_t i = 0; i < sizeof(fatals) / sizeof(fatals[0]); i++)
		for (int mode = 0; mode < NETIF_MODES; mode++) {
			struct script bad;

			script_start(&bad, &w->bed, (enum netif_mode)mode);
			script_make_frame(&bad, 0, 200);
			fatals[i].attack(&bad);
			assert_true(script_is_closed(&bad, fatals[i].why));
			script_close(&bad);
			assert_true(script_works(&w->good));
		}
}

static void rx_index(void **state)
{
	struct bed_world *w = *state;
	struct script bad;

	script_start(&bad, &w->bed, NETIF_COPY);
	bad.rx.shared->req_prod = 1000;
	script_send_frames(&bad, 1);
	assert_true(script_is_closed(&bad, "RX ring: req_prod beyond"));
	script_close(&bad);
}

static void packet_errors_cost_the_packet_alone(void **state)
{
	struct bed_world *w = *state;

	for (int mode = 0; mode < NETIF_MODES; mode++) {
		struct script s;

		script_start(&s, &w->bed, (enum netif_mode)mode);
		script_make_frame(&s, 0, 200);
		script_put(&s, 0, 0, 13, 0);
		script_push(&s);
		assert_int_equal(script_status(&s), NETIF_RSP_ERROR);
		script_put(&s, 0, 0, 100, NETTXF_more_data);
		script_put(&s, 1, 0, 0, 0); /* XSA-448 */
		script_push(&s);
		assert_int_equal(script_status(&s), NETIF_RSP_ERROR);
		assert_int_equal(script_status(&s), NETIF_RSP_ERROR);
		script_put(&s, 0, 0, 100, NETTXF_more_data);
		script_put(&s, 1, 0, 200, 0);
		script_push(&s);
		assert_int_equal(script_status(&s), NETIF_RSP_ERROR);
		assert_int_equal(script_status(&s), NETIF_RSP_ERROR);
		assert_true(script_works(&s));
		script_close(&s);
	}
}

/* XSA-362, -367: one bad grant among good ones. */
static void grant_failure_in_mid_batch(void **state)
{
	static const int16_t want[] = { NETIF_RSP_OKAY,	 NETIF_RSP_ERROR,
					NETIF_RSP_OKAY,	 NETIF_RSP_ERROR,
					NETIF_RSP_ERROR, NETIF_RSP_OKAY };
	struct bed_world *w = *state;

	for (int mode = 0; mode < NETIF_MODES; mode++) {
		struct script s;

		script_start(&s, &w->bed, (enum netif_mode)mode);
		for (int i = 0; i < 6; i++)
			script_make_frame(&s, i, 60);
		assert_int_equal(grant_revoke(&s.grants, SCRIPT_TX_REF(1)), 0);
		grant_give(&s.grants, SCRIPT_TX_REF(4), 1u << 30, true);
		script_put(&s, 0, 0, 60, 0);
		script_put(&s, 1, 0, 60, 0);
		script_put(&s, 2, 0, 60, 0);
		script_put(&s, 3, 0, 160, NETTXF_more_data);
		script_put(&s, 4, 0, 60, 0);
		script_put(&s, 5, 0, 60, 0);
		script_push(&s);
		for (int i = 0; i < 6; i++)
			assert_int_equal(script_status(&s), want[i]);
		/* no pin is left behind */
		for (int i = 0; i < 6; i++)
			assert_int_equal(
				grant_revoke(&s.grants, SCRIPT_TX_REF(i)), 0);
		script_close(&s);
	}
}

/* XSA-423, -432: the headers in crumbs; the filter sees them whole. */
static void headers_in_tiny_slots(void **state)
{
	struct bed_world *w = *state;
	struct script s;

	script_start(&s, &w->bed, NETIF_COPY);
	for (int forged = 0; forged < 2; forged++) {
		script_make_frame(&s, 0, 60);
		if (forged)
			memory_page(&s.tx_memory, 0)[11] ^= 1;
		for (int i = 0; i < 18; i++) {
			memory_page(&s.tx_memory, 20)[i] =
				memory_page(&s.tx_memory, 0)[i];
			script_put(&s, 20, (uint16_t)i, i ? 1 : 18,
				   i < 17 ? NETTXF_more_data : 0);
		}
		script_push(&s);
		for (int i = 0; i < 18; i++)
			assert_int_equal(script_status(&s),
					 forged ? NETIF_RSP_DROPPED
						: NETIF_RSP_OKAY);
	}
	script_close(&s);
}

/* XSA-155: a second thread rewrites what is being read. */
struct rewriting {
	struct script *s;
	atomic_bool stop;
};

static void *rewrite(void *arg)
{
	struct rewriting *r = arg;
	uint8_t *frame = memory_page(&r->s->tx_memory, 0);

	while (!atomic_load(&r->stop)) {
		for (int i = 6; i < 12; i++)
			((volatile uint8_t *)frame)[i] ^= 0x5a;
		for (int i = 6; i < 12; i++)
			((volatile uint8_t *)frame)[i] ^= 0x5a;
	}
	return NULL;
}

static void header_rewritten_while_read(void **state)
{
	struct bed_world *w = *state;
	struct rewriting r = { 0 };
	struct script s;
	pthread_t thread;
	int fd, okay = 0, dropped = 0, seen = 0;
	uint8_t frame[2048];

	script_start(&s, &w->bed, NETIF_COPY);
	fd = script_listen(&s);
	assert_true(fd >= 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	script_make_frame(&s, 0, 60);
	r.s = &s;
	assert_int_equal(pthread_create(&thread, NULL, rewrite, &r), 0);
	for (int i = 0; i < 3000; i++) {
		int16_t status;

		script_put(&s, 0, 0, 60, 0);
		script_push(&s);
		status = script_status(&s);
		okay += status == NETIF_RSP_OKAY;
		dropped += status == NETIF_RSP_DROPPED;
		/* whatever the thread did: only our address comes out */
		while (recv(fd, frame, sizeof(frame), 0) > 0) {
			assert_memory_equal(frame + 6, s.mac, 6);
			seen++;
		}
	}
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(okay + dropped, 3000);
	assert_true(okay > 0 && dropped > 0 && seen > 0);
	close(fd);
	script_close(&s);
}

static uint32_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (uint32_t)(*x >> 16);
}

/* Slots and indices of noise: closed or not, never hung. */
static void noise_in_the_rings(void **state)
{
	struct bed_world *w = *state;
	uint64_t x = 88172645463325252u;

	for (int round = 0; round < 60; round++) {
		struct script s;

		script_start(&s, &w->bed, (enum netif_mode)(round % 4));
		for (int i = 0; i < 768; i++)
			s.tx.shared->slot[i] =
				next_random(&x) & (i % 3 ? 0x00ff0fffu : 63u);
		for (int i = 0; i < 512; i++)
			s.rx.shared->slot[i] = next_random(&x) & 127;
		s.rx.shared->req_prod = next_random(&x) & 511;
		s.tx.shared->req_prod = next_random(&x) & 511;
		evtchn_notify(&s.channel);
		script_send_frames(&s, 40);
		clock_sleep_ns(2 * NS_PER_MS);
		assert_true(script_works(&w->good));
		script_close(&s);
	}
}

static void *storm(void *arg)
{
	struct rewriting *r = arg;

	while (!atomic_load(&r->stop))
		evtchn_notify(&r->s->channel);
	return NULL;
}

/* XSA-391: the other vif is answered all the same. */
static void event_storm(void **state)
{
	struct bed_world *w = *state;
	struct rewriting r = { 0 };
	struct script s;
	pthread_t thread;

	script_start(&s, &w->bed, NETIF_COPY);
	r.s = &s;
	assert_int_equal(pthread_create(&thread, NULL, storm, &r), 0);
	for (int i = 0; i < 200; i++)
		assert_true(script_works(&w->good));
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	assert_true(script_works(&s)); /* slowed down, not cut off */
	script_close(&s);
}

/* Our own hole: the peer takes O_NONBLOCK off what it sent and never reads. */
static void peer_never_reads_events(void **state)
{
	struct bed_world *w = *state;
	struct script s;

	script_start(&s, &w->bed, NETIF_COPY);
	fcntl(s.peer_fd[0], F_SETFL, 0);
	fcntl(s.peer_fd[1], F_SETFL, 0);
	fcntl(s.peer_fd[1], F_SETPIPE_SZ, 4096);
	while (write(s.peer_fd[1], "x", 1) == 1) /* full already */
		if (poll(&(struct pollfd){ s.peer_fd[1], POLLOUT, 0 }, 1, 0) !=
		    1)
			break;
	for (int i = 0; i < 20; i++) {
		s.tx.shared->rsp_event = s.tx.rsp_cons + 1; /* wants events */
		assert_true(script_works(&s));
		assert_true(script_works(&w->good));
	}
	script_close(&s);
}

/* XSA-374: gone in the middle, both directions busy. */
static void disconnect_with_traffic(void **state)
{
	struct bed_world *w = *state;

	for (int round = 0; round < 40; round++) {
		struct script s;

		script_start(&s, &w->bed, (enum netif_mode)(round % 4));
		for (int i = 0; i < 30; i++)
			script_post(&s, SCRIPT_RX_REF(i));
		script_push_rx(&s);
		for (int i = 0; i < SCRIPT_TX_FRAMES; i++) {
			script_make_frame(&s, i, 60);
			script_put(&s, i, 0, 60, 0);
		}
		script_send_frames(&s, 20);
		script_push(&s);
		script_close(&s);
		assert_true(script_works(&w->good));
	}
}

static int run(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, open_world, bed_world_close)
	const struct CMUnitTest tests[] = {
		T(fatal_to_the_offender_alone),
		T(rx_index),
		T(packet_errors_cost_the_packet_alone),
		T(grant_failure_in_mid_batch),
		T(headers_in_tiny_slots),
		T(header_rewritten_while_read),
		T(noise_in_the_rings),
		T(event_storm),
		T(peer_never_reads_events),
		T(disconnect_with_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return netback_bed_main(run);
}
