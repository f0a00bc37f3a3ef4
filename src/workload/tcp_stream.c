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
 * Readers, by the point alone, so that every path is read in the same way.
 * Socket size given: netperf's, which asks recv() for what
 * getsockopt(SO_RCVBUF) says; the kernel doubles the size for its overhead, so
 * that what was asked for holds about one window of payload. Sized by the
 * kernel, where a thread reads one flow:
 *   messages below 4K	 recv() of 64K, woken for BULK_BYTES at least
 *			 (SO_RCVLOWAT), not for each message; at a window's
 *			 edge what is there is taken (one thread only)
 *   below 64K		 iperf3's and neper's: data is awaited, then a message
 *			 asked for
 *   else		 recv() of 64K
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

/* What a reader of small messages is woken for. */
#define BULK_BYTES 16384

/* recv() calls in one drain() */
#define DRAIN_MAX 64

static size_t stream_buffer_bytes(const struct point *point, bool counts)
{
	int64_t bytes = sock_buffer_bytes(point, false);

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

/* As recv(). */
static ssize_t await_and_receive(struct lane *lane, int fd, size_t size)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int ready = poll(&pfd, 1, (int)(lane->patience_ns / NS_PER_MS) + 1);

	if (ready > 0)
		return recv(fd, lane->buffer, size, lane->receive_flags);
	if (ready == 0)
		errno = EAGAIN;
	return -1;
}

struct reader {
	size_t awaited; /* asked for at once after data was awaited; or 0 */
	bool bulk;	/* woken for BULK_BYTES */
};

static struct reader choose_reader(const struct point *point)
{
	int64_t bytes = point->value[AXIS_MESSAGE_SIZE];

	if (sock_buffer_bytes(point, false) || bytes >= RECEIVE_BYTES)
		return (struct reader){ .awaited = 0 };
	if (bytes >= RECEIVE_BYTES_MIN)
		return (struct reader){ .awaited = (size_t)bytes };
	/* a worker's rest of a turn would be awaited until its timer */
	return (struct reader){ .bulk = workload_of(point)->transport ==
						TRANSPORT_IP &&
					point->value[AXIS_THREADS] == 1 };
}

static void set_low_water(int fd, int bytes)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

/* What came; *n as recv() said it last, with errno. */
static uint64_t read_until_woken(struct lane *lane, size_t awaited, ssize_t *n)
{
	const int fd = lane->flow[0].fd;
	const size_t size = lane->buffer_bytes;
	char *buffer = lane->buffer;
	const int flags = lane->receive_flags;
	uint64_t bytes = 0;

	*n = 1;
	while (!wake_pending()) {
		*n = awaited ? await_and_receive(lane, fd, awaited)
			     : recv(fd, buffer, size, flags);
		if (*n > 0)
			bytes += (uint64_t)*n;
		else if (*n == 0 || errno != EINTR)
			break;
		else
			*n = 1;
	}
	return bytes;
}

static int count_one(struct lane *lane, struct err *err)
{
	const struct reader reader = choose_reader(lane->point);
	const int fd = lane->flow[0].fd;
	ssize_t n;
	int code;

	if (reader.bulk)
		set_low_water(fd, BULK_BYTES);
	lane_add_bytes(lane, read_until_woken(lane, reader.awaited, &n));
	code = errno;
	if (reader.bulk)
		set_low_water(fd, 1);
	if (n <= 0)
		return lane_receive_failed(lane, n, code, err);
	return reader.bulk ? count_some(lane, &lane->flow[0], err) : 0;
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
