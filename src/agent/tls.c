/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "base/clock.h"

/* Who the key is of: one key an agent, so one name. */
#define IDENTITY "vazao"

/* TLS 1.3 with PSK and (EC)DHE, AEAD ciphers; nothing else. */
#define PRIORITY                                                 \
	"NONE:+VERS-TLS1.3:+ECDHE-PSK:+DHE-PSK:+AES-256-GCM:"    \
	"+CHACHA20-POLY1305:+AES-128-GCM:+AEAD:+SHA256:+SHA384:" \
	"+GROUP-X25519:+GROUP-SECP256R1:+SIGN-ALL:+COMP-NULL:"   \
	"%DISABLE_TLS13_COMPAT_MODE"

struct tls {
	gnutls_session_t session;
	gnutls_psk_client_credentials_t client;
	gnutls_psk_server_credentials_t server;
	struct key key;
};

static int find_key(gnutls_session_t session, const char *name,
		    gnutls_datum_t *key)
{
	const struct tls *tls = gnutls_session_get_ptr(session);

	if (strcmp(name, IDENTITY) != 0)
		return -1;
	key->data = gnutls_malloc(KEY_BYTES);
	if (!key->data)
		return -1;
	memcpy(key->data, tls->key.byte, KEY_BYTES);
	key->size = KEY_BYTES;
	return 0;
}

static int set_client(struct tls *tls)
{
	const gnutls_datum_t key = { .data = tls->key.byte, .size = KEY_BYTES };
	int rc = gnutls_psk_allocate_client_credentials(&tls->client);

	if (!rc)
		rc = gnutls_psk_set_client_credentials(
			tls->client, IDENTITY, &key, GNUTLS_PSK_KEY_RAW);
	if (!rc)
		rc = gnutls_credentials_set(tls->session, GNUTLS_CRD_PSK,
					    tls->client);
	return rc;
}

static int set_server(struct tls *tls)
{
	int rc = gnutls_psk_allocate_server_credentials(&tls->server);

	if (rc)
		return rc;
	gnutls_psk_set_server_credentials_function(tls->server, find_key);
	return gnutls_credentials_set(tls->session, GNUTLS_CRD_PSK,
				      tls->server);
}

static int set_up(struct tls *tls, int fd, bool server)
{
	unsigned int flags = GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
			     GNUTLS_NO_TICKETS |
			     (server ? GNUTLS_SERVER : GNUTLS_CLIENT);
	int rc;

	rc = gnutls_init(&tls->session, flags);
	if (rc)
		return rc;
	gnutls_session_set_ptr(tls->session, tls);
	gnutls_transport_set_int(tls->session, fd);
	gnutls_handshake_set_timeout(tls->session, GNUTLS_INDEFINITE_TIMEOUT);
	rc = gnutls_priority_set_direct(tls->session, PRIORITY, NULL);
	return rc ? rc : server ? set_server(tls) : set_client(tls);
}

/* What a failed handshake means to a person. */
static int explain(const struct tls *tls, int rc, struct err *err)
{
	switch (rc) {
	case GNUTLS_E_RECEIVED_ILLEGAL_PARAMETER:
	case GNUTLS_E_INSUFFICIENT_CREDENTIALS:
	case GNUTLS_E_NO_CIPHER_SUITES:
	case GNUTLS_E_DECRYPTION_FAILED:
		return err_set(err, EACCES, "the keys differ");
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		return err_set(
			err, EACCES, "the other end refused the key (%s)",
			gnutls_alert_get_name(gnutls_alert_get(tls->session)));
	case GNUTLS_E_PREMATURE_TERMINATION:
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR:
		return err_set(err, EPIPE,
			       "the other end closed the connection before it "
			       "was secured");
	case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
	case GNUTLS_E_UNEXPECTED_PACKET:
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
	case GNUTLS_E_RECORD_OVERFLOW:
		return err_set(err, EPROTO,
			       "the other end speaks no TLS (is it an agent, "
			       "and started with --key?)");
	default:
		return err_set(err, EPROTO, "TLS: %s", gnutls_strerror(rc));
	}
}

static int handshake(struct tls *tls, int fd, int64_t deadline_ns,
		     struct err *err)
{
	for (;;) {
		int rc = gnutls_handshake(tls->session);
		struct pollfd pfd = { .fd = fd };

		if (rc == GNUTLS_E_SUCCESS)
			return 0;
		if (gnutls_error_is_fatal(rc)) {
			gnutls_alert_send_appropriate(tls->session, rc);
			return explain(tls, rc, err);
		}
		if (clock_mono_ns() >= deadline_ns)
			return err_set(err, ETIMEDOUT,
				       "the connection was not secured in "
				       "time");
		pfd.events = gnutls_record_get_direction(tls->session) ? POLLOUT
								       : POLLIN;
		poll(&pfd, 1, clock_poll_ms(deadline_ns));
	}
}

static int open_tls(struct tls **tls, int fd, const struct key *key,
		    bool server, int64_t deadline_ns, struct err *err)
{
	struct tls *t = calloc(1, sizeof(*t));
	int rc;

	*tls = NULL;
	if (!t)
		return err_sys(err, ENOMEM, "TLS");
	t->key = *key;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	rc = set_up(t, fd, server);
	rc = rc ? err_set(err, EIO, "TLS: %s", gnutls_strerror(rc))
		: handshake(t, fd, deadline_ns, err);
	if (rc)
		tls_free(t);
	else
		*tls = t;
	return rc;
}

int tls_accept(struct tls **tls, int fd, const struct key *key,
	       int64_t deadline_mono_ns, struct err *err)
{
	return open_tls(tls, fd, key, true, deadline_mono_ns, err);
}

int tls_connect(struct tls **tls, int fd, const struct key *key,
		int64_t deadline_mono_ns, struct err *err)
{
	return open_tls(tls, fd, key, false, deadline_mono_ns, err);
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	if (tls->session)
		gnutls_deinit(tls->session);
	if (tls->client)
		gnutls_psk_free_client_credentials(tls->client);
	if (tls->server)
		gnutls_psk_free_server_credentials(tls->server);
	explicit_bzero(&tls->key, sizeof(tls->key));
	free(tls);
}

/*
 * For the relay.
 */

static ssize_t as_errno(ssize_t rc)
{
	if (rc >= 0)
		return rc;
	errno = gnutls_error_is_fatal((int)rc) ? EPIPE : EAGAIN;
	return -1;
}

static ssize_t tls_read(void *arg, void *buf, size_t size)
{
	struct tls *tls = arg;

	return as_errno(gnutls_record_recv(tls->session, buf, size));
}

static ssize_t tls_write(void *arg, const void *buf, size_t size)
{
	struct tls *tls = arg;

	return as_errno(gnutls_record_send(tls->session, buf, size));
}

static bool tls_pending(void *arg)
{
	struct tls *tls = arg;

	return gnutls_record_check_pending(tls->session) > 0;
}

static void tls_bye(void *arg)
{
	struct tls *tls = arg;

	gnutls_bye(tls->session, GNUTLS_SHUT_WR);
}

const struct relay_ops tls_relay_ops = {
	.read = tls_read,
	.write = tls_write,
	.pending = tls_pending,
	.bye = tls_bye,
};
