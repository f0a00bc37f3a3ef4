/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp_stream.c - bulk data over TCP, as netperf's TCP_STREAM and TCP_MAERTS.
 *
 * One flow: a blocking send() of exactly message_size bytes a call from one
 * buffer, and a blocking recv(). STOP cuts at most the last message of a turn
 * short. Several flows: nonblocking sockets under one epoll, in one thread,
 * as iperf3 -P does; a socket that takes part of a message gets the rest of
 * it next. Their bytes are counted as one sum.
 *
 * recv() asks for the socket size of the point (64K where the kernel sizes
 * the socket), after netperf, which asks for what getsockopt(SO_RCVBUF) says:
 * the kernel doubles the size for its overhead, so that what was asked for
 * holds about one window of payload. It depends on the point alone, so that
 * every path is read in the same way.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "workload/end.h"

#define RECEIVE_BYTES	  65536
#define RECEIVE_BYTES_MIN 4096
#define RECEIVE_BYTES_MAX 1048576

/* Flows whose readiness one epoll_wait() tells, and calls made on one of them
 * before the next has its turn. */
#define READY_MAX 64
#define BURST	  16

/* recv() calls in one drain() */
#define DRAIN_MAX 64

static size_t stream_send_bytes(const struct point *point)
{
	return (size_t)point->value[AXIS_MESSAGE_SIZE];
}

static size_t stream_receive_bytes(const struct point *point)
{
	int64_t bytes = point->value[AXIS_SOCKET_SIZE];

	if (bytes == 0)
		return RECEIVE_BYTES;
	if (bytes < RECEIVE_BYTES_MIN)
		return RECEIVE_BYTES_MIN;
	return bytes < RECEIVE_BYTES_MAX ? (size_t)bytes : RECEIVE_BYTES_MAX;
}

static int stuck(const struct end *end, const char *what, struct err *err)
{
	return err_set(err, ETIMEDOUT, "%s for %g s", what,
		       (double)end->patience_ns / 1e9);
}

/* Of a send() that failed for good. */
static int send_failed(const struct end *end, int code, struct err *err)
{
	if (code == EAGAIN)
		return stuck(end, "the other end took no data", err);
	return err_sys(err, code == EPIPE ? ECONNRESET : code, "sending");
}

/* Of a recv() that returned n <= 0. */
static int receive_failed(const struct end *end, ssize_t n, int code,
			  struct err *err)
{
	if (n == 0)
		return err_set(err, ECONNRESET,
			       "the other end closed the connection");
	if (code == EAGAIN)
		return stuck(end, "no data came", err);
	return err_sys(err, code, "receiving");
}

static int send_one(struct end *end, struct err *err)
{
	const int fd = end->flow[0].fd;
	const size_t size = end->kit->buffer_bytes;
	const char *buffer = end->kit->buffer;
	uint64_t bytes = 0;
	int64_t messages = 0;
	int code = 0;

	while (!wake_pending()) {
		ssize_t n = send(fd, buffer, size, MSG_NOSIGNAL);

		if (n >= 0) {
			bytes += (uint64_t)n;
			messages++;
		} else if (errno != EINTR) {
			code = errno;
			break;
		}
	}
	end->bytes += bytes;
	end->messages += messages;
	return code ? send_failed(end, code, err) : 0;
}

static int receive_one(struct end *end, struct err *err)
{
	const int fd = end->flow[0].fd;
	const size_t size = end->kit->buffer_bytes;
	char *buffer = end->kit->buffer;
	const int flags = end->receive_flags;
	uint64_t bytes = 0;
	ssize_t n = 1;
	int code = 0;

	while (!wake_pending()) {
		n = recv(fd, buffer, size, flags);
		if (n > 0) {
			bytes += (uint64_t)n;
		} else if (n == 0 || errno != EINTR) {
			code = errno;
			break;
		} else {
			n = 1;
		}
	}
	end->bytes += bytes;
	return n > 0 ? 0 : receive_failed(end, n, code, err);
}

/* 0 when the flow takes no more for now, or has had its share. */
static int send_some(struct end *end, struct flow *flow, struct err *err)
{
	for (int i = 0; i < BURST && !wake_pending(); i++) {
		size_t size = flow->left ? flow->left : end->kit->buffer_bytes;
		ssize_t n =
			send(flow->fd, end->kit->buffer, size, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n < 0)
			return send_failed(end, errno, err);
		end->bytes += (uint64_t)n;
		end->messages++;
		flow->left = size - (size_t)n;
	}
	return 0;
}

static int receive_some(struct end *end, struct flow *flow, struct err *err)
{
	ssize_t n = recv(flow->fd, end->kit->buffer, end->kit->buffer_bytes,
			 end->receive_flags | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return receive_failed(end, n, errno, err);
	end->bytes += (uint64_t)n;
	return 0;
}

typedef int flow_step(struct end *end, struct flow *flow, struct err *err);

/* One round over the flows that are ready. *ready = how many were. */
static int step_ready(struct end *end, flow_step *step, int timeout_ms,
		      int *ready, struct err *err)
{
	struct epoll_event events[READY_MAX];
	int rc = 0;

	*ready = epoll_wait(end->epoll_fd, events, READY_MAX, timeout_ms);
	if (*ready < 0)
		return errno == EINTR ? 0 : err_sys(err, errno, "epoll_wait");
	for (int i = 0; i < *ready && !rc; i++)
		rc = step(end, events[i].data.ptr, err);
	return rc;
}

static int step_many(struct end *end, flow_step *step, const char *silent,
		     struct err *err)
{
	int patience_ms = (int)(end->patience_ns / NS_PER_MS) + 1;
	int ready, rc = 0;

	while (!rc && !wake_pending()) {
		rc = step_ready(end, step, patience_ms, &ready, err);
		if (!rc && ready == 0)
			rc = stuck(end, silent, err);
	}
	return rc;
}

static int stream_send(struct end *end, struct err *err)
{
	if (end->epoll_fd < 0)
		return send_one(end, err);
	return step_many(end, send_some, "the other end took no data", err);
}

static int stream_receive(struct end *end, struct err *err)
{
	if (end->epoll_fd < 0)
		return receive_one(end, err);
	return step_many(end, receive_some, "no data came", err);
}

/*
 * Nagle's algorithm holds a last small segment until what is before it is
 * acknowledged, which the receiver may delay by 40 ms: four slices. Setting
 * TCP_NODELAY pushes it out (tcp(7)); unset again, the next turn begins as
 * the first did.
 */
static void stream_flush(struct end *end)
{
	if (end->nodelay)
		return;
	for (size_t i = 0; i < end->flows; i++)
		for (int on = 1; on >= 0; on--)
			setsockopt(end->flow[i].fd, IPPROTO_TCP, TCP_NODELAY,
				   &on, sizeof(on));
}

static int stream_drain(struct end *end, struct err *err)
{
	uint64_t before;
	int ready = 1, rc = 0, i = 0;

	do {
		before = end->bytes;
		rc = end->epoll_fd < 0
			     ? receive_some(end, &end->flow[0], err)
			     : step_ready(end, receive_some, 0, &ready, err);
	} while (!rc && end->bytes != before && ++i < DRAIN_MAX);
	return rc;
}

const struct workload_ops tcp_stream_ops = {
	.name = "tcp_stream",
	.send_bytes = stream_send_bytes,
	.receive_bytes = stream_receive_bytes,
	.send = stream_send,
	.receive = stream_receive,
	.flush = stream_flush,
	.drain = stream_drain,
};
