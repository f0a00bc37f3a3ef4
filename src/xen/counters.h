/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * counters.h - what a vif did, at either end, in numbers that only grow. One
 * table is behind the JSON that a study stores a block. "tx" is the guest's
 * sending direction at both ends. Called by netfront and netback.
 */
#ifndef VAZAO_XEN_COUNTERS_H
#define VAZAO_XEN_COUNTERS_H

#include <stdint.h>

#include <jansson.h>

struct netif_counters {
	uint64_t tx_frames, tx_bytes, tx_slots;
	uint64_t rx_frames, rx_bytes, rx_slots;
	uint64_t tx_dropped, rx_dropped; /* by us, each for a reason logged */
	uint64_t tx_errors, rx_errors;	 /* answered with an error status */
	uint64_t filtered;		 /* not the vif's own address or VLAN */
	uint64_t notify_sent, notify_spared;
	uint64_t events, storms;
	uint64_t sleeps; /* waits with nothing to do */
	uint64_t flips;	 /* pages exchanged */
	uint64_t remaps; /* MAP_FIXED calls for them */
	uint64_t copies; /* page fragments copied by us */
	uint64_t copied_bytes;
	uint64_t header_copies;
	uint64_t tx_ring_full, rx_ring_full; /* times it held still */
	uint64_t credit_waits;
	uint64_t aggregated; /* frames that went as part of a larger one */
};

/* A new reference. */
json_t *netif_counters_to_json(const struct netif_counters *counters);
/* sum += counters */
void netif_counters_add(struct netif_counters *sum,
			const struct netif_counters *counters);

#endif
