/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"

static int set_buffers(int fd, int64_t bytes, struct err *err)
{
	int size = bytes > INT_MAX ? INT_MAX : (int)bytes;

	/* the kernel cuts at net.core.[rw]mem_max without a word and
	 * doubles what is left; sock_read() tells what came of it */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0)
		return err_sys(err, errno, "socket size %d", size);
	return 0;
}

static int sock_open(const struct sock_args *args, struct err *err)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = 0;

	if (fd < 0)
		return err_sys(err, errno, "socket");
	if (args->size_bytes)
		rc = set_buffers(fd, args->size_bytes, err);
	if (!rc && args->congestion &&
	    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, args->congestion,
		       (socklen_t)strlen(args->congestion)) < 0)
		rc = err_sys(err, errno, "congestion control %s",
			     args->congestion);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

int sock_listen(struct in_addr address, int backlog,
		const struct sock_args *args, uint16_t *port, struct err *err)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = address };
	char text[INET_ADDRSTRLEN];
	socklen_t len = sizeof(sin);
	int fd = sock_open(args, err);
	int rc;

	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
	    listen(fd, backlog) == 0 &&
	    getsockname(fd, (struct sockaddr *)&sin, &len) == 0) {
		*port = ntohs(sin.sin_port);
		return fd;
	}
	rc = errno;
	inet_ntop(AF_INET, &address, text, sizeof(text));
	close(fd);
	return err_sys(err, rc, "listening on %s", text);
}

static int wait_for(int fd, short events, int64_t deadline_ns)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int rc;

	do
		rc = poll(&pfd, 1, clock_poll_ms(deadline_ns));
	while (rc < 0 && errno == EINTR);
	if (rc > 0)
		return 0;
	return rc < 0 ? -errno : -ETIMEDOUT;
}

/* A connect() cut short by a signal goes on in the background just as a
 * nonblocking one does (connect(2)); both are awaited in the same way. */
static int connect_until(int fd, const struct sockaddr_in *sin,
			 int64_t deadline_ns)
{
	int code = 0;
	socklen_t len = sizeof(code);
	int rc;

	if (connect(fd, (const struct sockaddr *)sin, sizeof(*sin)) == 0)
		return 0;
	if (errno != EINPROGRESS && errno != EINTR)
		return -errno;
	rc = wait_for(fd, POLLOUT, deadline_ns);
	if (rc)
		return rc;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		return -errno;
	return -code;
}

int sock_connect(struct in_addr address, uint16_t port,
		 const struct sock_args *args, int64_t deadline_mono_ns,
		 struct err *err)
{
	const struct sockaddr_in sin = { .sin_family = AF_INET,
					 .sin_addr = address,
					 .sin_port = htons(port) };
	char text[INET_ADDRSTRLEN];
	int fd = sock_open(args, err);
	int rc;

	if (fd < 0)
		return fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	rc = connect_until(fd, &sin, deadline_mono_ns);
	fcntl(fd, F_SETFL, 0);
	if (!rc)
		return fd;
	close(fd);
	inet_ntop(AF_INET, &address, text, sizeof(text));
	return err_sys(err, -rc, "connecting to %s:%u", text, port);
}

int sock_accept(int listen_fd, int64_t deadline_mono_ns, struct err *err)
{
	int rc, fd;

	do {
		rc = wait_for(listen_fd, POLLIN, deadline_mono_ns);
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

int sock_read(int fd, struct block_socket *out, struct err *err)
{
	struct tcp_info info = { 0 };
	socklen_t info_len = sizeof(info);
	socklen_t name_len = sizeof(out->congestion);

	memset(out, 0, sizeof(*out));
	if (read_int(fd, SOL_SOCKET, SO_SNDBUF, &out->sndbuf_bytes) ||
	    read_int(fd, SOL_SOCKET, SO_RCVBUF, &out->rcvbuf_bytes) ||
	    read_int(fd, IPPROTO_TCP, TCP_MAXSEG, &out->mss_bytes) ||
	    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_len) < 0 ||
	    getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, out->congestion,
		       &name_len) < 0)
		return err_sys(err, errno, "reading a socket's state");
	out->congestion[sizeof(out->congestion) - 1] = '\0';
	out->retransmits = info.tcpi_total_retrans;
	return 0;
}
