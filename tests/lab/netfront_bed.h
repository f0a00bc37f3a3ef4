/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netfront_bed.h - a netfront under test, and a back that is a script: it
 * offers what the test tells it, maps what the front hands over, and does to
 * the rings what no netback would.
 *
 * Called by tests/lab/netfront_*_test.c, inside a network namespace of their
 * own (netback_bed_main()).
 */
#ifndef VAZAO_TESTS_NETFRONT_BED_H
#define VAZAO_TESTS_NETFRONT_BED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "xen/evtchn.h"
#include "xen/grant.h"
#include "xen/memory.h"
#include "xen/netfront.h"
#include "xen/netif.h"
#include "xen/netif_mode.h"
#include "xen/ring.h"
#include "xen/xenbus.h"

#define BACK_MAC "00:16:3e:76:00:01"

struct back {
	pid_t pid;     /* netfront's */
	int report_fd; /* its last words come here */
	int listen_fd; /* a packet socket on its eth0 */
	enum netif_mode mode;
	struct xenbus *bus;
	struct memory control, tx, rx;
	struct grant_entry *grant;
	struct ring_back tx_ring, rx_ring;
	struct evtchn channel;
	char error[256]; /* what netfront ended with */
};

/* A netfront in a child process; nothing is said to it yet. */
void back_open(struct back *back, const struct netfront_args *args);
/* An offer as netback makes it; a test may put more keys behind. */
void back_put_offer(struct back *back);
/* Sends it; waits for the front's Connected, maps, attaches. 0, or -errno */
int back_take_front(struct back *back);
/* Says Connected; waits until eth0 can be used. */
void back_connect(struct back *back);
/* Takes it all down; the front is killed if it lives. */
void back_close(struct back *back);

/* All at once, as a good back does. */
void back_start(struct back *back, const struct netfront_args *args);

/* A frame goes into eth0 in the guest: to come out of the TX ring. */
void back_make_front_send(struct back *back, int frames);
/* Waits for so many TX requests; how many there are. */
int back_await_tx(struct back *back, int wanted);
/* Takes a TX request and answers it. */
void back_answer_tx(struct back *back, uint16_t id, int16_t status);

/* The next RX request. */
struct netif_rx_request back_take_rx(struct back *back);
/* The page granted by it, of the front's memory. */
uint8_t *back_page(struct back *back, uint32_t gref);
/* Does with a 60 byte frame what the mode demands. */
void back_fill_rx(struct back *back, uint32_t gref);
void back_put_rx(struct back *back, struct netif_rx_response response);
void back_push(struct back *back);
/* Frames of ours that eth0 has had since the last call. */
int back_count_received(struct back *back);

/* Both ways a frame goes. */
bool back_works(struct back *back);
bool back_front_lives(struct back *back);
/* Waits up to 3 s for netfront's end with this reason. */
bool back_front_ended(struct back *back, const char *why);

#endif
