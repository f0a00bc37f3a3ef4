/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netif.h - the wire format between netfront and netback: Xen's public
 * io/netif.h. This header is the specification; nothing here is code.
 *
 * TX ring (front -> back), slots of 12 bytes. A packet is one or more slots:
 *   1. netif_tx_request; its `size` is the size of the WHOLE packet
 *   2. if it has NETTXF_extra_info: one netif_extra a slot, chained by
 *      XEN_NETIF_EXTRA_FLAG_MORE
 *   3. if it has NETTXF_more_data: netif_tx_request slots whose `size` is that
 *      of their own fragment, chained by NETTXF_more_data
 * so the first fragment's size is the total less the rest. The back answers
 * every slot: requests with their id, extras with NETIF_RSP_NULL. TX
 * responses may come in any order.
 *
 * RX ring (back -> front), slots of 8 bytes. The front posts netif_rx_request
 * (an empty page each); the back answers in the request's own slot, in order.
 * A packet is one or more slots: the first netif_rx_response, then extras
 * (each uses up a slot; that slot's page comes back unused), then the other
 * fragments. `status` > 0 is the size of that fragment alone.
 *
 * All in the machine's byte order: both ends are on one machine.
 */
#ifndef VAZAO_XEN_NETIF_H
#define VAZAO_XEN_NETIF_H

#include <assert.h>
#include <stdint.h>

#define XEN_PAGE_SIZE 4096

/* Flags of a TX request. */
#define NETTXF_csum_blank     1u /* checksum of TCP/UDP is left to do */
#define NETTXF_data_validated 2u /* checksum is right, or will be */
#define NETTXF_more_data      4u
#define NETTXF_extra_info     8u

struct netif_tx_request {
	uint32_t gref;
	uint16_t offset; /* in the granted page */
	uint16_t flags;
	uint16_t id; /* echoed */
	uint16_t size;
};

#define NETIF_RSP_DROPPED (-2)
#define NETIF_RSP_ERROR	  (-1)
#define NETIF_RSP_OKAY	  0
#define NETIF_RSP_NULL	  1

struct netif_tx_response {
	uint16_t id;
	int16_t status;
};

/* Flags of an RX response: the first two are swapped against TX. */
#define NETRXF_data_validated 1u
#define NETRXF_csum_blank     2u
#define NETRXF_more_data      4u
#define NETRXF_extra_info     8u

struct netif_rx_request {
	uint16_t id;
	uint16_t pad;
	uint32_t gref;
};

struct netif_rx_response {
	uint16_t id;
	uint16_t offset;
	uint16_t flags;
	int16_t status;
};

enum netif_extra_type {
	XEN_NETIF_EXTRA_TYPE_NONE,
	XEN_NETIF_EXTRA_TYPE_GSO,
	XEN_NETIF_EXTRA_TYPE_MCAST_ADD,
	XEN_NETIF_EXTRA_TYPE_MCAST_DEL,
	XEN_NETIF_EXTRA_TYPE_HASH,
	XEN_NETIF_EXTRA_TYPE_MAX
};

#define XEN_NETIF_EXTRA_FLAG_MORE 1u

#define XEN_NETIF_GSO_TYPE_NONE	 0
#define XEN_NETIF_GSO_TYPE_TCPV4 1
#define XEN_NETIF_GSO_TYPE_TCPV6 2

struct netif_extra {
	uint8_t type;
	uint8_t flags;
	union {
		struct {
			uint16_t size; /* payload of one segment */
			uint8_t type;
			uint8_t pad;
			uint16_t features; /* 0 */
		} gso;
		struct {
			uint8_t addr[6];
		} mcast;
		uint16_t pad[3];
	} u;
};

/* A packet in more slots than the first limit is dropped, above the second
 * the front is taken for hostile (Xen: XEN_NETBK_LEGACY_SLOTS_MAX and the
 * default of max_skb_slots). */
#define NETIF_SLOTS_LEGACY 18
#define NETIF_SLOTS_FATAL  20

#define NETIF_MAX_TX_SIZE 0xffff /* netif_tx_request.size is 16 bits */

/* Not the wire's: after so much a driver shows its peer what it has done, so
 * that both work at a time, on what is in the cache still. */
#define BATCH_BYTES 131072

#define NETIF_TX_SLOT_BYTES 12
#define NETIF_RX_SLOT_BYTES 8

static_assert(sizeof(struct netif_tx_request) == NETIF_TX_SLOT_BYTES, "wire");
static_assert(sizeof(struct netif_tx_response) == 4, "wire");
static_assert(sizeof(struct netif_rx_request) == NETIF_RX_SLOT_BYTES, "wire");
static_assert(sizeof(struct netif_rx_response) == NETIF_RX_SLOT_BYTES, "wire");
static_assert(sizeof(struct netif_extra) == 8, "wire");

#endif
