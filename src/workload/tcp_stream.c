/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp_stream.c - bulk data over TCP, as netperf's TCP_STREAM and TCP_MAERTS;
 * over UNIX and vsock connections, too.
 *
 * A lane's only flow: a blocking send() of exactly message_size bytes a call
 * from one buffer, and a blocking recv(). STOP cuts at most the last message
 * of a turn short. Several flows: nonblocking sockets under one epoll, as
 * iperf3 -P and neper do, one send() or recv() each and then the next one: so
 * what is sent is received while it is still in the processor's cache. A
 * socket that takes part of a message gets the rest of it next. Their bytes
 * are counted as one sum.
 *
 * Two kinds of reader, by the point alone, so that every path is read in the
 * same way:
 *   socket size given: netperf's, which asks recv() for what
 *	getsockopt(SO_RCVBUF) says; the kernel doubles the size for its
 *	overhead, so that what was asked for holds about one window of payload.
 *   sized by the kernel: iperf3's and neper's, which await data first and then
 *	ask for a message (of 4K to 64K). Of one flow, data is looked for LOOKS
 *	times before the thread sleeps: waking a processor costs the sender
 *	more than the looks cost the receiver.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "workload/end.h"
#include "workload/zero_copy.h"

#define RECEIVE_BYTES	  65536
#define RECEIVE_BYTES_MIN 4096
#define RECEIVE_BYTES_MAX 1048576

/* poll() calls, some 3 us altogether; one of them may sleep. */
#define LOOKS 10

/* recv() calls in one drain() */
#define DRAIN_MAX 64

static int64_t receiver_socket_size(const struct point *point)
{
	int64_t own = point->value[AXIS_RECEIVER_SOCKET_SIZE];

	return own ? own : point->value[AXIS_SOCKET_SIZE];
}

static size_t stream_buffer_bytes(const struct point *point, bool counts)
{
	int64_t bytes = receiver_socket_size(point);

	if (!counts)
		return (size_t)point->value[AXIS_MESSAGE_SIZE];
	if (bytes == 0)
		return RECEIVE_BYTES;
	if (bytes < RECEIVE_BYTES_MIN)
		return RECEIVE_BYTES_MIN;
	return bytes < RECEIVE_BYTES_MAX ? (size_t)bytes : RECEIVE_BYTES_MAX;
}

static ssize_t hand_over(struct lane *lane, int fd, size_t size)
{
	if (lane->zero_copy)
		return zero_copy_send(lane, fd, size);
	return send(fd, lane->buffer, size, MSG_NOSIGNAL);
}

static int feed_one(struct lane *lane, struct err *err)
{
	const int fd = lane->flow[0].fd;
	const size_t size = lane->buffer_bytes;
	uint64_t bytes = 0;
	int64_t messages = 0;
	int code = 0;

	while (!wake_pending()) {
		ssize_t n = hand_over(lane, fd, size);

		if (n >= 0) {
			bytes += (uint64_t)n;
			messages++;
		} else if (errno != EINTR) {
			code = errno;
			break;
		}
	}
	lane_add_bytes(lane, bytes);
	lane->messages += messages;
	return code ? lane_send_failed(lane, code, err) : 0;
}

/* 0: patience is over; -1: EINTR, or worse. */
static int await_data(const struct lane *lane, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int rc = 0;

	for (int i = 1; i < LOOKS && !rc; i++)
		rc = poll(&pfd, 1, 0);
	return rc ? rc
		  : poll(&pfd, 1, (int)(lane->patience_ns / NS_PER_MS) + 1);
}

/* As recv(). */
static ssize_t await_and_receive(struct lane *lane, int fd, size_t size)
{
	int ready = await_data(lane, fd);

	if (ready > 0)
		return recv(fd, lane->buffer, size, lane->receive_flags);
	if (ready == 0)
		errno = EAGAIN;
	return -1;
}

/* How much is asked for at once where data is awaited first; else 0. */
static size_t read_bytes(const struct point *point)
{
	int64_t bytes = point->value[AXIS_MESSAGE_SIZE];

	if (receiver_socket_size(point))
		return 0;
	if (bytes < RECEIVE_BYTES_MIN)
		return RECEIVE_BYTES_MIN;
	return bytes < RECEIVE_BYTES ? (size_t)bytes : RECEIVE_BYTES;
}

static int count_one(struct lane *lane, struct err *err)
{
	const int fd = lane->flow[0].fd;
	const size_t awaited = read_bytes(lane->point);
	const size_t size = lane->buffer_bytes;
	char *buffer = lane->buffer;
	const int flags = lane->receive_flags;
	uint64_t bytes = 0;
	ssize_t n = 1;
	int code = 0;

	while (!wake_pending()) {
		n = awaited ? await_and_receive(lane, fd, awaited)
			    : recv(fd, buffer, size, flags);
		if (n > 0) {
			bytes += (uint64_t)n;
		} else if (n == 0 || errno != EINTR) {
			code = errno;
			break;
		} else {
			n = 1;
		}
	}
	lane_add_bytes(lane, bytes);
	return n > 0 ? 0 : lane_receive_failed(lane, n, code, err);
}

static int feed_some(struct lane *lane, struct flow *flow, struct err *err)
{
	size_t size = flow->left ? flow->left : lane->buffer_bytes;
	ssize_t n = hand_over(lane, flow->fd, size);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return lane_send_failed(lane, errno, err);
	lane_add_bytes(lane, (uint64_t)n);
	lane->messages++;
	flow->left = size - (size_t)n;
	return 0;
}

static int count_some(struct lane *lane, struct flow *flow, struct err *err)
{
	ssize_t n = recv(flow->fd, lane->buffer, lane->buffer_bytes,
			 lane->receive_flags | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return lane_receive_failed(lane, n, errno, err);
	lane_add_bytes(lane, (uint64_t)n);
	return 0;
}

static int stream_feed(struct lane *lane, struct err *err)
{
	if (lane->epoll_fd < 0)
		return feed_one(lane, err);
	return lane_step_many(lane, feed_some, "the other end took no data",
			      err);
}

static int stream_count(struct lane *lane, struct err *err)
{
	if (lane->epoll_fd < 0)
		return count_one(lane, err);
	return lane_step_many(lane, count_some, "no data came", err);
}

/*
 * Nagle's algorithm holds a last small segment until what is before it is
 * acknowledged, which the receiver may delay by 40 ms: four slices. Setting
 * TCP_NODELAY pushes it out (tcp(7)); unset again, the next turn begins as
 * the first did. Sockets that are not TCP refuse it, and need it not.
 */
static void stream_flush(struct lane *lane)
{
	if (lane->point->value[AXIS_NODELAY])
		return;
	for (size_t i = 0; i < lane->flows; i++)
		for (int on = 1; on >= 0; on--)
			setsockopt(lane->flow[i].fd, IPPROTO_TCP, TCP_NODELAY,
				   &on, sizeof(on));
}

static int stream_drain(struct lane *lane, struct err *err)
{
	uint64_t before;
	int ready = 1, rc = 0, i = 0;

	do {
		before = lane_bytes(lane);
		rc = lane->epoll_fd < 0 ? count_some(lane, &lane->flow[0], err)
					: lane_step_ready(lane, count_some, 0,
							  &ready, err);
	} while (!rc && lane_bytes(lane) != before && ++i < DRAIN_MAX);
	return rc;
}

const struct workload_ops stream_ops = {
	.buffer_bytes = stream_buffer_bytes,
	.feed = stream_feed,
	.count = stream_count,
	.flush = stream_flush,
	.drain = stream_drain,
};
