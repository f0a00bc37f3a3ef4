/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * xenbus.h - the handshake of two drivers, under Xen's states and key names,
 * over a UNIX SOCK_SEQPACKET socket that stands for xenstore.
 *
 * Each end owns a directory of keys; the other end reads it. A message is a
 * transaction: lines "key = value" that all take effect together, at last
 * "state = N" (Xen's numbers). A value "@I" is the I-th descriptor that came
 * with the message (SCM_RIGHTS).
 *
 *   front                                back (listens)
 *   state 1 Initialising                 state 2 InitWait, feature-*, mac,
 *                                        mtu, multi-queue-max-queues, ...
 *   rings, event channels, memory,
 *   request-*, state 4 Connected ->      maps, checks; state 4 Connected
 *   state 5 Closing, 6 Closed  <->       state 5 Closing (error = why), 6
 *
 * Bounds: a message of 16 KiB and 128 descriptors, 512 keys of 64 characters,
 * values of 128. What breaks a bound or the form is -EPROTO, and the caller
 * closes. Nothing here blocks beyond the deadline it is given.
 * Called by netfront and netback.
 */
#ifndef VAZAO_XEN_XENBUS_H
#define VAZAO_XEN_XENBUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum xenbus_state {
	XENBUS_UNKNOWN,
	XENBUS_INITIALISING,
	XENBUS_INIT_WAIT,
	XENBUS_INITIALISED,
	XENBUS_CONNECTED,
	XENBUS_CLOSING,
	XENBUS_CLOSED,
	XENBUS_RECONFIGURING,
	XENBUS_RECONFIGURED
};

#define XENBUS_MESSAGE_BYTES 16384
#define XENBUS_MESSAGE_FDS   128
#define XENBUS_KEYS	     512
#define XENBUS_KEY_BYTES     64
#define XENBUS_VALUE_BYTES   128

struct xenbus;

/* Takes a connected SOCK_SEQPACKET socket over. */
int xenbus_open(struct xenbus **bus, int fd, struct err *err);
void xenbus_close(struct xenbus *bus);

int xenbus_fd(const struct xenbus *bus); /* for epoll */
pid_t xenbus_peer_pid(const struct xenbus *bus);
enum xenbus_state xenbus_peer_state(const struct xenbus *bus);

/* Puts a line into the next message. Errors are kept until xenbus_send(). */
void xenbus_put(struct xenbus *bus, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A descriptor goes with it; ours again after xenbus_send(). */
void xenbus_put_fd(struct xenbus *bus, const char *key, int fd);

/* Sends what was put, and the state; never blocks (-EAGAIN is an error: the
 * other end does not read). */
int xenbus_send(struct xenbus *bus, enum xenbus_state state, struct err *err);

/*
 * Takes one message, if there is one: 1, or 0 without one, or -EPIPE where
 * the other end is gone, or -EPROTO.
 */
int xenbus_receive(struct xenbus *bus, struct err *err);

/* Receives until the peer's state is `state`; -ETIMEDOUT after the deadline,
 * -ECONNABORTED with the peer's words where it closes instead, -EPROTO where
 * it passes that state by. */
int xenbus_wait(struct xenbus *bus, enum xenbus_state state,
		int64_t deadline_mono_ns, struct err *err);

/* The peer's keys. NULL where there is none. */
const char *xenbus_get(const struct xenbus *bus, const char *key);
/* Whole, decimal, min..max; `fallback` where the key is missing (pass one
 * below min to make the key necessary). -EPROTO. */
struct xenbus_range {
	int64_t min, max, fallback;
};
int xenbus_get_int(const struct xenbus *bus, const char *key,
		   struct xenbus_range range, int64_t *value, struct err *err);
/* The descriptor becomes the caller's; -EPROTO where there is none. */
int xenbus_take_fd(struct xenbus *bus, const char *key, int *fd,
		   struct err *err);

#endif
