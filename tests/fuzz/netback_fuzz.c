/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What netback reads from a hostile front, under libFuzzer: a TX ring page, a
 * grant table, frame headers, handshake messages. The first byte of an input
 * says which. Besides what the sanitizers find, what netback relies on is
 * asserted.
 */
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xen/grant.h"
#include "xen/offload.h"
#include "xen/tx_packet.h"
#include "xen/xenbus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool true_always)
{
	if (!true_always)
		abort();
}

static void check_packet(const struct tx_packet *packet, uint32_t taken,
			 uint32_t pending)
{
	uint32_t sum = 0;

	claim(taken >= 1 && taken <= pending);
	claim(packet->ids <= NETIF_SLOTS_FATAL);
	claim(packet->verdict == TX_FATAL ||
	      (uint32_t)(packet->ids + packet->extras) == taken);
	if (packet->verdict != TX_GOOD)
		return;
	claim(packet->fragments >= 1 &&
	      packet->fragments <= NETIF_SLOTS_LEGACY);
	for (int i = 0; i < packet->fragments; i++) {
		const struct tx_fragment *f = &packet->fragment[i];

		claim(f->size > 0 && f->offset + f->size <= XEN_PAGE_SIZE);
		sum += f->size;
	}
	claim(sum == packet->bytes && sum >= ETH_HLEN);
	claim(!packet->offload.gso_type || packet->offload.gso_size);
}

static void fuzz_ring(const uint8_t *data, size_t size)
{
	_Alignas(4096) static uint8_t page[4096];
	struct ring_back ring;
	struct tx_packet packet = { 0 };
	int pending;

	memset(page, 0, sizeof(page));
	/* data: a byte of req_prod, then slots */
	page[0] = size ? data[0] : 0;
	page[1] = size > 1 ? data[1] & 1 : 0;
	if (size > 2)
		memcpy(page + RING_HEADER_BYTES, data + 2,
		       size - 2 < 3072 ? size - 2 : 3072);
	ring_back_attach(&ring, (struct ring_shared *)page, 1,
			 NETIF_TX_SLOT_BYTES);
	while ((pending = ring_back_pending(&ring)) > 0) {
		uint32_t taken =
			tx_packet_take(&ring, (uint32_t)pending, &packet);

		check_packet(&packet, taken, (uint32_t)pending);
		if (packet.verdict == TX_FATAL)
			return;
		tx_packet_answer(&ring, &packet, NETIF_RSP_OKAY);
		claim(ring.rsp_prod_pvt == ring.req_cons);
	}
}

static void fuzz_grants(const uint8_t *data, size_t size)
{
	enum { COUNT = 16, FRAMES = 40 };
	_Alignas(8) static uint8_t table[COUNT * 8];
	struct grant_view_args args = { .entry = (struct grant_entry *)table,
					.count = COUNT,
					.frames = FRAMES };
	struct grant_view *view;
	int held[COUNT] = { 0 };

	memset(table, 0, sizeof(table));
	if (grant_view_open(&view, &args, NULL))
		return;
	/* steps of 3 bytes: write a byte, pin, or unpin */
	for (size_t i = 0; i + 2 < size; i += 3) {
		uint32_t ref = data[i + 1], frame;
		bool write = data[i] & 4;

		if ((data[i] & 3) == 0)
			table[ref % sizeof(table)] = data[i + 2];
		else if ((data[i] & 3) == 1)
			grant_transfer(view, ref, 1, &frame);
		else if (held[ref % COUNT] &&
			 (held[ref % COUNT] > 0) == write) {
			held[ref % COUNT] = 0;
			grant_unpin(view, ref % COUNT, write);
		} else if (!held[ref % COUNT] &&
			   grant_pin(view, ref, write, &frame) == GNTST_okay) {
			claim(frame < FRAMES);
			claim(ref >= GRANT_RESERVED && ref < COUNT);
			held[ref] = write ? 1 : -1;
		}
	}
	grant_view_close(view);
}

static void fuzz_headers(const uint8_t *data, size_t size)
{
	struct offload offload = { .csum_blank = true };
	struct virtio_net_hdr vnet;

	if (size < 1)
		return;
	offload.gso_type = data[0] % 3;
	offload.gso_size = 1448;
	if (!offload_to_vnet(&offload, data + 1, size - 1, &vnet))
		return;
	claim(vnet.csum_start + vnet.csum_offset + 2u <= size - 1);
	claim(vnet.hdr_len <= size - 1);
}

static void fuzz_handshake(const uint8_t *data, size_t size)
{
	struct xenbus_range range = { 1, 16, 1 };
	struct xenbus *bus;
	int fd[2], taken;
	int64_t value;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return;
	if (xenbus_open(&bus, fd[0], NULL) == 0) {
		send(fd[1], data, size, MSG_DONTWAIT);
		if (size && xenbus_receive(bus, NULL) == 1) {
			if (!xenbus_get_int(bus, "ring-pages", range, &value,
					    NULL))
				claim(value >= 1 && value <= 16);
			claim(xenbus_take_fd(bus, "memory-tx", &taken, NULL));
		}
		xenbus_close(bus);
	}
	close(fd[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(const uint8_t *,
				     size_t) = { fuzz_ring, fuzz_grants,
						 fuzz_headers, fuzz_handshake };

	if (size)
		kinds[data[0] % 4](data + 1, size - 1);
	return 0;
}
