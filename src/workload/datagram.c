/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/datagram.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "workload/admit.h"
#include "workload/lane.h"

#define HELLO_AGAIN_NS (50 * NS_PER_MS)
#define WELCOMES       3

#define WORD_BYTES  8
#define NUMBER_BITS 48

static const char hello[] = "VZU1helo", welcome[] = "VZU1welc";

/* As it lies on the wire; every field big-endian, no padding. */
struct wire {
	uint32_t magic, turn;
	uint64_t number; /* of 48 bits, late in the upper ones */
	uint64_t sent_ns;
};
_Static_assert(sizeof(struct wire) == DATAGRAM_BYTES, "datagram.h says so");

void datagram_encode(const struct datagram *datagram,
		     char bytes[static DATAGRAM_BYTES])
{
	const struct wire wire = {
		.magic = htobe32(DATAGRAM_MAGIC),
		.turn = htobe32(datagram->turn),
		.number = htobe64((uint64_t)datagram->late_us << NUMBER_BITS |
				  datagram->number),
		.sent_ns = htobe64((uint64_t)datagram->sent_ns),
	};

	memcpy(bytes, &wire, sizeof(wire));
}

int datagram_decode(const char *bytes, size_t size, struct datagram *datagram)
{
	struct wire wire;

	if (size < sizeof(wire))
		return -EPROTO;
	memcpy(&wire, bytes, sizeof(wire));
	if (be32toh(wire.magic) != DATAGRAM_MAGIC)
		return -EPROTO;
	datagram->turn = be32toh(wire.turn);
	datagram->late_us = (uint16_t)(be64toh(wire.number) >> NUMBER_BITS);
	datagram->number =
		be64toh(wire.number) & ((UINT64_C(1) << NUMBER_BITS) - 1);
	datagram->sent_ns = (int64_t)be64toh(wire.sent_ns);
	return 0;
}

int64_t datagram_gap_ns(const struct point *point)
{
	double bytes = (double)point->value[AXIS_MESSAGE_SIZE];
	double bps = (double)point->value[AXIS_PACING_RATE];

	return bps > 0 ? (int64_t)(bytes * 8e9 / bps) : 0;
}

static void make_word(const char *word, const uint8_t *token,
		      uint8_t bytes[static DATAGRAM_HELLO_BYTES])
{
	memset(bytes, 0, DATAGRAM_HELLO_BYTES);
	memcpy(bytes, word, WORD_BYTES);
	if (token)
		memcpy(bytes + WORD_BYTES, token, BLOCK_TOKEN_BYTES);
}

/* The word that is waited for, with the right token? */
static bool hears(int fd, const char *word, const uint8_t *token,
		  struct address *from)
{
	uint8_t bytes[DATAGRAM_HELLO_BYTES + 1], right[DATAGRAM_HELLO_BYTES];
	ssize_t n = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, &from->any,
			     &from->len);

	make_word(word, token, right);
	return n == DATAGRAM_HELLO_BYTES &&
	       memcmp(bytes, word, WORD_BYTES) == 0 &&
	       admit_compare(bytes + WORD_BYTES, right + WORD_BYTES);
}

static void says(int fd, const char *word, const uint8_t *token)
{
	uint8_t bytes[DATAGRAM_HELLO_BYTES];

	make_word(word, token, bytes);
	/* a refusal, or a full queue, is as good as a loss */
	send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
}

/* Says hello until it is welcome. */
static int knock_on(int fd, const uint8_t *token, int64_t deadline_ns)
{
	int64_t now_ns;

	while ((now_ns = clock_mono_ns()) < deadline_ns) {
		struct address from = { .len = sizeof(from.in6) };
		int64_t again_ns = now_ns + HELLO_AGAIN_NS;

		says(fd, hello, token);
		if (again_ns > deadline_ns)
			again_ns = deadline_ns;
		while (sock_wait(fd, POLLIN, again_ns) == 0)
			if (hears(fd, welcome, token, &from))
				return 0;
	}
	return -ETIMEDOUT;
}

int datagram_connect(const struct datagram_knock *knock,
		     int64_t deadline_mono_ns, struct err *err)
{
	const struct address *at = knock->at;
	char text[ADDRESS_TEXT_MAX];
	int fd = sock_open(at, knock->args, err);
	int rc;

	if (fd < 0)
		return fd;
	rc = connect(fd, &at->any, at->len) < 0
		     ? -errno
		     : knock_on(fd, knock->token, deadline_mono_ns);
	if (!rc)
		return fd;
	close(fd);
	address_format(at, text, sizeof(text));
	return err_sys(err, -rc, "no answer from %s, UDP port %u", text,
		       address_get_port(at));
}

/* On the listener's port: both have said SO_REUSEADDR, and what is connected
 * goes before what is not. */
static int open_flow(const struct datagram_door *door,
		     const struct address *peer, struct err *err)
{
	struct address own = { .len = sizeof(own.in6) };
	int fd, rc;

	if (getsockname(door->listener_fd, &own.any, &own.len) < 0)
		return err_sys(err, errno, "getsockname");
	fd = sock_open(&own, door->args, err);
	if (fd < 0)
		return fd;
	sock_share_port(fd);
	rc = bind(fd, &own.any, own.len) == 0 &&
			     connect(fd, &peer->any, peer->len) == 0
		     ? 0
		     : err_sys(err, errno, "a socket for a flow of datagrams");
	for (int i = 0; i < WELCOMES && !rc; i++)
		says(fd, welcome, door->token);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

static bool is_known(const struct datagram_door *door,
		     const struct address *peer)
{
	for (size_t i = 0; i < door->flows; i++) {
		struct address known = { .len = sizeof(known.in6) };

		if (getpeername(door->flow[i].fd, &known.any, &known.len) ==
			    0 &&
		    known.len == peer->len &&
		    memcmp(&known.any, &peer->any, peer->len) == 0)
			return true;
	}
	return false;
}

int datagram_accept(const struct datagram_door *door, int64_t deadline_mono_ns,
		    struct err *err)
{
	for (;;) {
		struct address peer = { .len = sizeof(peer.in6) };
		int rc = sock_wait(door->listener_fd, POLLIN, deadline_mono_ns);

		if (rc)
			return err_sys(err, -rc, "no datagram came");
		if (hears(door->listener_fd, hello, door->token, &peer) &&
		    !is_known(door, &peer))
			return open_flow(door, &peer, err);
	}
}
