/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A datagram socket stands for the TAP: it, too, takes all or nothing. */
#include "xen/tap_write.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "xen/checksum.h"

#define HEAD	(14 + 20 + 20)
#define PAYLOAD 1000

struct bed {
	int tap[2]; /* [0] is written to, [1] shows what came */
	struct tap_writer writer;
	struct tap_frame frame[200];
	uint8_t data[200][HEAD + PAYLOAD];
};

static int set_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	*state = bed;
	bed->writer.merge = true;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, bed->tap))
		return -1;
	bed->writer.fd = bed->tap[0];
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	close(bed->tap[0]);
	close(bed->tap[1]);
	free(bed);
	return 0;
}

/* Segment number `at` of a flow, in two pieces cut at `cut`. */
static struct tap_frame *make(struct bed *bed, int at, size_t cut)
{
	struct tap_frame *frame = &bed->frame[at];
	uint8_t *d = bed->data[at];
	struct iovec piece[2] = { { d, cut }, { d + cut, 0 } };
	uint32_t seq = (uint32_t)at * PAYLOAD;
	uint16_t sum;

	piece[1].iov_len = sizeof(bed->data[at]) - cut;
	memset(d, 0, HEAD);
	memcpy(d, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0\x45\0", 16);
	d[16] = (HEAD - 14 + PAYLOAD) >> 8;
	d[17] = (HEAD - 14 + PAYLOAD) & 255;
	d[20] = 0x40;
	d[22] = 64;
	d[23] = 6;
	sum = checksum_fold(checksum_add(0, d + 14, 20));
	memcpy(d + 24, &sum, 2);
	for (int i = 0; i < 4; i++)
		d[38 + i] = (uint8_t)(seq >> (24 - 8 * i));
	d[46] = 0x50;
	d[47] = 0x10;
	memset(d + HEAD, at, PAYLOAD);
	sum = checksum_fold(
		checksum_add(checksum_pseudo(d + 14, 0, 6, 20 + PAYLOAD),
			     d + 34, 20 + PAYLOAD));
	memcpy(d + 50, &sum, 2);
	frame->offload = (struct offload){ 0 };
	tap_frame_gather(frame, piece, 2, false, bed->writer.merge);
	return frame;
}

/* The next frame on the TAP: its bytes behind the virtio header, 0: none. */
static size_t next(struct bed *bed, struct virtio_net_hdr *vnet, uint8_t *data)
{
	struct iovec iov[2] = { { vnet, sizeof(*vnet) }, { data, 70000 } };
	ssize_t n = readv(bed->tap[1], iov, 2);

	return n < 0 ? 0 : (size_t)n - sizeof(*vnet);
}

static uint8_t seen[70000];

static void merges_what_may_be(void **state)
{
	struct bed *bed = *state;
	struct virtio_net_hdr vnet;

	for (int at = 0; at < 3; at++)
		assert_int_equal(tap_writer_put(&bed->writer,
						make(bed, at, 20 + 20 * at)),
				 0);
	assert_int_equal(next(bed, &vnet, seen), 0); /* under way */
	assert_int_equal(bed->frame[0].result, -EINPROGRESS);
	assert_int_equal(tap_writer_flush(&bed->writer), 0);
	assert_int_equal(next(bed, &vnet, seen), HEAD + 3 * PAYLOAD);
	assert_int_equal(vnet.gso_size, PAYLOAD);
	for (int at = 0; at < 3; at++) {
		assert_int_equal(bed->frame[at].result, 0);
		assert_memory_equal(seen + HEAD + at * PAYLOAD,
				    bed->data[at] + HEAD, PAYLOAD);
	}
	assert_int_equal(bed->writer.aggregated, 3);
	assert_int_equal(next(bed, &vnet, seen), 0);
}

/* A gap, a wrong checksum, a frame of another kind: in their order, alone. */
static void keeps_order_and_what_is_wrong(void **state)
{
	struct bed *bed = *state;
	struct virtio_net_hdr vnet;
	struct tap_frame *wrong;

	assert_int_equal(tap_writer_put(&bed->writer, make(bed, 0, 60)), 0);
	assert_int_equal(tap_writer_put(&bed->writer, make(bed, 1, 60)), 0);
	wrong = make(bed, 2, 60);
	bed->data[2][HEAD + 5] ^= 1;
	assert_int_equal(tap_writer_put(&bed->writer, wrong), 0);
	assert_int_equal(tap_writer_put(&bed->writer, make(bed, 3, 60)), 0);
	assert_int_equal(tap_writer_put(&bed->writer, make(bed, 7, 60)), 0);
	assert_int_equal(tap_writer_flush(&bed->writer), 0);
	assert_int_equal(next(bed, &vnet, seen), HEAD + 2 * PAYLOAD);
	assert_int_equal(next(bed, &vnet, seen), HEAD + PAYLOAD);
	assert_int_equal(vnet.flags, 0);
	assert_memory_equal(seen, bed->data[2], HEAD + PAYLOAD);
	assert_int_equal(next(bed, &vnet, seen), HEAD + PAYLOAD);
	assert_memory_equal(seen, bed->data[3], HEAD + PAYLOAD);
	assert_int_equal(next(bed, &vnet, seen), HEAD + PAYLOAD);
	assert_memory_equal(seen, bed->data[7], HEAD + PAYLOAD);
	assert_int_equal(bed->writer.aggregated, 2);
}

static void writes_one_by_one_where_asked(void **state)
{
	struct bed *bed = *state;
	struct virtio_net_hdr vnet;

	bed->writer.merge = false;
	for (int at = 0; at < 4; at++)
		assert_int_equal(
			tap_writer_put(&bed->writer, make(bed, at, 60)), 0);
	for (int at = 0; at < 4; at++) {
		assert_int_equal(bed->frame[at].result, 0);
		assert_int_equal(next(bed, &vnet, seen), HEAD + PAYLOAD);
		assert_memory_equal(seen, bed->data[at], HEAD + PAYLOAD);
	}
	assert_int_equal(bed->writer.aggregated, 0);
}

/* A full TAP loses nothing: what is refused is offered again. */
static void holds_what_a_full_tap_refuses(void **state)
{
	struct bed *bed = *state;
	struct virtio_net_hdr vnet;
	size_t bytes = 0, n;
	int at = 0, refused = 0;

	while (at < 200) {
		/* every tenth is missing: large frames of nine */
		if (at % 10 == 9) {
			at++;
			continue;
		}
		if (tap_writer_put(&bed->writer, make(bed, at, 60)) == 0) {
			at++;
			continue;
		}
		refused++;
		n = next(bed, &vnet, seen); /* makes room for one */
		assert_true(n > HEAD);
		bytes += n - HEAD;
	}
	while (tap_writer_flush(&bed->writer)) {
		refused++;
		bytes += next(bed, &vnet, seen) - HEAD;
	}
	while ((n = next(bed, &vnet, seen)) > 0)
		bytes += n - HEAD;
	assert_true(refused > 0);
	assert_int_equal(bytes, 180 * PAYLOAD);
	assert_int_equal(bed->writer.aggregated, 180);
	for (at = 0; at < 200; at++)
		assert_int_equal(bed->frame[at].result, 0);
}

#define VLAN 0x123

/* What was sent, with the tag between addresses and type. */
static void expect_tagged(const uint8_t *seen_frame, const uint8_t *sent,
			  size_t bytes)
{
	static const uint8_t tag[4] = { 0x81, 0x00, 0x01, 0x23 };

	assert_memory_equal(seen_frame, sent, 12);
	assert_memory_equal(seen_frame + 12, tag, 4);
	assert_memory_equal(seen_frame + 16, sent + 12, bytes - 12);
}

/* Wherever the pieces are cut, in the copied header or behind it. */
static void tags_a_frame(void **state)
{
	static const size_t cuts[] = { 1, 12, 13, 60, 134, 135, 138, 500 };
	struct bed *bed = *state;
	struct virtio_net_hdr vnet;

	bed->writer.merge = false;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		bed->frame[i].vlan = VLAN;
		assert_int_equal(tap_writer_put(&bed->writer,
						make(bed, (int)i, cuts[i])),
				 0);
		assert_int_equal(bed->frame[i].result, 0);
		assert_false(tap_frame_was_tagged(&bed->frame[i]));
		assert_int_equal(next(bed, &vnet, seen), HEAD + PAYLOAD + 4);
		expect_tagged(seen, bed->data[i], HEAD + PAYLOAD);
	}
}

/* The checksum's place moves with the headers; so do a large frame's. */
static void offsets_follow_the_tag(void **state)
{
	struct bed *bed = *state;
	struct tap_frame *frame = &bed->frame[0];
	struct iovec piece = { bed->data[0], HEAD + PAYLOAD };
	struct virtio_net_hdr vnet;

	make(bed, 0, 60);
	frame->vlan = VLAN;
	frame->offload.csum_blank = true;
	frame->offload.gso_type = XEN_NETIF_GSO_TYPE_TCPV4;
	frame->offload.gso_size = 500;
	tap_frame_gather(frame, &piece, 1, false, true);
	assert_int_equal(tap_writer_put(&bed->writer, frame), 0);
	assert_int_equal(next(bed, &vnet, seen), HEAD + PAYLOAD + 4);
	expect_tagged(seen, bed->data[0], HEAD + PAYLOAD);
	assert_int_equal(vnet.csum_start, 14 + 4 + 20);
	assert_int_equal(vnet.csum_offset, 16);
	assert_int_equal(vnet.hdr_len, HEAD + 4);
	assert_int_equal(vnet.gso_size, 500);
	frame->vlan = 0;
}

static void merges_tagged_segments(void **state)
{
	struct bed *bed = *state;
	struct virtio_net_hdr vnet;

	for (int at = 0; at < 3; at++) {
		bed->frame[at].vlan = VLAN;
		assert_int_equal(
			tap_writer_put(&bed->writer, make(bed, at, 60)), 0);
	}
	assert_int_equal(tap_writer_flush(&bed->writer), 0);
	assert_int_equal(next(bed, &vnet, seen), HEAD + 4 + 3 * PAYLOAD);
	assert_memory_equal(seen + 12, "\x81\0\x01\x23\x08\0", 6);
	assert_int_equal(vnet.csum_start, 14 + 4 + 20);
	for (int at = 0; at < 3; at++)
		assert_memory_equal(seen + HEAD + 4 + at * PAYLOAD,
				    bed->data[at] + HEAD, PAYLOAD);
}

static void sees_tags_that_were_there(void **state)
{
	static const uint16_t types[] = { 0x8100, 0x88a8, 0x9100, 0x9200,
					  0x9300, 0x0800, 0x0806, 0x86dd };
	struct bed *bed = *state;
	struct tap_frame *frame = &bed->frame[0];
	uint8_t data[60] = { 2 };
	struct iovec piece[2] = { { data, 13 }, { data + 13, 47 } };

	frame->vlan = VLAN;
	for (int i = 0; i < 8; i++) {
		data[12] = (uint8_t)(types[i] >> 8);
		data[13] = (uint8_t)types[i];
		tap_frame_gather(frame, piece, 2, false, false);
		assert_int_equal(tap_frame_was_tagged(frame), i < 5);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(merges_what_may_be),
		T(keeps_order_and_what_is_wrong),
		T(writes_one_by_one_where_asked),
		T(holds_what_a_full_tap_refuses),
		T(tags_a_frame),
		T(offsets_follow_the_tag),
		T(merges_tagged_segments),
		T(sees_tags_that_were_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
