/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "workload/sock_options.h"
#include "workload/workload.h"

int sock_open(const struct address *address, const struct sock_args *args,
	      struct err *err)
{
	int family = address->any.sa_family;
	int type = args->point ? workload_of(args->point)->type : SOCK_STREAM;
	int fd = socket(family, type | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0 && family == AF_VSOCK)
		return err_sys(err, errno,
			       "a vsock (modules vsock, vsock_loopback)");
	if (fd < 0)
		return err_sys(err, errno, "socket");
	rc = args->point ? sock_set_options(fd, family, args, err) : 0;
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

/* A vsock's bind() gives ports of 32 bits where none is asked for. */
static int bind_vsock(int fd, struct address *address)
{
	unsigned port = 20000 + (unsigned)(clock_mono_ns() / 1000 % 40000);

	for (int i = 0; i < 1000; i++) {
		address_set_port(address, (uint16_t)(port + (unsigned)i));
		if (bind(fd, &address->any, address->len) == 0)
			return 0;
		if (errno != EADDRINUSE)
			break;
	}
	return -1;
}

static int bind_any(int fd, struct address *address)
{
	socklen_t len = address->len;

	if (address->any.sa_family == AF_VSOCK)
		return bind_vsock(fd, address);
	if (bind(fd, &address->any, address->len) < 0)
		return -1;
	return getsockname(fd, &address->any, &len);
}

void sock_share_port(int fd)
{
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

static bool is_datagram(const struct sock_args *args)
{
	return args->point && workload_of(args->point)->type == SOCK_DGRAM;
}

int sock_listen(struct address *address, int backlog,
		const struct sock_args *args, struct err *err)
{
	char text[ADDRESS_TEXT_MAX];
	int fd = sock_open(address, args, err);
	int rc;

	if (fd < 0)
		return fd;
	if (is_datagram(args))
		sock_share_port(fd);
	if (bind_any(fd, address) == 0 &&
	    (is_datagram(args) || listen(fd, backlog) == 0))
		return fd;
	rc = errno;
	address_format(address, text, sizeof(text));
	close(fd);
	return err_sys(err, rc, "listening on %s", text);
}

int sock_wait(int fd, short events, int64_t deadline_mono_ns)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int rc;

	do
		rc = poll(&pfd, 1, clock_poll_ms(deadline_mono_ns));
	while (rc < 0 && errno == EINTR);
	if (rc > 0)
		return 0;
	return rc < 0 ? -errno : -ETIMEDOUT;
}

/* A connect() cut short by a signal goes on in the background just as a
 * nonblocking one does (connect(2)); both are awaited in the same way. */
static int connect_until(int fd, const struct address *address,
			 int64_t deadline_ns)
{
	int code = 0;
	socklen_t len = sizeof(code);
	int rc;

	if (connect(fd, &address->any, address->len) == 0)
		return 0;
	if (errno != EINPROGRESS && errno != EINTR)
		return -errno;
	rc = sock_wait(fd, POLLOUT, deadline_ns);
	if (rc)
		return rc;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		return -errno;
	return -code;
}

static int failed_connect(int fd, int rc, const struct address *address,
			  struct err *err)
{
	char text[ADDRESS_TEXT_MAX];

	close(fd);
	address_format(address, text, sizeof(text));
	return err_sys(err, -rc, "connecting to %s, port %u", text,
		       address_get_port(address));
}

int sock_connect(const struct address *address, const struct sock_args *args,
		 int64_t deadline_mono_ns, struct err *err)
{
	int fd = sock_open(address, args, err);
	int rc;

	if (fd < 0)
		return fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	rc = connect_until(fd, address, deadline_mono_ns);
	fcntl(fd, F_SETFL, 0);
	return rc ? failed_connect(fd, rc, address, err) : fd;
}

/* A connect() that has waited SO_SNDTIMEO says EINPROGRESS (socket(7)), and
 * goes on: it is awaited until the same moment, which has come. */
int sock_connect_within(const struct address *address,
			const struct sock_args *args, int64_t patience_ns,
			struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + patience_ns;
	int fd = sock_open(address, args, err);
	int rc;

	if (fd < 0)
		return fd;
	rc = sock_set_patience(fd, patience_ns, err);
	if (rc) {
		close(fd);
		return rc;
	}
	rc = connect_until(fd, address, deadline_ns);
	return rc ? failed_connect(fd, rc, address, err) : fd;
}

int sock_accept(int listen_fd, int64_t deadline_mono_ns, struct err *err)
{
	int rc, fd;

	do {
		rc = sock_wait(listen_fd, POLLIN, deadline_mono_ns);
		if (rc)
			return err_sys(err, -rc, "no connection came");
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	return fd < 0 ? err_sys(err, errno, "accept") : fd;
}

int sock_set_patience(int fd, int64_t patience_ns, struct err *err)
{
	struct timeval tv = { .tv_sec = patience_ns / NS_PER_S,
			      .tv_usec = patience_ns % NS_PER_S / NS_PER_US };

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0)
		return err_sys(err, errno, "SO_SNDTIMEO");
	return 0;
}

void sock_close_at_once(int fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

static int read_int(int fd, int level, int option, int64_t *value)
{
	int v = 0;
	socklen_t len = sizeof(v);

	if (getsockopt(fd, level, option, &v, &len) < 0)
		return -errno;
	*value = v;
	return 0;
}

static bool is_tcp(int fd)
{
	int64_t protocol = 0;

	return read_int(fd, SOL_SOCKET, SO_PROTOCOL, &protocol) == 0 &&
	       protocol == IPPROTO_TCP;
}

int sock_read(int fd, struct block_socket *out, struct err *err)
{
	struct tcp_info info = { 0 };
	socklen_t info_len = sizeof(info);
	socklen_t name_len = sizeof(out->congestion);

	memset(out, 0, sizeof(*out));
	if (read_int(fd, SOL_SOCKET, SO_SNDBUF, &out->sndbuf_bytes) ||
	    read_int(fd, SOL_SOCKET, SO_RCVBUF, &out->rcvbuf_bytes))
		return err_sys(err, errno, "reading a socket's state");
	if (!is_tcp(fd))
		return 0;
	if (read_int(fd, IPPROTO_TCP, TCP_MAXSEG, &out->mss_bytes) ||
	    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_len) < 0 ||
	    getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, out->congestion,
		       &name_len) < 0)
		return err_sys(err, errno, "reading a socket's state");
	out->congestion[sizeof(out->congestion) - 1] = '\0';
	out->retransmits = info.tcpi_total_retrans;
	return 0;
}
