/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/aggregate.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "xen/checksum.h"

#define MSS 1448

struct made {
	uint8_t frame[4096];
	uint32_t bytes;
	bool ipv6, vlan;
	struct segment segment;
};

static uint8_t *ip_of(struct made *m)
{
	return m->frame + 14 + (m->vlan ? 4 : 0);
}

static uint8_t *tcp_of(struct made *m)
{
	return ip_of(m) + (m->ipv6 ? 40 : 20);
}

static void set16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void set32(uint8_t *at, uint32_t value)
{
	set16(at, value >> 16);
	set16(at + 2, value);
}

static void seal(struct made *m)
{
	uint8_t *ip = ip_of(m), *tcp = tcp_of(m);
	uint32_t bytes = m->bytes - (uint32_t)(tcp - m->frame);
	uint16_t sum;

	if (!m->ipv6) {
		set16(ip + 10, 0);
		sum = checksum_fold(checksum_add(0, ip, 20));
		memcpy(ip + 10, &sum, 2);
	}
	set16(tcp + 16, 0);
	sum = checksum_fold(checksum_add(checksum_pseudo(ip, m->ipv6, 6, bytes),
					 tcp, bytes));
	memcpy(tcp + 16, &sum, 2);
}

struct want {
	uint32_t seq;
	uint16_t id, payload;
	bool ipv6, vlan;
};

/* A segment as Linux sends it: DF, timestamps. */
static void make(struct made *m, struct want w)
{
	uint8_t *ip, *tcp;

	memset(m, 0, sizeof(*m));
	m->ipv6 = w.ipv6;
	m->vlan = w.vlan;
	ip = ip_of(m);
	tcp = tcp_of(m);
	memcpy(m->frame, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02",
	       12);
	set16(ip - 2, w.ipv6 ? 0x86dd : 0x0800);
	if (w.vlan)
		set32(m->frame + 12, 0x81000007);
	m->bytes = (uint32_t)(tcp - m->frame) + 32 + w.payload;
	if (w.ipv6) {
		set32(ip, 0x60000000);
		set16(ip + 4, 32 + w.payload);
		ip[6] = 6;
		ip[7] = 64;
		memset(ip + 8, 0x11, 32);
	} else {
		set32(ip, 0x45000000 + 52 + w.payload);
		set32(ip + 4, (uint32_t)w.id << 16 | 0x4000);
		ip[8] = 64;
		ip[9] = 6;
		memcpy(ip + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
	}
	memcpy(tcp, "\x30\x39\x14\x51", 4);
	set32(tcp + 4, w.seq);
	set32(tcp + 8, 77);
	set32(tcp + 12, 0x80100200);
	memcpy(tcp + 20, "\x01\x01\x08\x0a\x00\x00\x00\x05\x00\x00\x00\x06",
	       12);
	for (int i = 0; i < w.payload; i++)
		tcp[32 + i] = (uint8_t)(w.seq + (uint32_t)i);
	seal(m);
}

static bool find(struct made *m)
{
	return aggregate_find(m->frame, 138, m->bytes, &m->segment);
}

static void begin(struct aggregate *a, struct want w)
{
	struct made m;

	make(&m, w);
	assert_true(find(&m));
	aggregate_begin(a, m.frame, &m.segment);
}

static bool join(struct aggregate *a, struct made *m)
{
	return find(m) && aggregate_join(a, m->frame, &m->segment);
}

static const struct want first = { .seq = 1000, .id = 5, .payload = MSS };
static const struct want second = { .seq = 2448, .id = 6, .payload = MSS };

/* What a kernel makes of the large frame: header sums, cut in segments. */
static void check_large(struct aggregate *a, bool ipv6, uint32_t payload)
{
	struct virtio_net_hdr vnet;
	const uint8_t *ip = a->header + a->first.network;
	const uint8_t *tcp = a->header + a->first.transport;
	uint32_t bytes = 32 + payload;
	uint16_t pseudo;

	aggregate_end(a, &vnet);
	assert_int_equal(a->segments, 0);
	assert_int_equal(vnet.gso_size, MSS);
	assert_int_equal(vnet.gso_type, ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6
					     : VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(vnet.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(vnet.csum_start, a->first.transport);
	assert_int_equal(vnet.csum_offset, 16);
	assert_int_equal(vnet.hdr_len, a->first.payload);
	assert_int_equal(ip[ipv6 ? 4 : 2] << 8 | ip[ipv6 ? 5 : 3],
			 ipv6 ? bytes : bytes + 20);
	if (!ipv6)
		assert_int_equal(checksum_fold(checksum_add(0, ip, 20)), 0);
	pseudo = (uint16_t)~checksum_fold(checksum_pseudo(ip, ipv6, 6, bytes));
	assert_memory_equal(tcp + 16, &pseudo, 2);
}

static void merges_what_follows_in_order(void **state)
{
	struct aggregate a;
	struct made m;

	(void)state;
	begin(&a, first);
	make(&m, second);
	assert_true(join(&a, &m));
	make(&m, (struct want){ .seq = 3896, .id = 7, .payload = 100 });
	assert_true(join(&a, &m));
	assert_int_equal(a.segments, 3);
	assert_int_equal(a.bytes, 66 + 2 * MSS + 100);
	/* shorter than the first: the last */
	make(&m, (struct want){ .seq = 3996, .id = 8, .payload = 100 });
	assert_false(join(&a, &m));
	check_large(&a, false, 2 * MSS + 100);
}

static void merges_ipv6_and_vlan(void **state)
{
	struct want one = { .seq = 1, .payload = MSS, .ipv6 = true };
	struct want two = { .seq = 1 + MSS, .payload = MSS, .ipv6 = true };
	struct aggregate a;
	struct made m;

	(void)state;
	begin(&a, one);
	make(&m, two);
	assert_true(join(&a, &m));
	check_large(&a, true, 2 * MSS);
	one.vlan = two.vlan = true;
	begin(&a, one);
	make(&m, two);
	assert_true(join(&a, &m));
	check_large(&a, true, 2 * MSS);
	/* another VLAN */
	begin(&a, one);
	make(&m, two);
	m.frame[15]++;
	assert_false(join(&a, &m));
}

static void ends_with_psh(void **state)
{
	struct aggregate a;
	struct made m;

	(void)state;
	begin(&a, first);
	make(&m, second);
	tcp_of(&m)[13] |= 8;
	seal(&m);
	assert_true(join(&a, &m));
	assert_int_equal(a.header[14 + 20 + 13], 0x18);
	make(&m, (struct want){ .seq = 3896, .id = 7, .payload = MSS });
	assert_false(join(&a, &m));
	/* also where it is the first that has it */
	make(&m, first);
	tcp_of(&m)[13] |= 8;
	seal(&m);
	assert_true(find(&m));
	aggregate_begin(&a, m.frame, &m.segment);
	make(&m, second);
	assert_false(join(&a, &m));
}

/* Each byte of the second segment's headers, changed alone. */
static void refuses_what_cutting_would_not_give_back(void **state)
{
	struct aggregate a;
	struct made m;

	(void)state;
	for (int at = 0; at < 66; at++) {
		begin(&a, first);
		make(&m, second);
		m.frame[at] ^= at == 14 + 20 + 13 ? 0x01 : 0x40;
		seal(&m);
		if (at == 14 + 4 || at == 14 + 5) /* the id, under DF */
			assert_true(join(&a, &m));
		else if (at == 14 + 10 || at == 14 + 11 || at == 34 + 16 ||
			 at == 34 + 17) /* put right by seal() */
			assert_true(join(&a, &m));
		else
			assert_false(join(&a, &m));
	}
}

static void wants_consecutive_ids_without_df(void **state)
{
	struct aggregate a;
	struct made m, n;

	(void)state;
	for (uint16_t id = 5; id < 8; id++) {
		make(&m, first);
		make(&n, second);
		ip_of(&m)[6] = ip_of(&n)[6] = 0;
		set16(ip_of(&n) + 4, id);
		seal(&m);
		seal(&n);
		assert_true(find(&m));
		aggregate_begin(&a, m.frame, &m.segment);
		assert_int_equal(join(&a, &n), id == 6);
	}
}

static void lets_odd_frames_go_alone(void **state)
{
	const uint8_t flags[] = { 0x11, 0x12, 0x14, 0x30, 0x50, 0x90, 0x00 };
	struct made m;

	(void)state;
	for (size_t i = 0; i < sizeof(flags); i++) {
		make(&m, first);
		tcp_of(&m)[13] = flags[i];
		seal(&m);
		assert_false(find(&m));
	}
	make(&m, (struct want){ .seq = 1, .payload = 0 });
	assert_false(find(&m));
	make(&m, first);
	m.bytes++; /* padding */
	assert_false(find(&m));
	make(&m, first);
	ip_of(&m)[10]++; /* the IP header's checksum */
	assert_false(find(&m));
	make(&m, first);
	ip_of(&m)[6] = 0x20; /* a fragment */
	seal(&m);
	assert_false(find(&m));
	make(&m, first);
	ip_of(&m)[9] = 17; /* UDP */
	seal(&m);
	assert_false(find(&m));
	make(&m, first);
	tcp_of(&m)[12] = 0x40; /* a header of 16 bytes */
	seal(&m);
	assert_false(find(&m));
}

/* Headers cut off at any place: nothing beyond is read (ASan sees it). */
static void bears_short_headers(void **state)
{
	struct made m;

	(void)state;
	make(&m, first);
	for (size_t bytes = 0; bytes < 66; bytes++) {
		uint8_t *cut = test_malloc(bytes + 1);

		memcpy(cut, m.frame, bytes);
		assert_false(aggregate_find(cut, bytes, m.bytes, &m.segment));
		assert_false(aggregate_find(cut, bytes, (uint32_t)bytes,
					    &m.segment));
		test_free(cut);
	}
}

static void stops_at_64_segments_and_64_kib(void **state)
{
	struct want w = { .payload = MSS };
	struct aggregate a;
	struct made m;
	int joined = 1;

	(void)state;
	begin(&a, w);
	for (;; joined++) {
		w.seq += MSS;
		w.id++;
		make(&m, w);
		if (!join(&a, &m))
			break;
	}
	assert_int_equal(joined, (65535 - 66) / MSS);
	w = (struct want){ .payload = 10 };
	begin(&a, w);
	for (joined = 1;; joined++) {
		w.seq += 10;
		w.id++;
		make(&m, w);
		if (!join(&a, &m))
			break;
	}
	assert_int_equal(joined, AGGREGATE_FRAMES);
}

static void finds_a_wrong_checksum(void **state)
{
	struct made m;
	struct iovec iov[2] = { { m.frame + 66, 61 },
				{ m.frame + 66 + 61, 0 } };

	(void)state;
	make(&m, first);
	iov[1].iov_len = m.bytes - 66 - 61;
	assert_true(find(&m));
	assert_true(aggregate_checks_out(iov, 2, m.frame, &m.segment));
	m.frame[100] ^= 1;
	assert_false(aggregate_checks_out(iov, 2, m.frame, &m.segment));
	m.frame[100] ^= 1;
	m.frame[14 + 20 + 9] ^= 1; /* its ACK */
	assert_false(aggregate_checks_out(iov, 2, m.frame, &m.segment));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges_what_follows_in_order),
		cmocka_unit_test(merges_ipv6_and_vlan),
		cmocka_unit_test(ends_with_psh),
		cmocka_unit_test(refuses_what_cutting_would_not_give_back),
		cmocka_unit_test(wants_consecutive_ids_without_df),
		cmocka_unit_test(lets_odd_frames_go_alone),
		cmocka_unit_test(bears_short_headers),
		cmocka_unit_test(stops_at_64_segments_and_64_kib),
		cmocka_unit_test(finds_a_wrong_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
