/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/tx_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bed {
	struct ring_shared *shared;
	struct ring_front front;
	struct ring_back back;
	struct tx_packet packet;
	uint32_t taken;
};

static int open_bed(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	bed->shared = aligned_alloc(4096, 4096);
	ring_init(bed->shared, 1);
	ring_front_attach(&bed->front, bed->shared, 1, NETIF_TX_SLOT_BYTES);
	ring_back_attach(&bed->back, bed->shared, 1, NETIF_TX_SLOT_BYTES);
	*state = bed;
	return 0;
}

static int close_bed(void **state)
{
	struct bed *bed = *state;

	free(bed->shared);
	free(bed);
	return 0;
}

static void put(struct bed *bed, uint16_t id, uint16_t offset, uint16_t size,
		uint16_t flags)
{
	struct netif_tx_request request = { .gref = 100u + id,
					    .offset = offset,
					    .flags = flags,
					    .id = id,
					    .size = size };

	ring_front_put(&bed->front, &request, sizeof(request));
}

static void put_extra(struct bed *bed, uint8_t type, uint8_t flags,
		      uint16_t gso_size, uint8_t gso_type)
{
	struct netif_extra extra = { .type = type, .flags = flags };

	extra.u.gso.size = gso_size;
	extra.u.gso.type = gso_type;
	ring_front_put(&bed->front, &extra, sizeof(extra));
}

static enum tx_verdict take(struct bed *bed)
{
	int pending;

	ring_front_push(&bed->front);
	pending = ring_back_pending(&bed->back);
	assert_true(pending > 0);
	bed->taken =
		tx_packet_take(&bed->back, (uint32_t)pending, &bed->packet);
	assert_true(bed->taken > 0 && bed->taken <= (uint32_t)pending);
	if (bed->packet.verdict == TX_GOOD)
		assert_null(bed->packet.why);
	else
		assert_non_null(bed->packet.why);
	return bed->packet.verdict;
}

static void large_packet_with_extra(void **state)
{
	struct bed *bed = *state;
	struct netif_tx_response rsp;

	put(bed, 1, 96, 4000 + 4096 + 100,
	    NETTXF_more_data | NETTXF_extra_info | NETTXF_csum_blank);
	put_extra(bed, XEN_NETIF_EXTRA_TYPE_GSO, 0, 1448,
		  XEN_NETIF_GSO_TYPE_TCPV4);
	put(bed, 2, 0, 4096, NETTXF_more_data);
	put(bed, 3, 10, 100, 0);
	put(bed, 4, 0, 60, 0); /* the next one */
	assert_int_equal(take(bed), TX_GOOD);
	assert_int_equal(bed->taken, 4);
	assert_int_equal(bed->packet.fragments, 3);
	assert_int_equal(bed->packet.fragment[0].size, 4000);
	assert_int_equal(bed->packet.fragment[2].offset, 10);
	assert_int_equal(bed->packet.offload.gso_size, 1448);
	assert_true(bed->packet.offload.csum_blank);
	tx_packet_answer(&bed->back, &bed->packet, NETIF_RSP_OKAY);
	ring_back_push(&bed->back);
	assert_int_equal(ring_front_pending(&bed->front), 4);
	ring_front_get(&bed->front, &rsp, sizeof(rsp));
	assert_int_equal(rsp.id, 1);
	ring_front_get(&bed->front, &rsp, sizeof(rsp));
	assert_int_equal(rsp.status, NETIF_RSP_NULL);
	ring_front_get(&bed->front, &rsp, sizeof(rsp));
	assert_int_equal(rsp.id, 2);
	assert_int_equal(take(bed), TX_GOOD);
	assert_int_equal(bed->packet.bytes, 60);
}

static void page_is_the_limit(void **state)
{
	struct bed *bed = *state;

	put(bed, 1, 4096 - 60, 60, 0);
	assert_int_equal(take(bed), TX_GOOD);
	put(bed, 1, 4096 - 60, 61, 0);
	assert_int_equal(take(bed), TX_FATAL);
	put(bed, 1, 0, 200, NETTXF_more_data);
	put(bed, 2, 4000, 97, 0);
	assert_int_equal(take(bed), TX_FATAL);
	put(bed, 1, 65535, 65535, 0); /* no wrap of 16 bits */
	assert_int_equal(take(bed), TX_FATAL);
}

static void missing_slots_are_fatal(void **state)
{
	struct bed *bed = *state;

	put(bed, 1, 0, 200, NETTXF_more_data);
	assert_int_equal(take(bed), TX_FATAL);
	put(bed, 1, 0, 200, NETTXF_extra_info);
	assert_int_equal(take(bed), TX_FATAL);
	put(bed, 1, 0, 200, NETTXF_extra_info);
	put_extra(bed, XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_FLAG_MORE, 1,
		  XEN_NETIF_GSO_TYPE_TCPV4);
	assert_int_equal(take(bed), TX_FATAL);
}

static void extras_are_judged(void **state)
{
	static const struct {
		uint8_t type;
		uint16_t size;
		uint8_t gso;
		enum tx_verdict verdict;
	} row[] = {
		{ XEN_NETIF_EXTRA_TYPE_NONE, 1, 1, TX_FATAL },
		{ XEN_NETIF_EXTRA_TYPE_MAX, 1, 1, TX_FATAL },
		{ 255, 1, 1, TX_FATAL },
		{ XEN_NETIF_EXTRA_TYPE_GSO, 0, 1, TX_FATAL },
		{ XEN_NETIF_EXTRA_TYPE_GSO, 1448, 0, TX_FATAL },
		{ XEN_NETIF_EXTRA_TYPE_GSO, 1448, 3, TX_FATAL },
		{ XEN_NETIF_EXTRA_TYPE_GSO, 1448, 2, TX_GOOD },
		{ XEN_NETIF_EXTRA_TYPE_HASH, 0, 0, TX_GOOD },
	};
	struct bed *bed = *state;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		put(bed, 1, 0, 200, NETTXF_extra_info);
		put_extra(bed, row[i].type, 0, row[i].size, row[i].gso);
		assert_int_equal(take(bed), row[i].verdict);
	}
}

/* A chain of extras that says MORE for ever stops early. */
static void endless_extras(void **state)
{
	struct bed *bed = *state;

	put(bed, 1, 0, 200, NETTXF_extra_info);
	for (int i = 0; i < 250; i++)
		put_extra(bed, XEN_NETIF_EXTRA_TYPE_HASH,
			  XEN_NETIF_EXTRA_FLAG_MORE, 0, 0);
	assert_int_equal(take(bed), TX_FATAL);
	assert_true(bed->taken < 10);
}

static void slots_are_counted(void **state)
{
	struct bed *bed = *state;

	for (int slots = 17; slots <= 21; slots++) {
		enum tx_verdict want = slots <= 18   ? TX_GOOD
				       : slots <= 20 ? TX_BAD
						     : TX_FATAL;

		for (int i = 0; i < slots; i++)
			put(bed, (uint16_t)i, 0,
			    i ? 100 : (uint16_t)(100 * slots),
			    i == slots - 1 ? 0 : NETTXF_more_data);
		assert_int_equal(take(bed), want);
		if (want == TX_BAD) /* every slot gets its answer */
			assert_int_equal(bed->packet.ids, slots);
	}
}

static void sizes_must_add_up(void **state)
{
	struct bed *bed = *state;

	put(bed, 1, 0, 13, 0); /* shorter than an Ethernet header */
	assert_int_equal(take(bed), TX_BAD);
	put(bed, 1, 0, 0, 0);
	assert_int_equal(take(bed), TX_BAD);
	put(bed, 1, 0, 100, NETTXF_more_data);
	put(bed, 2, 0, 101, 0); /* more than the packet */
	assert_int_equal(take(bed), TX_BAD);
	assert_int_equal(bed->taken, 2);
	put(bed, 1, 0, 100, NETTXF_more_data);
	put(bed, 2, 0, 100, 0); /* nothing is left for the first */
	assert_int_equal(take(bed), TX_BAD);
	put(bed, 1, 0, 100, NETTXF_more_data);
	put(bed, 2, 0, 0, 0); /* XSA-448 */
	assert_int_equal(take(bed), TX_BAD);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_bed, close_bed)
	const struct CMUnitTest tests[] = {
		T(large_packet_with_extra), T(page_is_the_limit),
		T(missing_slots_are_fatal), T(extras_are_judged),
		T(endless_extras),	    T(slots_are_counted),
		T(sizes_must_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
