/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls.h - the agents' stream over a network: TLS 1.3 with an external
 * pre-shared key (RFC 8446, 2.2 and 4.2.11), by GnuTLS.
 *
 * Nothing older than TLS 1.3, no certificates; the key exchange is (EC)DHE
 * with the key (psk_dhe_ke), so that a key that leaks later opens no recorded
 * session. GnuTLS because a raw key is one call to it on either side, where
 * OpenSSL 3 wants a session object made by hand around it; it compares the
 * binder, the proof of the key, in constant time (gnutls_memcmp).
 *
 * Called by listen.c and remote.c. After the handshake the socket is
 * nonblocking, and the relay (relay.h) alone uses the session.
 */
#ifndef VAZAO_AGENT_TLS_H
#define VAZAO_AGENT_TLS_H

#include <stdint.h>

#include "agent/key.h"
#include "agent/relay.h"
#include "base/err.h"

struct tls;

/*
 * Handshakes, by the deadline (CLOCK_MONOTONIC). The fd stays the caller's.
 * -EACCES where the other end has another key.
 */
int tls_accept(struct tls **tls, int fd, const struct key *key,
	       int64_t deadline_mono_ns, struct err *err);
int tls_connect(struct tls **tls, int fd, const struct key *key,
		int64_t deadline_mono_ns, struct err *err);

/* Frees the session without a word to the other end; NULL is fine. */
void tls_free(struct tls *tls);

/* `arg` is the struct tls. */
extern const struct relay_ops tls_relay_ops;

#endif
