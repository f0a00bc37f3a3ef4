/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/tx_packet.h"

#include <linux/if_ether.h>
#include <stdbool.h>
#include <string.h>

struct taker {
	struct ring_back *ring;
	uint32_t pending, taken;
	struct tx_packet *packet;
};

/* The worst verdict stands, with its first reason. */
static void judge(struct tx_packet *packet, enum tx_verdict verdict,
		  const char *why)
{
	if (verdict <= packet->verdict)
		return;
	packet->verdict = verdict;
	packet->why = why;
}

static bool next_slot(struct taker *t, void *slot, size_t bytes)
{
	if (t->taken == t->pending)
		return false;
	ring_back_get(t->ring, slot, bytes);
	t->taken++;
	return true;
}

static void take_gso(struct tx_packet *packet, const struct netif_extra *extra)
{
	if (!extra->u.gso.size)
		judge(packet, TX_FATAL, "GSO size is 0");
	if (extra->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4 &&
	    extra->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV6)
		judge(packet, TX_FATAL, "unknown GSO type");
	packet->offload.gso_size = extra->u.gso.size;
	packet->offload.gso_type = extra->u.gso.type;
}

static void take_extras(struct taker *t)
{
	struct tx_packet *packet = t->packet;
	struct netif_extra extra;

	do {
		if (!next_slot(t, &extra, sizeof(extra))) {
			judge(packet, TX_FATAL, "missing extra");
			return;
		}
		packet->extras++;
		if (extra.type == XEN_NETIF_EXTRA_TYPE_NONE ||
		    extra.type >= XEN_NETIF_EXTRA_TYPE_MAX)
			judge(packet, TX_FATAL, "unknown extra");
		else if (extra.type == XEN_NETIF_EXTRA_TYPE_GSO)
			take_gso(packet, &extra);
		/* one of each type is all that makes sense */
		if (packet->extras >= XEN_NETIF_EXTRA_TYPE_MAX)
			judge(packet, TX_FATAL, "too many extras");
	} while (packet->verdict != TX_FATAL &&
		 extra.flags & XEN_NETIF_EXTRA_FLAG_MORE);
}

static void take_fragment(struct tx_packet *packet,
			  const struct netif_tx_request *slot)
{
	packet->id[packet->ids++] = slot->id;
	if ((uint32_t)slot->offset + slot->size > XEN_PAGE_SIZE)
		judge(packet, TX_FATAL, "fragment crosses a page");
	if (!slot->size)
		judge(packet, TX_BAD, "fragment of no bytes");
	if (packet->fragments == NETIF_SLOTS_LEGACY) {
		judge(packet, TX_BAD, "more than 18 slots");
		return;
	}
	packet->fragment[packet->fragments++] = (struct tx_fragment){
		.gref = slot->gref,
		.offset = slot->offset,
		.size = slot->size,
	};
}

/* The slots after the first; `left` is what the first's size leaves them. */
static void take_rest(struct taker *t, uint32_t *left)
{
	struct tx_packet *packet = t->packet;
	struct netif_tx_request slot;

	do {
		if (packet->ids == NETIF_SLOTS_FATAL) {
			judge(packet, TX_FATAL, "more than 20 slots");
			return;
		}
		if (!next_slot(t, &slot, sizeof(slot))) {
			judge(packet, TX_FATAL, "slots of a packet missing");
			return;
		}
		take_fragment(packet, &slot);
		if (slot.size > *left)
			judge(packet, TX_BAD, "fragments exceed the packet");
		else
			*left -= slot.size;
	} while (packet->verdict != TX_FATAL && slot.flags & NETTXF_more_data);
}

uint32_t tx_packet_take(struct ring_back *ring, uint32_t pending,
			struct tx_packet *packet)
{
	struct taker t = { ring, pending, 0, packet };
	struct netif_tx_request first = { 0 };
	uint32_t left;

	packet->verdict = TX_GOOD;
	packet->why = NULL;
	packet->extras = 0;
	packet->ids = packet->fragments = 1;
	packet->offload = (struct offload){ 0 };
	next_slot(&t, &first, sizeof(first));
	packet->id[0] = first.id;
	packet->bytes = left = first.size;
	packet->offload.csum_blank = first.flags & NETTXF_csum_blank;
	packet->offload.data_validated = first.flags & NETTXF_data_validated;
	if (first.flags & NETTXF_extra_info)
		take_extras(&t);
	if (packet->verdict != TX_FATAL && first.flags & NETTXF_more_data)
		take_rest(&t, &left);
	if (packet->bytes < ETH_HLEN)
		judge(packet, TX_BAD, "packet shorter than its header");
	if (!left)
		judge(packet, TX_BAD, "fragment of no bytes");
	/* with the rest missing, or too large, `left` means nothing */
	if (packet->verdict == TX_GOOD && first.offset + left > XEN_PAGE_SIZE)
		judge(packet, TX_FATAL, "fragment crosses a page");
	packet->fragment[0] = (struct tx_fragment){
		.gref = first.gref,
		.offset = first.offset,
		.size = (uint16_t)left,
	};
	return t.taken;
}

void tx_packet_answer(struct ring_back *ring, const struct tx_packet *packet,
		      int16_t status)
{
	struct netif_tx_response null = { 0, NETIF_RSP_NULL };

	for (int i = 0; i < packet->ids; i++) {
		struct netif_tx_response answer = { packet->id[i], status };

		ring_back_put(ring, &answer, sizeof(answer));
		for (int k = 0; i == 0 && k < packet->extras; k++)
			ring_back_put(ring, &null, sizeof(null));
	}
}
