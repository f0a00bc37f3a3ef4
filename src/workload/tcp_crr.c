/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp_crr.c - a connection for each transaction, as netperf's TCP_CRR:
 * connect, request, response, close. Over UNIX and vsock connections, too.
 *
 * The end that answers closes first, behind its response, so that TIME_WAIT
 * is its own and the asking end does not run out of ports; the asking end
 * takes response and end of stream by one recv(MSG_WAITALL). A transaction's
 * latency is from before socket() until the end of the stream.
 *
 * Each flow of a lane has one connection at a time. Of several flows the lane
 * starts one connection after another and then takes the responses as they
 * come. The end that answers takes connections one after another: the request
 * comes right behind the handshake.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "workload/admit.h"
#include "workload/end.h"

static size_t request_size(const struct lane *lane)
{
	return (size_t)lane->point->value[AXIS_REQUEST_SIZE];
}

static size_t response_size(const struct lane *lane)
{
	return (size_t)lane->point->value[AXIS_RESPONSE_SIZE];
}

/* Of the token, where there is one. */
static size_t token_size(const struct lane *lane)
{
	return lane->token ? BLOCK_TOKEN_BYTES : 0;
}

/* A token before the request; and one byte more than a response: there the end
 * of the stream shows. */
static size_t crr_buffer_bytes(const struct point *point, bool counts)
{
	int64_t request = point->value[AXIS_REQUEST_SIZE];
	int64_t response = point->value[AXIS_RESPONSE_SIZE];

	(void)counts;
	return (size_t)(request > response ? request : response) +
	       BLOCK_TOKEN_BYTES + 1;
}

static int send_all(const struct lane *lane, int fd, size_t size,
		    struct err *err)
{
	while (size) {
		ssize_t n = send(fd, lane->buffer, size, MSG_NOSIGNAL);

		if (n >= 0)
			size -= (size_t)n;
		else if (errno != EINTR)
			return lane_send_failed(lane, errno, err);
	}
	return 0;
}

/* Exactly `size` bytes, or with `last` one less and then the stream's end. */
static int receive_all(const struct lane *lane, int fd, size_t size, bool last,
		       struct err *err)
{
	int64_t begun_ns = clock_mono_ns();
	size_t have = 0;

	while (have < size) {
		ssize_t n =
			recv(fd, lane->buffer + have, size - have, MSG_WAITALL);

		if (n > 0)
			have += (size_t)n;
		if (n == 0 && last && have == size - 1)
			return 0;
		if (n == 0 || (n < 0 && errno != EINTR))
			return lane_receive_failed(lane, n, errno, err);
		if (n < 0 && clock_mono_ns() > begun_ns + lane->patience_ns)
			return lane_stuck(lane, "no data came", err);
	}
	if (!last)
		return 0;
	return err_set(err, EPROTO, "more came than a response");
}

static int begin(struct lane *lane, struct flow *flow, struct err *err)
{
	int fd;

	flow->since_ns = clock_mono_ns();
	fd = sock_connect_within(lane->peer, lane->sock, lane->patience_ns,
				 err);
	if (fd < 0)
		return fd;
	flow->fd = fd;
	flow->busy = true;
	lane->busy++;
	if (lane->token)
		memcpy(lane->buffer, lane->token, BLOCK_TOKEN_BYTES);
	return send_all(lane, fd, token_size(lane) + request_size(lane), err);
}

static int finish(struct lane *lane, struct flow *flow, struct err *err)
{
	int rc =
		receive_all(lane, flow->fd, response_size(lane) + 1, true, err);

	close(flow->fd);
	flow->fd = -1;
	flow->busy = false;
	lane->busy--;
	if (rc)
		return rc;
	if (lane->measuring)
		histogram_add(lane->latency, clock_mono_ns() - flow->since_ns);
	lane_add_bytes(lane, request_size(lane) + response_size(lane));
	lane->messages++;
	return 0;
}

/* Every flow has begun one before the first is finished. */
static int crr_count(struct lane *lane, struct err *err)
{
	int rc = 0;

	while (!rc && !wake_pending()) {
		for (size_t i = 0; i < lane->flows && !rc; i++)
			rc = begin(lane, &lane->flow[i], err);
		for (size_t i = 0; i < lane->flows && !rc; i++)
			rc = finish(lane, &lane->flow[i], err);
	}
	return rc;
}

/* Nothing is under way between calls. */
static int crr_drain(struct lane *lane, struct err *err)
{
	(void)lane;
	(void)err;
	return 0;
}

/* What accept() returns has it from the listener, with TCP; a UNIX or vsock
 * connection has not. */
static int set_patience(const struct lane *lane, int fd, struct err *err)
{
	if (workload_of(lane->point)->transport == TRANSPORT_IP)
		return 0;
	return sock_set_patience(fd, lane->patience_ns, err);
}

/* Who shows no token is sent away; he is not this block's. */
static int serve(struct lane *lane, int fd, struct err *err)
{
	size_t token = token_size(lane);
	int rc = set_patience(lane, fd, err);

	if (!rc)
		rc = receive_all(lane, fd, token + request_size(lane), false,
				 token ? NULL : err);
	if (token && (rc || !admit_compare((const uint8_t *)lane->buffer,
					   lane->token))) {
		close(fd);
		return 0;
	}
	if (!rc)
		rc = send_all(lane, fd, response_size(lane), err);
	close(fd);
	if (rc)
		return rc;
	lane_add_bytes(lane, request_size(lane) + response_size(lane));
	lane->messages++;
	return 0;
}

static int crr_feed(struct lane *lane, struct err *err)
{
	int rc = 0;

	while (!rc && !wake_pending()) {
		int fd = accept4(lane->flow[0].fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			rc = serve(lane, fd, err);
		else if (errno == EAGAIN)
			rc = lane_stuck(lane, "no connection came", err);
		else if (errno != EINTR && errno != ECONNABORTED)
			rc = err_sys(err, errno, "accept");
	}
	return rc;
}

const struct workload_ops crr_ops = {
	.exchange = true,
	.connects = true,
	.buffer_bytes = crr_buffer_bytes,
	.feed = crr_feed,
	.count = crr_count,
	.drain = crr_drain,
};
