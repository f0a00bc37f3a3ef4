/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tx_state.h - netback's inside: sent packets between the ring and the TAP.
 *
 * Not for other rooms.
 */
#ifndef VAZAO_XEN_TX_STATE_H
#define VAZAO_XEN_TX_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "xen/netif.h"
#include "xen/rx_mode.h"
#include "xen/tap_write.h"
#include "xen/tx_packet.h"

#define TX_BATCH       64 /* sent packets in hand */
#define TX_ARENA_BYTES (BATCH_BYTES + VIF_FRAME_BYTES)

/* A packet off the TX ring, on its way to the TAP. */
struct tx_item {
	struct tx_packet packet;
	uint32_t frame[NETIF_SLOTS_LEGACY];
	int pinned; /* the first fragments are */
	struct iovec piece[NETIF_SLOTS_LEGACY];
	struct tap_frame out;
	bool gathered, done; /* done: has its status, is not to be sent */
	int16_t status;
};

struct tx_state {
	struct tx_item *item; /* TX_BATCH */
	int items, at;	      /* `at`: the first not handed over */
	struct tap_writer writer;
	uint8_t *arena; /* grant-copy: packets fetched */
	bool waits_credit, waits_tap;
};

#endif
