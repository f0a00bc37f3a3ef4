/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Does an attack cost the other vifs their throughput? Eight good guests send
 * all that netback takes; a ninth is calm in one slice and attacks in the
 * next, turn and turn about (calm, attack, attack, calm ...), so that whatever
 * else happens on the machine meets both alike. Calm is a guest that keeps the
 * rules with the same demand, so that what is judged is the attack, not that a
 * ninth guest takes its share.
 *
 * From the pairs of slices: the mean log ratio of the good guests' frames, and
 * its 95 % interval (Student). It fails only where the interval as a whole
 * lies below 0.95; one that is too wide to tell is printed and passes.
 *
 * netback has a CPU to itself where there are two.
 */
#include "netback_bed.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

#define GOOD	8
#define LIMIT	0.95
#define PAIRS	24
#define T_24	2.069 /* Student, 23 degrees of freedom, 97.5 % */
#define REST_NS (300 * NS_PER_US)
#define ROOM	256 /* slots of a ring */

struct attacker {
	struct bed *bed;
	struct script s;
	int raw_fd; /* a packet socket on its vif */
	uint32_t turn;
	uint64_t x;
};

/* A step of some 100 us at most, but for the slow ones. */
struct attack {
	const char *name;
	void (*act)(struct attacker *a);
	void (*calm)(struct attacker *a);
	int64_t slice_ns;
	bool alone; /* makes its own connections */
};

struct world {
	struct bed bed;
	struct script good[GOOD];
	uint64_t frames; /* of the good */
};

static void pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(pid, sizeof(set), &set);
}

static int open_world(void **state)
{
	struct netback_args args = NETBACK_ARGS_INIT;
	struct world *w = calloc(1, sizeof(*w));
	cpu_set_t set;

	args.drain_ns = 50 * NS_PER_MS;
	bed_start(&w->bed, &args);
	sched_getaffinity(0, sizeof(set), &set);
	if (CPU_ISSET(0, &set) && CPU_ISSET(1, &set)) {
		pin(w->bed.pid, 1);
		pin(0, 0);
	}
	for (int i = 0; i < GOOD; i++) {
		script_start(&w->good[i], &w->bed, NETIF_COPY);
		for (int k = 0; k < SCRIPT_TX_FRAMES; k++)
			script_make_frame(&w->good[i], k, 1000);
	}
	*state = w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;
	bool fine = bed_is_alive(&w->bed);

	for (int i = 0; i < GOOD; i++)
		script_close(&w->good[i]);
	fine = bed_stop(&w->bed) && fine;
	free(w);
	return fine ? 0 : -1;
}

/* Takes the answers and asks for as much again; how many there were. */
static int refill(struct script *s, uint16_t bytes)
{
	struct netif_tx_response response;
	int pending = ring_front_pending(&s->tx);

	for (int i = 0; i < pending; i++)
		ring_front_get(&s->tx, &response, sizeof(response));
	while (ring_front_room(&s->tx))
		script_put(s, (int)(s->tx.req_prod_pvt % SCRIPT_TX_FRAMES), 0,
			   bytes, 0);
	if (ring_front_push(&s->tx))
		evtchn_notify(&s->channel);
	return pending > 0 ? pending : 0;
}

/* The good guests' frames in a slice, a second. */
static double run_slice(struct world *w, int64_t slice_ns)
{
	int64_t start_ns = clock_mono_ns(), now_ns = start_ns;
	uint64_t frames = 1; /* finite, too, where all starve */

	while (now_ns - start_ns < slice_ns) {
		for (int i = 0; i < GOOD; i++)
			frames += (uint64_t)refill(&w->good[i], 1000);
		clock_sleep_ns(REST_NS);
		now_ns = clock_mono_ns();
	}
	return (double)frames * 1e9 / (double)(now_ns - start_ns);
}

/*
 * Attacks. The ninth guest's answers are thrown away.
 */

static void forget_answers(struct script *s)
{
	struct netif_tx_response response;
	int pending = ring_front_pending(&s->tx);

	for (int i = 0; i < pending; i++)
		ring_front_get(&s->tx, &response, sizeof(response));
}

static void rest(struct attacker *a)
{
	(void)a;
	clock_sleep_ns(REST_NS);
}

static void send_like_the_others(struct attacker *a)
{
	refill(&a->s, 1000);
	rest(a);
}

static void spin(struct attacker *a)
{
	for (int i = 0; i < 2000; i++)
		a->x = a->x * 6364136223846793005u + 1;
}

static void storm(struct attacker *a)
{
	for (int i = 0; i < 200; i++)
		evtchn_notify(&a->s.channel);
}

/* Packets that are answered with an error each. */
static void bad_packets(struct attacker *a)
{
	struct script *s = &a->s;

	forget_answers(s);
	while (ring_front_room(&s->tx) > 2) {
		if (a->turn++ % 2) {
			script_put(s, 0, 0, 13, 0);
		} else {
			script_put(s, 0, 0, 100, NETTXF_more_data);
			script_put(s, 1, 0, 200, 0);
		}
	}
	script_push(s);
	rest(a);
}

static void bad_grants(struct attacker *a)
{
	struct script *s = &a->s;
	struct netif_tx_request request = { .gref = 499, .size = 100 };

	forget_answers(s);
	while (ring_front_room(&s->tx))
		ring_front_put(&s->tx, &request, sizeof(request));
	script_push(s);
	rest(a);
}

static void tiny_slots(struct attacker *a)
{
	struct script *s = &a->s;

	forget_answers(s);
	while (ring_front_room(&s->tx) >= 18)
		for (int i = 0; i < 18; i++)
			script_put(s, i, (uint16_t)(64 * i), i ? 1 : 1000 + 17,
				   i < 17 ? NETTXF_more_data : 0);
	script_push(s);
	rest(a);
}

/* Headers change while they are read. */
static void rewriting(struct attacker *a)
{
	uint8_t *header = memory_page(&a->s.tx_memory, 0);

	refill(&a->s, 1000);
	for (int i = 0; i < 20000; i++)
		((volatile uint8_t *)header)[6 + i % 6] ^= 0x5a;
}

static void rewriting_nothing(struct attacker *a)
{
	uint8_t *nothing = memory_page(&a->s.rx_memory, 0);

	refill(&a->s, 1000);
	for (int i = 0; i < 20000; i++)
		((volatile uint8_t *)nothing)[6 + i % 6] ^= 0x5a;
}

static void flood(const struct attacker *a, int fd)
{
	static const uint8_t frame[1000] = { 0xff, 0xff, 0xff, 0xff,
					     0xff, 0xff, 2 };

	(void)a;
	for (int i = 0; i < 20; i++)
		send(fd, frame, sizeof(frame), 0);
}

/* Frames come for a guest that posts no room, or none that holds. */
static void no_room(struct attacker *a)
{
	flood(a, a->raw_fd);
	rest(a);
}

static void worthless_room(struct attacker *a)
{
	struct netif_rx_response response;
	struct script *s = &a->s;

	while (ring_front_pending(&s->rx) > 0)
		ring_front_get(&s->rx, &response, sizeof(response));
	while (ring_front_room(&s->rx))
		script_post(s, 499);
	script_push_rx(s);
	flood(a, a->raw_fd);
	rest(a);
}

static void room_as_it_should_be(struct attacker *a)
{
	struct netif_rx_response response;
	struct script *s = &a->s;

	while (ring_front_pending(&s->rx) > 0)
		ring_front_get(&s->rx, &response, sizeof(response));
	while (ring_front_room(&s->rx))
		script_post(s, SCRIPT_RX_REF(s->rx.req_prod_pvt %
					     SCRIPT_RX_FRAMES));
	script_push_rx(s);
	flood(a, a->raw_fd);
	rest(a);
}

/* Comes, breaks the protocol, loses its vif; and again. */
static void come_and_break(struct attacker *a)
{
	struct script s;

	script_start(&s, a->bed, (enum netif_mode)(a->turn++ % NETIF_MODES));
	script_make_frame(&s, 0, 200);
	if (a->turn % 3 == 0)
		s.tx.shared->req_prod = 1000;
	else if (a->turn % 3 == 1)
		script_put(&s, 0, 4000, 97, 0);
	else
		script_put(&s, 0, 0, 200, NETTXF_more_data);
	if (a->turn % 3)
		ring_front_push(&s.tx);
	evtchn_notify(&s.channel);
	if (!script_is_closed(&s, "")) /* whatever the reason */
		abort();
	script_close(&s);
	clock_sleep_ns(100 * NS_PER_MS);
}

/* A handshake that never ends, and one that is refused. */
static void come_and_lie(struct attacker *a)
{
	struct script s;

	script_open(&s, a->bed, NETIF_COPY);
	if (a->turn++ % 2) {
		script_put_keys(&s, NETIF_COPY);
		xenbus_put(s.bus, "ring-pages", "3");
		xenbus_send(s.bus, XENBUS_CONNECTED, NULL);
	}
	clock_sleep_ns(20 * NS_PER_MS);
	script_close(&s);
	clock_sleep_ns(80 * NS_PER_MS);
}

/* What the two before should have done; that guests may not come and go
 * without end is netback's --arrivals, which is judged elsewhere. */
static void come_and_go(struct attacker *a)
{
	struct script s;

	script_start(&s, a->bed, (enum netif_mode)(a->turn++ % NETIF_MODES));
	script_make_frame(&s, 0, 200);
	script_put(&s, 0, 0, 200, 0);
	ring_front_push(&s.tx);
	evtchn_notify(&s.channel);
	script_close(&s);
	clock_sleep_ns(100 * NS_PER_MS);
}

#define QUICK (40 * NS_PER_MS)
#define SLOW  (250 * NS_PER_MS)

static const struct attack attacks[] = {
	{ "event storm", storm, spin, QUICK, false },
	{ "packets in error", bad_packets, send_like_the_others, QUICK, false },
	{ "grants that do not hold", bad_grants, send_like_the_others, QUICK,
	  false },
	{ "headers in 18 slots", tiny_slots, send_like_the_others, QUICK,
	  false },
	{ "headers rewritten", rewriting, rewriting_nothing, QUICK, false },
	{ "no room posted", no_room, room_as_it_should_be, QUICK, false },
	{ "worthless room posted", worthless_room, room_as_it_should_be, QUICK,
	  false },
	{ "protocol broken, again", come_and_break, come_and_go, SLOW, true },
	{ "handshakes that lie", come_and_lie, come_and_go, SLOW, true },
};

struct run {
	struct attacker attacker;
	const struct attack *attack;
	atomic_bool acts, stop;
};

static void *attack_on_demand(void *arg)
{
	struct run *run = arg;

	while (!atomic_load(&run->stop))
		if (atomic_load(&run->acts))
			run->attack->act(&run->attacker);
		else
			run->attack->calm(&run->attacker);
	return NULL;
}

static void begin(struct run *run, struct world *w, const struct attack *attack)
{
	struct script *s = &run->attacker.s;

	*run = (struct run){ .attack = attack,
			     .attacker = { .bed = &w->bed, .raw_fd = -1 } };
	if (attack->alone)
		return;
	script_start(s, &w->bed, NETIF_COPY);
	for (int i = 0; i < SCRIPT_TX_FRAMES; i++)
		script_make_frame(s, i, 1200);
	run->attacker.raw_fd = script_listen(s);
}

static void end(struct run *run)
{
	if (run->attack->alone)
		return;
	close(run->attacker.raw_fd);
	script_close(&run->attacker.s);
}

/* Log of the ratio attack to calm, of each pair. */
static void measure(struct world *w, struct run *run, double *log_ratio)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, attack_on_demand, run),
			 0);
	for (int i = 0; i < PAIRS; i++) {
		double rate[2];

		for (int k = 0; k < 2; k++) {
			bool acts = k == i % 2;

			atomic_store(&run->acts, acts);
			clock_sleep_ns(2 * NS_PER_MS); /* the last step */
			run_slice(w, 3 * NS_PER_MS);
			rate[acts] = run_slice(w, run->attack->slice_ns);
		}
		log_ratio[i] = log(rate[1] / rate[0]);
	}
	atomic_store(&run->stop, true);
	pthread_join(thread, NULL);
}

static bool judge(const char *name, const double *x)
{
	double mean = 0, squares = 0, half;

	for (int i = 0; i < PAIRS; i++)
		mean += x[i] / PAIRS;
	for (int i = 0; i < PAIRS; i++)
		squares += (x[i] - mean) * (x[i] - mean);
	half = T_24 * sqrt(squares / (PAIRS - 1) / PAIRS);
	print_message("%-24s %.3f (%.3f to %.3f)%s\n", name, exp(mean),
		      exp(mean - half), exp(mean + half),
		      exp(mean + half) < LIMIT	 ? ": beyond 5 %"
		      : exp(mean - half) < LIMIT ? ": undecided"
						 : "");
	return exp(mean + half) >= LIMIT;
}

static void others_keep_their_throughput(void **state)
{
	const char *only = getenv("VAZAO_ATTACK");
	struct world *w = *state;
	int beyond = 0;

	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		double log_ratio[PAIRS];
		struct run run;

		if (only && !strstr(attacks[i].name, only))
			continue;
		begin(&run, w, &attacks[i]);
		measure(w, &run, log_ratio);
		end(&run);
		beyond += !judge(attacks[i].name, log_ratio);
	}
	assert_int_equal(beyond, 0);
}

static int run_all(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(others_keep_their_throughput,
						open_world, close_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return netback_bed_main(run_all);
}
