/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netback --vlan: each interface is an access port. Frames that leave a guest
 * have its tag and no other; frames of another VLAN never come to lie in a
 * guest's memory, in whatever receive mode.
 */
#include "netback_bed.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

#define VLAN  0x123
#define BYTES 200
#define TAG   4

static int open_world(void **state, bool direct)
{
	struct netback_args args = NETBACK_ARGS_INIT;
	struct bed *bed = calloc(1, sizeof(*bed));

	args.vlan = VLAN;
	args.direct = direct;
	bed_start(bed, &args);
	*state = bed;
	return 0;
}

static int open_plain(void **state)
{
	return open_world(state, false);
}

static int open_direct(void **state)
{
	return open_world(state, true);
}

static int close_world(void **state)
{
	struct bed *bed = *state;
	bool fine = bed_stop(bed);

	free(bed);
	return fine ? 0 : -1;
}

/* The next frame that the interface got from the guest: its bytes, and the
 * tag's id (-1: none, 0: a priority tag); 0: none within 0.2 s. */
static ssize_t see(int fd, int *vlan)
{
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	uint8_t frame[2000];
	struct iovec iov = { frame, sizeof(frame) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct timeval limit = { .tv_usec = 200000 };
	const struct tpacket_auxdata *aux;
	ssize_t n;

	*vlan = -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	n = recvmsg(fd, &msg, 0);
	if (n <= 0)
		return 0;
	assert_non_null(CMSG_FIRSTHDR(&msg));
	aux = (const void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
	if (aux->tp_status & TP_STATUS_VLAN_VALID)
		*vlan = aux->tp_vlan_tci & 0xfff;
	return n;
}

static int listen_for_tags(const struct script *s)
{
	int one = 1, fd = script_listen(s);

	assert_true(fd >= 0);
	assert_int_equal(
		setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)),
		0);
	return fd;
}

static void sent_frames_get_the_tag(void **state)
{
	struct bed *bed = *state;

	for (int mode = 0; mode < NETIF_MODES; mode++) {
		struct script s;
		int fd, vlan;

		script_start(&s, bed, (enum netif_mode)mode);
		fd = listen_for_tags(&s);
		script_make_frame(&s, 0, BYTES);
		script_put(&s, 0, 0, BYTES, 0);
		script_push(&s);
		assert_int_equal(script_status(&s), NETIF_RSP_OKAY);
		/* the kernel shows the tag beside the frame */
		assert_int_equal(see(fd, &vlan), BYTES);
		assert_int_equal(vlan, VLAN);
		close(fd);
		script_close(&s);
	}
}

/* 802.1Q of another VLAN, of our own, of none (priority), of all; 802.1ad; and
 * what was used before it. */
static const uint8_t forged[][4] = {
	{ 0x81, 0x00, 0x01, 0x24 }, { 0x81, 0x00, 0x01, 0x23 },
	{ 0x81, 0x00, 0xe0, 0x00 }, { 0x81, 0x00, 0x0f, 0xff },
	{ 0x88, 0xa8, 0x01, 0x24 }, { 0x91, 0x00, 0x01, 0x24 },
	{ 0x92, 0x00, 0x01, 0x24 }, { 0x93, 0x00, 0x01, 0x24 },
};

#define FORGED ((int)(sizeof(forged) / sizeof(forged[0])))

static void forged_tags_are_not_sent(void **state)
{
	struct bed *bed = *state;
	struct script s;
	int fd, vlan;

	script_start(&s, bed, NETIF_COPY);
	fd = listen_for_tags(&s);
	for (int i = 0; i < FORGED; i++) {
		script_make_frame(&s, i, BYTES);
		memcpy((uint8_t *)memory_page(&s.tx_memory, (uint32_t)i) + 12,
		       forged[i], 4);
		script_put(&s, i, 0, BYTES, 0);
		script_push(&s);
		assert_int_equal(script_status(&s), NETIF_RSP_DROPPED);
	}
	assert_int_equal(see(fd, &vlan), 0);
	assert_int_equal(bed_count(bed, s.vif, "filtered"), FORGED);
	assert_true(script_works(&s)); /* and goes on */
	assert_true(see(fd, &vlan) > 0);
	assert_int_equal(vlan, VLAN);
	close(fd);
	script_close(&s);
}

/* A broadcast for the guest, `bytes` and as many `tags`; it says `text`. */
static void send_to_guest(const struct script *s, const uint8_t *tag,
			  size_t tags, size_t bytes, const char text[8])
{
	uint8_t frame[2 * BYTES + 2 * TAG] = { 2, 0, 0, 0, 0, 1 };

	memset(frame, 0xff, 6);
	memcpy(frame + 12, tag, tags);
	frame[12 + tags] = 0x88;
	frame[13 + tags] = 0xb5;
	for (size_t i = 14 + tags; i + 8 <= bytes + tags; i++)
		frame[i] = (uint8_t)text[(i - 14 - tags) % 8];
	script_send_frame(s, frame, bytes + tags, 1);
}

static void expect_one(struct script *s, const char *what, int before)
{
	int64_t end_ns = clock_mono_ns() + BED_PATIENCE_NS;
	struct netif_rx_response rsp;
	const uint8_t *page;

	while (ring_front_pending(&s->rx) < 1 && clock_mono_ns() < end_ns)
		clock_sleep_ns(100 * NS_PER_US);
	assert_int_equal(ring_front_pending(&s->rx), 1);
	ring_front_get(&s->rx, &rsp, sizeof(rsp));
	assert_int_equal(rsp.status, BYTES);
	if (before < 0) /* flips: not in its request's page */
		return;
	page = memory_page(&s->rx_memory, (uint32_t)before);
	assert_memory_equal(page + 12, "\x88\xb5", 2);
	assert_memory_equal(page + 14, what, 8);
}

static bool is_in_memory(const struct script *s, const char *text)
{
	return memmem(s->rx_memory.base,
		      (size_t)s->rx_memory.frames * XEN_PAGE_SIZE, text, 8);
}

static void try_mode(struct bed *bed, enum netif_mode mode)
{
	static const uint8_t own[8] = { 0x81, 0x00, 0xa1, 0x23 };
	/* ours, which comes last, is not to hide what came before it */
	const size_t longer = 2 * BYTES;
	struct script s;

	script_start(&s, bed, mode);
	for (int i = 0; i < 30; i++)
		script_post(&s, SCRIPT_RX_REF(i));
	script_push_rx(&s);
	send_to_guest(&s, own, 0, longer, "foreign!");
	for (int i = 0; i < FORGED; i++) {
		uint8_t two[8];

		memcpy(two, forged[i], 4);
		memcpy(two + 4, own, 4); /* ours, inside another */
		if (i == 1)
			continue; /* our own VLAN's */
		send_to_guest(&s, two, 4, longer, "foreign!");
		send_to_guest(&s, two, 8, longer, "foreign!");
	}
	send_to_guest(&s, own, 4, BYTES, "ours----"); /* of some priority */
	expect_one(&s, "ours----",
		   mode == NETIF_COPY || mode == NETIF_GRANT_COPY ? 0 : -1);
	assert_true(is_in_memory(&s, "ours----")); /* it is found at all */
	assert_false(is_in_memory(&s, "foreign!"));
	assert_int_equal(bed_count(bed, s.vif, "rx_frames"), 1);
	script_close(&s);
}

static void others_frames_do_not_come(void **state)
{
	for (int mode = 0; mode < NETIF_MODES; mode++)
		try_mode(*state, (enum netif_mode)mode);
}

static void nor_where_the_kernel_writes(void **state)
{
	try_mode(*state, NETIF_COPY);
}

/* An interface that was there before, with what its former owner left. */
static void a_vif_is_taken_again(void **state)
{
	struct bed *bed = *state;

	for (int i = 0; i < 2; i++) {
		struct script s;

		script_start(&s, bed, NETIF_COPY);
		assert_true(script_works(&s));
		script_close(&s);
	}
}

static int run(void)
{
#define T(f, open) cmocka_unit_test_setup_teardown(f, open, close_world)
	const struct CMUnitTest tests[] = {
		T(sent_frames_get_the_tag, open_plain),
		T(forged_tags_are_not_sent, open_plain),
		T(others_frames_do_not_come, open_plain),
		T(nor_where_the_kernel_writes, open_direct),
		T(a_vif_is_taken_again, open_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return netback_bed_main(run);
}
