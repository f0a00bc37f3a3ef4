/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/baton.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

/* As it lies on the wire; every field big-endian, no padding. */
struct wire {
	uint32_t magic, kind;
	uint64_t a, b;
	uint32_t turn, zero;
};
_Static_assert(sizeof(struct wire) == BATON_BYTES, "baton.h says so");

const char *baton_kind_name(enum baton_kind kind)
{
	static const char *const names[] = {
		[BATON_GO] = "GO",	     [BATON_STOP] = "STOP",
		[BATON_STOPPED] = "STOPPED", [BATON_DRAINED] = "DRAINED",
		[BATON_END] = "END",	     [BATON_ERROR] = "ERROR",
	};

	return names[kind];
}

void baton_encode(const struct baton_message *message,
		  uint8_t bytes[static BATON_BYTES])
{
	const struct wire wire = {
		.magic = htobe32(BATON_MAGIC),
		.kind = htobe32(message->kind),
		.a = htobe64(message->a),
		.b = htobe64(message->b),
		.turn = htobe32(message->turn),
	};

	memcpy(bytes, &wire, sizeof(wire));
}

int baton_decode(const uint8_t bytes[static BATON_BYTES],
		 struct baton_message *message, struct err *err)
{
	struct wire wire;
	uint32_t kind;

	memcpy(&wire, bytes, sizeof(wire));
	kind = be32toh(wire.kind);
	if (be32toh(wire.magic) != BATON_MAGIC || wire.zero)
		return err_set(err, EPROTO,
			       "the baton's other end speaks another protocol");
	if (kind < BATON_GO || kind > BATON_ERROR)
		return err_set(err, EPROTO, "baton message of unknown kind %u",
			       kind);
	message->kind = (enum baton_kind)kind;
	message->a = be64toh(wire.a);
	message->b = be64toh(wire.b);
	message->turn = be32toh(wire.turn);
	return 0;
}

int baton_open(struct baton *baton, int fd, struct err *err)
{
	int on = 1;

	*baton = (struct baton){ .fd = fd };
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		return err_sys(err, errno, "TCP_NODELAY on the baton");
	return 0;
}

void baton_close(struct baton *baton)
{
	if (baton->fd >= 0)
		close(baton->fd);
	baton->fd = -1;
}

int baton_say(struct baton *baton, const struct baton_message *message,
	      struct err *err)
{
	uint8_t bytes[BATON_BYTES];
	ssize_t n;

	baton_encode(message, bytes);
	do
		n = send(baton->fd, bytes, sizeof(bytes),
			 MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(bytes))
		return 0;
	return err_sys(err, n < 0 ? errno : EAGAIN, "saying %s on the baton",
		       baton_kind_name(message->kind));
}

static int heard_error(const struct baton_message *message, struct err *err)
{
	int code = message->a > 0 && message->a < 4096 ? (int)message->a : EIO;

	return err_sys(err, code, "the other end gave up");
}

int baton_look(struct baton *baton, struct baton_message *message,
	       struct err *err)
{
	ssize_t n = recv(baton->fd, baton->in + baton->have,
			 BATON_BYTES - baton->have, MSG_DONTWAIT);
	int rc;

	if (n == 0)
		return err_set(err, ECONNRESET,
			       "the other end closed the connection");
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return err_sys(err, errno, "reading the baton");
	baton->have += (size_t)n;
	if (baton->have < BATON_BYTES)
		return 0;
	baton->have = 0;
	rc = baton_decode(baton->in, message, err);
	if (rc)
		return rc;
	return message->kind == BATON_ERROR ? heard_error(message, err) : 1;
}

int baton_wait(struct baton *baton, int64_t patience_ns,
	       struct baton_message *message, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + patience_ns;
	struct pollfd pfd = { .fd = baton->fd, .events = POLLIN };
	int rc;

	do {
		if (poll(&pfd, 1, clock_poll_ms(deadline_ns)) < 0 &&
		    errno != EINTR)
			return err_sys(err, errno, "poll");
		rc = baton_look(baton, message, err);
	} while (!rc && clock_mono_ns() < deadline_ns);
	if (rc)
		return rc;
	return err_set(err, ETIMEDOUT, "nothing from the other end for %g s",
		       (double)patience_ns / 1e9);
}

int baton_expect(struct baton *baton, enum baton_kind kind, uint32_t turn,
		 int64_t patience_ns, struct baton_message *message,
		 struct err *err)
{
	int rc = baton_wait(baton, patience_ns, message, err);

	if (rc < 0)
		return err_wrap(err, "waiting for %s", baton_kind_name(kind));
	if (message->kind != kind || message->turn != turn)
		return err_set(err, EPROTO,
			       "%s of turn %u where %s of turn %u was due",
			       baton_kind_name(message->kind), message->turn,
			       baton_kind_name(kind), turn);
	return 0;
}
