/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp_rr.c - transactions one after another on each connection, as netperf's
 * TCP_RR: a request of request_size bytes is answered by response_size bytes,
 * and the next one asked at once. Over UNIX and vsock connections, too.
 *
 * A lane's only flow blocks in send() and recv(), one call each where the
 * sizes are small; of several, each has one transaction under way, under one
 * epoll. A transaction's latency is from before its send() until its last byte
 * was received; the clock is read once between one and the next.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "workload/end.h"

#define DRAIN_MAX 64

static size_t rr_buffer_bytes(const struct point *point, bool counts)
{
	int64_t request = point->value[AXIS_REQUEST_SIZE];
	int64_t response = point->value[AXIS_RESPONSE_SIZE];

	(void)counts;
	return (size_t)(request > response ? request : response);
}

static size_t request_size(const struct lane *lane)
{
	return (size_t)lane->point->value[AXIS_REQUEST_SIZE];
}

static size_t response_size(const struct lane *lane)
{
	return (size_t)lane->point->value[AXIS_RESPONSE_SIZE];
}

/* All of it, whether the socket blocks or not. */
static int send_all(const struct lane *lane, int fd, size_t size,
		    struct err *err)
{
	while (size) {
		ssize_t n = send(fd, lane->buffer, size, MSG_NOSIGNAL);
		int code = errno;

		if (n >= 0) {
			size -= (size_t)n;
			continue;
		}
		if (code == EAGAIN && lane->epoll_fd >= 0)
			code = -sock_wait(fd, POLLOUT,
					  clock_mono_ns() + lane->patience_ns);
		if (code == ETIMEDOUT)
			code = EAGAIN;
		if (code && code != EINTR)
			return lane_send_failed(lane, code, err);
	}
	return 0;
}

static int ask(struct lane *lane, struct flow *flow, int64_t now_ns,
	       struct err *err)
{
	flow->since_ns = now_ns;
	flow->left = response_size(lane);
	flow->busy = true;
	lane->busy++;
	return send_all(lane, flow->fd, request_size(lane), err);
}

/* The response is there in full. */
static int64_t complete(struct lane *lane, struct flow *flow)
{
	int64_t now_ns = clock_mono_ns();

	if (lane->measuring)
		histogram_add(lane->latency, now_ns - flow->since_ns);
	lane_add_bytes(lane, request_size(lane) + response_size(lane));
	lane->messages++;
	flow->busy = false;
	lane->busy--;
	return now_ns;
}

/* Blocks, through wake-ups too, until the response is there. */
static int await_response(struct lane *lane, struct flow *flow, struct err *err)
{
	while (flow->left) {
		ssize_t n = recv(flow->fd, lane->buffer, flow->left, 0);

		if (n > 0)
			flow->left -= (size_t)n;
		else if (n == 0 || errno != EINTR)
			return lane_receive_failed(lane, n, errno, err);
		else if (clock_mono_ns() > flow->since_ns + lane->patience_ns)
			return lane_stuck(lane, "no response came", err);
	}
	return 0;
}

static int count_one(struct lane *lane, struct err *err)
{
	struct flow *flow = &lane->flow[0];
	int64_t now_ns = clock_mono_ns();
	int rc = 0;

	while (!rc && !wake_pending()) {
		rc = ask(lane, flow, now_ns, err);
		if (!rc)
			rc = await_response(lane, flow, err);
		if (!rc)
			now_ns = complete(lane, flow);
	}
	return rc;
}

/* *done: the response is there in full. */
static int take_some(struct lane *lane, struct flow *flow, bool *done,
		     struct err *err)
{
	ssize_t n;

	*done = false;
	if (!flow->busy)
		return 0;
	n = recv(flow->fd, lane->buffer, flow->left, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return lane_receive_failed(lane, n, errno, err);
	flow->left -= (size_t)n;
	*done = !flow->left;
	return 0;
}

static int step_asking(struct lane *lane, struct flow *flow, struct err *err)
{
	bool done;
	int rc = take_some(lane, flow, &done, err);

	return rc || !done ? rc : ask(lane, flow, complete(lane, flow), err);
}

static int step_draining(struct lane *lane, struct flow *flow, struct err *err)
{
	bool done;
	int rc = take_some(lane, flow, &done, err);

	if (!rc && done)
		complete(lane, flow);
	return rc;
}

static int rr_count(struct lane *lane, struct err *err)
{
	int rc = 0;

	if (lane->epoll_fd < 0)
		return count_one(lane, err);
	for (size_t i = 0; i < lane->flows && !rc; i++)
		if (!lane->flow[i].busy)
			rc = ask(lane, &lane->flow[i], clock_mono_ns(), err);
	return rc ? rc
		  : lane_step_many(lane, step_asking, "no response came", err);
}

static int rr_drain(struct lane *lane, struct err *err)
{
	int ready = 1, rc = 0;

	if (lane->epoll_fd < 0)
		return 0;
	for (int i = 0; i < DRAIN_MAX && !rc && ready > 0 && lane->busy; i++)
		rc = lane_step_ready(lane, step_draining, 0, &ready, err);
	return rc;
}

/* A part of a request may come; flow->left is what is missing of it. */
static int answer(struct lane *lane, struct flow *flow, int flags,
		  struct err *err)
{
	ssize_t n;

	if (!flow->left)
		flow->left = request_size(lane);
	n = recv(flow->fd, lane->buffer, flow->left, flags);
	if (n < 0 && (errno == EINTR || (errno == EAGAIN && flags)))
		return 0;
	if (n <= 0)
		return lane_receive_failed(lane, n, errno, err);
	flow->left -= (size_t)n;
	if (flow->left)
		return 0;
	lane_add_bytes(lane, request_size(lane) + response_size(lane));
	lane->messages++;
	return send_all(lane, flow->fd, response_size(lane), err);
}

static int step_answering(struct lane *lane, struct flow *flow, struct err *err)
{
	return answer(lane, flow, MSG_DONTWAIT, err);
}

static int rr_feed(struct lane *lane, struct err *err)
{
	int rc = 0;

	if (lane->epoll_fd >= 0)
		return lane_step_many(lane, step_answering, "no request came",
				      err);
	while (!rc && !wake_pending())
		rc = answer(lane, &lane->flow[0], 0, err);
	return rc;
}

const struct workload_ops rr_ops = {
	.exchange = true,
	.buffer_bytes = rr_buffer_bytes,
	.feed = rr_feed,
	.count = rr_count,
	.drain = rr_drain,
};
