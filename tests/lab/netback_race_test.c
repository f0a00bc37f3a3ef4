/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile guest with a second thread: slots, their sizes and grants change
 * while netback reads them (XSA-155). What was judged is what is used: a frame
 * goes out as one of the two that were asked for, or the vif is closed.
 */
#include "netback_bed.h"

#include <fcntl.h>
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

/* A word of all slots, changed to and fro. */
struct flipping {
	struct script *s;
	int word;
	uint32_t value[2];
	atomic_bool runs, stop;
};

static void *flip_words(void *arg)
{
	struct flipping *f = arg;
	_Atomic uint32_t *slot = f->s->tx.shared->slot;

	while (!atomic_load(&f->stop)) {
		for (int k = 0; k < 2; k++)
			for (int i = 0; i < SCRIPT_TX_FRAMES; i++)
				slot[3 * i + f->word] = f->value[k];
		atomic_store(&f->runs, true);
	}
	return NULL;
}

/* What became of a batch. */
struct outcome {
	int errors;
	int bytes60, bytes100, others; /* frames that came out */
	bool closed;
};

static void count_frames(int fd, struct outcome *o)
{
	uint8_t frame[2048];
	ssize_t n;

	while ((n = recv(fd, frame, sizeof(frame), 0)) > 0) {
		o->bytes60 += n == 60;
		o->bytes100 += n == 100;
		o->others += n != 60 && n != 100;
	}
}

static void count_answers(struct script *s, struct outcome *o)
{
	int64_t end_ns = clock_mono_ns() + BED_PATIENCE_NS;
	struct netif_tx_response response;
	int left = SCRIPT_TX_FRAMES;

	while (left && clock_mono_ns() < end_ns) {
		if (xenbus_receive(s->bus, NULL)) { /* it closes */
			o->closed = true;
			return;
		}
		if (ring_front_pending(&s->tx) <= 0) {
			clock_sleep_ns(50 * NS_PER_US);
			continue;
		}
		ring_front_get(&s->tx, &response, sizeof(response));
		left--;
	}
	assert_int_equal(left, 0);
}

/* A whole life: connected, one batch of equal requests shown while a thread
 * works on them, closed. Ids are all 0. */
static void send_batch(struct bed_world *w, enum netif_mode mode, int word,
		       const uint32_t value[2], struct outcome *o)
{
	struct script s;
	struct flipping f = { .s = &s,
			      .word = word,
			      .value = { value[0], value[1] } };
	pthread_t thread;
	int64_t errors;
	int fd;

	script_start(&s, &w->bed, mode);
	fd = script_listen(&s);
	assert_true(fd >= 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	script_make_frame(&s, 0, 1000);
	for (int i = 0; i < SCRIPT_TX_FRAMES; i++)
		script_put(&s, 0, 0, 60, 0);
	assert_int_equal(pthread_create(&thread, NULL, flip_words, &f), 0);
	while (!atomic_load(&f.runs))
		;
	script_push(&s);
	clock_sleep_ns(NS_PER_MS);
	atomic_store(&f.stop, true);
	pthread_join(thread, NULL);
	count_answers(&s, o);
	/* the kernel's thread may still be at them */
	clock_sleep_ns(20 * NS_PER_MS);
	count_frames(fd, o);
	/* not by the answers: the thread may have been at them */
	errors = bed_count(&w->bed, s.vif, "tx_errors");
	o->errors += errors > 0 ? (int)errors : 0;
	close(fd);
	script_close(&s);
}

#define ROUNDS 40

/* Both sizes are good: each frame has one of them, and none a third. */
static void sizes_rewritten(void **state)
{
	static const uint32_t sizes[2] = { 60u << 16, 100u << 16 };
	struct bed_world *w = *state;
	struct outcome o = { 0 };

	for (int i = 0; i < ROUNDS; i++)
		send_batch(w, (enum netif_mode)(i % NETIF_MODES), 2, sizes, &o);
	print_message("%d of 60, %d of 100 bytes\n", o.bytes60, o.bytes100);
	assert_int_equal(o.others, 0);
	assert_int_equal(o.bytes60 + o.bytes100, ROUNDS * SCRIPT_TX_FRAMES);
	assert_true(o.bytes60 > 0 && o.bytes100 > 0 && !o.closed);
}

/* One offset is good, the other beyond the page: out as asked, or closed. */
static void offsets_rewritten(void **state)
{
	static const uint32_t offsets[2] = { 0, 4090 };
	struct bed_world *w = *state;
	int closed = 0, whole = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct outcome o = { 0 };

		send_batch(w, (enum netif_mode)(i % NETIF_MODES), 1, offsets,
			   &o);
		assert_int_equal(o.others + o.bytes100 + o.errors, 0);
		closed += o.closed;
		whole += !o.closed;
	}
	print_message("%d closed, %d not\n", closed, whole);
	assert_true(closed > 0);
	assert_true(script_works(&w->good));
}

/* A grant that holds and one that does not: each is one or the other. */
static void grants_rewritten(void **state)
{
	static const uint32_t refs[2] = { SCRIPT_TX_REF(0), 499 };
	struct bed_world *w = *state;
	struct outcome o = { 0 };

	for (int i = 0; i < ROUNDS; i++)
		send_batch(w, (enum netif_mode)(i % NETIF_MODES), 0, refs, &o);
	print_message("%d sent, %d refused\n", o.bytes60, o.errors);
	assert_false(o.closed);
	assert_int_equal(o.others + o.bytes100, 0);
	assert_true(o.bytes60 > 0 && o.errors > 0);
}

/* The end of a packet moves while it is looked for. */
static void chains_rewritten(void **state)
{
	static const uint32_t flags[2] = { 0, NETTXF_more_data << 16 };
	struct bed_world *w = *state;

	for (int i = 0; i < ROUNDS; i++) {
		struct outcome o = { 0 };

		send_batch(w, (enum netif_mode)(i % NETIF_MODES), 1, flags, &o);
		assert_int_equal(o.others + o.bytes100, 0);
	}
	assert_true(script_works(&w->good));
}

/*
 * Grants altered while they are pinned: what was granted is what is used, and
 * no other page comes under the same pin.
 */

static uint8_t send_and_see(struct script *s, int fd)
{
	uint8_t frame[2048] = { 0 };

	script_put(s, 0, 0, 60, 0);
	script_push(s);
	assert_int_equal(script_status(s), NETIF_RSP_OKAY);
	assert_int_equal(recv(fd, frame, sizeof(frame), 0), 60);
	return frame[20];
}

static void a_grant_altered_while_pinned(void **state)
{
	struct bed_world *w = *state;
	struct script s;
	int fd;

	script_open(&s, &w->bed, NETIF_COPY);
	script_put_keys(&s, NETIF_COPY);
	xenbus_put(s.bus, "feature-persistent", "1");
	assert_int_equal(script_connect(&s), 0);
	fd = script_listen(&s);
	for (int i = 0; i < 2; i++) {
		script_make_frame(&s, i, 60);
		memory_page(&s.tx_memory, (uint32_t)i)[20] = (uint8_t)(7 + i);
	}
	assert_int_equal(send_and_see(&s, fd), 7);
	/* another page, another type, another domain, nothing at all */
	atomic_store(&s.grants.entry[SCRIPT_TX_REF(0)].frame,
		     SCRIPT_FIRST_TX + 1);
	assert_int_equal(send_and_see(&s, fd), 7);
	atomic_store(&s.grants.entry[SCRIPT_TX_REF(0)].frame, UINT32_MAX);
	assert_int_equal(send_and_see(&s, fd), 7);
	atomic_store(&s.grants.entry[SCRIPT_TX_REF(0)].head, 0);
	assert_int_equal(send_and_see(&s, fd), 7);
	atomic_store(&s.grants.entry[SCRIPT_TX_REF(0)].head, UINT32_MAX);
	assert_int_equal(send_and_see(&s, fd), 7);
	close(fd);
	script_close(&s);
}

/* Entries of both kinds, rewritten by a thread all the time. */
static void *flip_grants(void *arg)
{
	struct flipping *f = arg;
	struct grant_entry *entry = f->s->grants.entry;
	uint32_t x = 1;

	while (!atomic_load(&f->stop))
		for (int i = 0; i < SCRIPT_RX_FRAMES; i++) {
			x = x * 1664525 + 1013904223;
			entry[SCRIPT_RX_REF(i)].frame = x >> 24;
			entry[SCRIPT_RX_REF(i)].head = x >> 16 & 31;
			entry[SCRIPT_TX_REF(i / 2)].frame = x >> 20 & 127;
		}
	return NULL;
}

static void grants_altered_all_the_time(void **state)
{
	struct bed_world *w = *state;

	for (int round = 0; round < 16; round++) {
		struct script s;
		struct flipping f = { .s = &s };
		pthread_t thread;

		script_start(&s, &w->bed, (enum netif_mode)(round % 4));
		assert_int_equal(pthread_create(&thread, NULL, flip_grants, &f),
				 0);
		for (int i = 0; i < 60; i++)
			script_post(&s, SCRIPT_RX_REF(i));
		script_push_rx(&s);
		for (int i = 0; i < 200; i++)
			script_put(&s, i % SCRIPT_TX_FRAMES, 0, 60, 0);
		script_push(&s);
		script_send_frames(&s, 40);
		clock_sleep_ns(2 * NS_PER_MS);
		atomic_store(&f.stop, true);
		pthread_join(thread, NULL);
		assert_true(script_works(&w->good));
		script_close(&s);
	}
}

static int run(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, open_world, bed_world_close)
	const struct CMUnitTest tests[] = {
		T(sizes_rewritten),
		T(offsets_rewritten),
		T(grants_rewritten),
		T(chains_rewritten),
		T(a_grant_altered_while_pinned),
		T(grants_altered_all_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return netback_bed_main(run);
}
