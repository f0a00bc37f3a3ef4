/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/offload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "xen/netif.h"

/* A frame's headers: Ethernet (VLAN), IPv4 or IPv6, TCP or UDP. */
static size_t make(uint8_t *h, bool vlan, bool ipv6, uint8_t protocol)
{
	size_t at = 12;

	memset(h, 0, OFFLOAD_HEADER_BYTES);
	if (vlan) {
		h[at] = 0x81;
		at += 4;
	}
	h[at] = ipv6 ? 0x86 : 0x08;
	h[at + 1] = ipv6 ? 0xdd : 0x00;
	at += 2;
	h[at] = ipv6 ? 0x60 : 0x45;
	h[at + (ipv6 ? 6 : 9)] = protocol;
	at += ipv6 ? 40 : 20;
	h[at + 12] = 8 << 4; /* TCP: 32 bytes */
	return at;
}

static struct virtio_net_hdr vnet_of(size_t start, uint16_t offset)
{
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = (uint16_t)start,
		.csum_offset = offset,
	};
}

static void both_ways_meet(void **state)
{
	uint8_t h[OFFLOAD_HEADER_BYTES];

	(void)state;
	for (int i = 0; i < 8; i++) {
		bool ipv6 = i & 1, vlan = i & 2, tcp = i & 4;
		size_t at = make(h, vlan, ipv6, tcp ? 6 : 17);
		struct virtio_net_hdr in = vnet_of(at, tcp ? 16 : 6), out;
		struct offload offload;

		if (tcp) {
			in.gso_type = ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6
					   : VIRTIO_NET_HDR_GSO_TCPV4;
			in.gso_size = 1448;
			in.hdr_len = (uint16_t)(at + 32);
		}
		assert_true(offload_from_vnet(&in, h, sizeof(h), &offload));
		assert_true(offload.csum_blank);
		assert_true(offload_to_vnet(&offload, h, sizeof(h), &out));
		assert_memory_equal(&in, &out, sizeof(in));
	}
}

static void headers_that_do_not_bear_it(void **state)
{
	struct offload gso4 = { .csum_blank = true,
				.gso_type = XEN_NETIF_GSO_TYPE_TCPV4,
				.gso_size = 1448 };
	uint8_t h[OFFLOAD_HEADER_BYTES];
	struct virtio_net_hdr out;
	size_t at = make(h, false, false, 6);

	(void)state;
	assert_true(offload_to_vnet(&gso4, h, sizeof(h), &out));
	for (size_t bytes = 0; bytes < at + 32; bytes++) /* cut anywhere */
		assert_false(offload_to_vnet(&gso4, h, bytes, &out));
	h[at + 12] = 4 << 4; /* a TCP header of 16 bytes */
	assert_false(offload_to_vnet(&gso4, h, sizeof(h), &out));
	make(h, false, false, 6);
	h[14] = 0x44; /* an IPv4 header of 16 */
	assert_false(offload_to_vnet(&gso4, h, sizeof(h), &out));
	make(h, false, false, 6);
	h[14 + 7] = 1; /* a later fragment */
	assert_false(offload_to_vnet(&gso4, h, sizeof(h), &out));
	make(h, false, true, 6); /* GSO v4, frame v6 */
	assert_false(offload_to_vnet(&gso4, h, sizeof(h), &out));
	make(h, false, false, 17); /* GSO of UDP */
	assert_false(offload_to_vnet(&gso4, h, sizeof(h), &out));
	make(h, false, true, 43); /* routing headers that lead nowhere */
	h[14 + 40] = 43;
	h[14 + 41] = 255;
	assert_false(offload_to_vnet(&gso4, h, sizeof(h), &out));
}

static void what_netif_cannot_say(void **state)
{
	uint8_t h[OFFLOAD_HEADER_BYTES];
	size_t at = make(h, false, false, 132); /* SCTP */
	struct virtio_net_hdr vnet = vnet_of(at, 8);
	struct offload offload;

	(void)state;
	assert_false(offload_from_vnet(&vnet, h, sizeof(h), &offload));
	at = make(h, false, false, 6);
	vnet = vnet_of(at + 2, 16); /* not where TCP begins */
	assert_false(offload_from_vnet(&vnet, h, sizeof(h), &offload));
}

/* RFC 1071's example, split over pieces at every place. */
static void checksum_in_pieces(void **state)
{
	static const uint8_t data[] = { 0xee, 0x00, 0x01, 0xf2, 0x03, 0xf4,
					0xf5, 0xf6, 0xf7, 0,	0 };

	(void)state;
	for (size_t cut = 1; cut < sizeof(data); cut++) {
		uint8_t copy[sizeof(data)];
		struct iovec iov[2] = { { copy, cut },
					{ copy + cut, sizeof(data) - cut } };

		memcpy(copy, data, sizeof(data));
		assert_true(offload_finish_checksum(iov, 2, 1, 8));
		assert_int_equal(copy[9] << 8 | copy[10], 0x220d);
		assert_false(offload_finish_checksum(iov, 2, 1, 9));
		assert_false(offload_finish_checksum(iov, 2, 65535, 65535));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_meet),
		cmocka_unit_test(headers_that_do_not_bear_it),
		cmocka_unit_test(what_netif_cannot_say),
		cmocka_unit_test(checksum_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
