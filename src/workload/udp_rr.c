/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * udp_rr.c - transactions one after another, each a datagram there and one
 * back, as netperf's UDP_RR and sockperf's ping-pong.
 *
 * As many bytes of the request's number as fit lead request and response, so
 * that a late response is not taken for another. Where none comes for
 * LOST_NS the transaction is lost: it is counted as such, has no latency, and
 * the next one is asked.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "workload/end.h"

#define DRAIN_MAX 64
#define LOST_NS	  (100 * NS_PER_MS)

/* Of a request's number, in the sender's byte order: it alone reads it. */
#define NUMBER_BYTES 8

static size_t size_of(const struct lane *lane, enum axis axis)
{
	return (size_t)lane->point->value[axis];
}

/* One byte more, so that a longer datagram shows. */
static size_t udp_rr_buffer_bytes(const struct point *point, bool counts)
{
	int64_t request = point->value[AXIS_REQUEST_SIZE];
	int64_t response = point->value[AXIS_RESPONSE_SIZE];
	size_t most = (size_t)(request > response ? request : response);

	(void)counts;
	return (most > NUMBER_BYTES ? most : NUMBER_BYTES) + 1;
}

/* How much of the number comes back. */
static size_t number_bytes(const struct lane *lane)
{
	size_t request = size_of(lane, AXIS_REQUEST_SIZE);
	size_t response = size_of(lane, AXIS_RESPONSE_SIZE);
	size_t least = request < response ? request : response;

	return least < NUMBER_BYTES ? least : NUMBER_BYTES;
}

static bool is_loss(int code)
{
	return code == ENOBUFS || code == ECONNREFUSED || code == ENOMEM;
}

static int ask(struct lane *lane, struct flow *flow, int64_t now_ns,
	       struct err *err)
{
	flow->number++;
	flow->since_ns = now_ns;
	if (!flow->busy)
		lane->busy++;
	flow->busy = true;
	memcpy(lane->buffer, &flow->number, NUMBER_BYTES);
	if (send(flow->fd, lane->buffer, size_of(lane, AXIS_REQUEST_SIZE),
		 MSG_NOSIGNAL) >= 0 ||
	    errno == EINTR || errno == EAGAIN || is_loss(errno))
		return 0;
	return lane_send_failed(lane, errno, err);
}

static bool is_answer(const struct lane *lane, const struct flow *flow,
		      ssize_t n)
{
	return flow->busy && n == (ssize_t)size_of(lane, AXIS_RESPONSE_SIZE) &&
	       memcmp(lane->buffer, &flow->number, number_bytes(lane)) == 0;
}

static int64_t complete(struct lane *lane, struct flow *flow)
{
	int64_t now_ns = clock_mono_ns();

	if (lane->measuring)
		histogram_add(lane->latency, now_ns - flow->since_ns);
	lane_add_bytes(lane, size_of(lane, AXIS_REQUEST_SIZE) +
				     size_of(lane, AXIS_RESPONSE_SIZE));
	lane->messages++;
	flow->busy = false;
	flow->left = 0;
	lane->busy--;
	return now_ns;
}

/*
 * What is lost, of all flows. flow->left counts what was in a row, so that a
 * dead end is known.
 */
static int give_up_lost(struct lane *lane, struct err *err)
{
	int64_t now_ns = clock_mono_ns();

	for (size_t i = 0; i < lane->flows; i++) {
		struct flow *flow = &lane->flow[i];

		if (!flow->busy || now_ns < flow->since_ns + LOST_NS)
			continue;
		flow->busy = false;
		lane->busy--;
		lane->lost += lane->turn > 0;
		flow->left++;
		if ((int64_t)flow->left * LOST_NS > lane->patience_ns)
			return lane_stuck(lane, "no response came", err);
	}
	return 0;
}

/* 1: the answer is there; 0: nothing for now. */
static int take(struct lane *lane, struct flow *flow, int flags,
		struct err *err)
{
	ssize_t n = recv(flow->fd, lane->buffer, lane->buffer_bytes, flags);

	if (n >= 0)
		return is_answer(lane, flow, n);
	if (errno == EAGAIN || errno == EINTR || is_loss(errno))
		return 0;
	return lane_receive_failed(lane, n, errno, err);
}

static int count_one(struct lane *lane, struct err *err)
{
	struct flow *flow = &lane->flow[0];
	int64_t now_ns = clock_mono_ns();
	int rc = 0;

	while (!rc && !wake_pending()) {
		rc = ask(lane, flow, now_ns, err);
		while (!rc && flow->busy) {
			rc = take(lane, flow, 0, err);
			if (rc < 0)
				return rc;
			if (rc > 0)
				now_ns = complete(lane, flow);
			rc = rc > 0 ? 0 : give_up_lost(lane, err);
		}
		if (flow->left)
			now_ns = clock_mono_ns();
	}
	return rc;
}

static int step_asking(struct lane *lane, struct flow *flow, struct err *err)
{
	int rc = take(lane, flow, MSG_DONTWAIT, err);

	return rc > 0 ? ask(lane, flow, complete(lane, flow), err) : rc;
}

static int step_draining(struct lane *lane, struct flow *flow, struct err *err)
{
	int rc = take(lane, flow, MSG_DONTWAIT, err);

	if (rc > 0)
		complete(lane, flow);
	return rc < 0 ? rc : 0;
}

static int udp_rr_count(struct lane *lane, struct err *err)
{
	int ready, rc = 0;

	if (lane->epoll_fd < 0)
		return count_one(lane, err);
	while (!rc && !wake_pending()) {
		for (size_t i = 0; i < lane->flows && !rc; i++)
			if (!lane->flow[i].busy)
				rc = ask(lane, &lane->flow[i], clock_mono_ns(),
					 err);
		ready = 1;
		while (!rc && !wake_pending() && ready > 0)
			rc = lane_step_ready(lane, step_asking,
					     (int)(LOST_NS / NS_PER_MS), &ready,
					     err);
		if (!rc)
			rc = give_up_lost(lane, err);
	}
	return rc;
}

static int udp_rr_drain(struct lane *lane, struct err *err)
{
	int ready = 1, rc = 0;

	if (lane->epoll_fd < 0)
		return 0;
	for (int i = 0; i < DRAIN_MAX && !rc && ready > 0 && lane->busy; i++)
		rc = lane_step_ready(lane, step_draining, 0, &ready, err);
	return rc ? rc : give_up_lost(lane, err);
}

static int answer(struct lane *lane, struct flow *flow, int flags,
		  struct err *err)
{
	ssize_t n = recv(flow->fd, lane->buffer, lane->buffer_bytes, flags);

	if (n < 0 && errno != EINTR && !(errno == EAGAIN && flags) &&
	    !is_loss(errno))
		return lane_receive_failed(lane, n, errno, err);
	if (n != (ssize_t)size_of(lane, AXIS_REQUEST_SIZE))
		return 0;
	if (send(flow->fd, lane->buffer, size_of(lane, AXIS_RESPONSE_SIZE),
		 MSG_NOSIGNAL) < 0 &&
	    errno != EINTR && errno != EAGAIN && !is_loss(errno))
		return lane_send_failed(lane, errno, err);
	lane_add_bytes(lane, size_of(lane, AXIS_REQUEST_SIZE) +
				     size_of(lane, AXIS_RESPONSE_SIZE));
	lane->messages++;
	return 0;
}

static int step_answering(struct lane *lane, struct flow *flow, struct err *err)
{
	return answer(lane, flow, MSG_DONTWAIT, err);
}

static int udp_rr_feed(struct lane *lane, struct err *err)
{
	int rc = 0;

	if (lane->epoll_fd >= 0)
		return lane_step_many(lane, step_answering, "no request came",
				      err);
	while (!rc && !wake_pending())
		rc = answer(lane, &lane->flow[0], 0, err);
	return rc;
}

const struct workload_ops udp_rr_ops = {
	.exchange = true,
	.lossy = true,
	.buffer_bytes = udp_rr_buffer_bytes,
	.feed = udp_rr_feed,
	.count = udp_rr_count,
	.drain = udp_rr_drain,
};
