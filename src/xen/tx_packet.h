/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tx_packet.h - one packet off a TX ring that a hostile front may have filled.
 *
 * Every slot is copied once and only the copy is judged. Pure: no memory but
 * the ring is touched, and of that at most `pending` slots. Called by netback
 * (and the fuzzer).
 */
#ifndef VAZAO_XEN_TX_PACKET_H
#define VAZAO_XEN_TX_PACKET_H

#include <stdint.h>

#include "xen/netif.h"
#include "xen/offload.h"
#include "xen/ring.h"

enum tx_verdict {
	TX_GOOD,
	TX_BAD,	 /* this packet is answered with an error, nothing else */
	TX_FATAL /* no driver does that: the vif is closed */
};

struct tx_fragment {
	uint32_t gref;
	uint16_t offset, size; /* of this fragment alone; inside one page */
};

struct tx_packet {
	enum tx_verdict verdict;
	const char *why; /* where not TX_GOOD */
	uint32_t bytes;	 /* sum of the fragments */
	int fragments;
	struct tx_fragment fragment[NETIF_SLOTS_LEGACY];
	struct offload offload;
	/* in ring order, for the responses */
	int extras; /* between the first id and the others */
	int ids;
	uint16_t id[NETIF_SLOTS_FATAL];
};

/* Takes one packet; `pending` >= 1 as ring_back_pending() said. Returns the
 * slots taken. */
uint32_t tx_packet_take(struct ring_back *ring, uint32_t pending,
			struct tx_packet *packet);

/* Answers all its slots. */
void tx_packet_answer(struct ring_back *ring, const struct tx_packet *packet,
		      int16_t status);

#endif
