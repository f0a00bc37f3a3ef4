/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/end.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "workload/zero_copy.h"

#define LOST_NS (100 * NS_PER_MS)

/* M1 follows, M2 conducts. With an exchange the end that asks counts. */
static bool counts(const struct point *point, bool conducts)
{
	bool exchange = workload_of(point)->ops->exchange;
	int64_t direction = point->value[AXIS_DIRECTION];

	if (direction == DIRECTION_BOTH)
		return true;
	return (direction == DIRECTION_SEND) != (exchange == conducts);
}

bool block_follower_counts(const struct point *point)
{
	return counts(point, false);
}

bool block_conductor_counts(const struct point *point)
{
	return counts(point, true);
}

int64_t block_transaction_bytes(const struct point *point)
{
	if (!workload_of(point)->ops->exchange)
		return 0;
	return point->value[AXIS_REQUEST_SIZE] +
	       point->value[AXIS_RESPONSE_SIZE];
}

/* A lane for each thread, and flows of it that lie side by side. The end that
 * answers a workload that connects has a listener a lane. */
static void lay_out(struct end *end, const struct point *point)
{
	size_t threads = (size_t)point->value[AXIS_THREADS];
	size_t flows = (size_t)point->value[AXIS_FLOWS];
	bool both = point->value[AXIS_DIRECTION] == DIRECTION_BOTH;

	if (end->ops->connects && !counts(point, end->conducts))
		flows = threads;
	end->lanes = both ? 2 * threads : threads;
	end->flows_max = both ? 2 * flows : flows;
	if (both)
		end->counting = threads;
	else
		end->counting = counts(point, end->conducts) ? threads : 0;
}

/* M1 feeds the first half of direction both's connections, and its lanes that
 * count stand first. */
static size_t flow_at(const struct end *end, size_t lane_flow)
{
	bool both = end->counting && end->counting < end->lanes;

	if (both && !end->conducts)
		return (lane_flow + end->flows_max / 2) % end->flows_max;
	return lane_flow;
}

static int init_lane(struct end *end, size_t i, const struct end_args *args,
		     struct err *err)
{
	struct lane *lane = &end->lane[i];
	size_t first = i * end->flows_max / end->lanes;
	size_t last = (i + 1) * end->flows_max / end->lanes;

	*lane = (struct lane){
		.point = args->point,
		.sock = &end->sock,
		.peer = &end->peer,
		.flow = &end->flow[flow_at(end, first)],
		.flows = last - first,
		.epoll_fd = -1,
		.waited.fd = -1,
		.counts = i < end->counting,
		.receive_flags =
			args->point->value[AXIS_MSG_TRUNC] ? MSG_TRUNC : 0,
		.patience_ns = args->patience_ns,
	};
	for (size_t f = 0; f < lane->flows; f++)
		lane->flow[f].fd = -1;
	if (lane->counts && end->ops->exchange) {
		lane->latency = calloc(1, sizeof(*lane->latency));
		if (!lane->latency)
			return err_sys(err, ENOMEM, "a histogram");
	}
	if (lane->flows == 1)
		return 0;
	lane->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return lane->epoll_fd < 0 ? err_sys(err, errno, "epoll_create1") : 0;
}

int end_init(struct end *end, const struct end_args *args, struct err *err)
{
	int rc = 0;

	*end = (struct end){
		.ops = workload_of(args->point)->ops,
		.baton = { .fd = -1 },
		.conducts = args->conducts,
		.patience_ns = args->patience_ns,
	};
	end->sock = (struct sock_args){
		.point = args->point,
		.sends = end->ops->exchange ==
			 counts(args->point, args->conducts),
		.congestion = args->congestion,
	};
	if (args->point->value[AXIS_DIRECTION] == DIRECTION_BOTH)
		end->sock.sends = !args->conducts;
	lay_out(end, args->point);
	end->flow = calloc(end->flows_max, sizeof(*end->flow));
	end->lane = calloc(end->lanes, sizeof(*end->lane));
	/* 0 is a descriptor: end_close() may come before all are made */
	for (size_t i = 0; end->lane && i < end->lanes; i++)
		end->lane[i].epoll_fd = -1;
	if (!end->flow || !end->lane)
		return err_sys(err, ENOMEM, "%zu flows", end->flows_max);
	for (size_t i = 0; i < end->lanes && !rc; i++)
		rc = init_lane(end, i, args, err);
	return rc;
}

void end_set_patience(struct end *end, int64_t patience_ns)
{
	end->patience_ns = patience_ns;
	for (size_t i = 0; i < end->lanes; i++)
		end->lane[i].patience_ns = patience_ns;
}

size_t end_connections(const struct end *end)
{
	return end->ops->connects ? 0 : end->flows_max;
}

static struct lane *lane_of(const struct end *end, const struct flow *flow)
{
	for (size_t i = 0; i < end->lanes; i++)
		if (flow >= end->lane[i].flow &&
		    flow < end->lane[i].flow + end->lane[i].flows)
			return &end->lane[i];
	return NULL;
}

/* Who feeds a stream waits for room, all others for data. */
static int watch(const struct end *end, struct lane *lane, struct flow *flow,
		 struct err *err)
{
	bool out = !lane->counts && !end->ops->exchange;
	struct epoll_event event = { .events = out ? EPOLLOUT : EPOLLIN,
				     .data.ptr = flow };

	if (fcntl(flow->fd, F_SETFL, O_NONBLOCK) < 0 ||
	    epoll_ctl(lane->epoll_fd, EPOLL_CTL_ADD, flow->fd, &event) < 0)
		return err_sys(err, errno, "epoll_ctl");
	return 0;
}

/* Who asks by datagrams has to see that one is lost. */
static int64_t flow_patience_ns(const struct end *end)
{
	if (end->ops->exchange && end->ops->lossy && end->counting &&
	    end->patience_ns > LOST_NS)
		return LOST_NS;
	return end->patience_ns;
}

int end_add_flow(struct end *end, int fd, struct err *err)
{
	struct flow *flow = &end->flow[end->flows++];
	struct lane *lane = lane_of(end, flow);
	int rc;

	flow->fd = fd;
	rc = sock_set_patience(fd, flow_patience_ns(end), err);
	if (rc || lane->epoll_fd < 0)
		return rc;
	return watch(end, lane, flow, err);
}

int end_join_crew(struct end *end, struct crew *crew, struct err *err)
{
	int rc = 0;

	end->crew = crew;
	for (size_t i = 0; i < end->lanes && !rc; i++) {
		struct lane *lane = &end->lane[i];

		lane->buffer = crew->buffer[i];
		lane->token = end->token;
		lane->buffer_bytes =
			end->ops->buffer_bytes(lane->point, lane->counts);
		if (!lane->counts && lane->point->value[AXIS_ZERO_COPY])
			rc = zero_copy_open(lane, err);
	}
	return rc;
}

static void close_socket(int fd, bool at_once)
{
	if (fd < 0)
		return;
	if (at_once)
		sock_close_at_once(fd);
	else
		close(fd);
}

void end_close(struct end *end, bool at_once)
{
	if (!end->ops)
		return;
	for (size_t i = 0; end->flow && i < end->flows; i++)
		close_socket(end->flow[i].fd, at_once);
	close_socket(end->baton.fd, at_once);
	for (size_t i = 0; end->lane && i < end->lanes; i++) {
		if (end->lane[i].epoll_fd >= 0)
			close(end->lane[i].epoll_fd);
		free(end->lane[i].latency);
		zero_copy_close(&end->lane[i]);
	}
	free(end->lane);
	free(end->flow);
	free(end->track);
	*end = (struct end){ 0 };
}

uint64_t end_bytes(const struct end *end, bool counted)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < end->lanes; i++)
		if (end->lane[i].counts == counted)
			bytes += lane_bytes(&end->lane[i]);
	return bytes;
}

void end_tell_begin(const struct end *end, uint32_t turn)
{
	if (end->watch && turn)
		end->watch->turn_begins(end->watch->arg, 0, &end, 1);
}

void end_tell_end(const struct end *end, uint32_t turn)
{
	if (end->watch && turn)
		end->watch->turn_ends(end->watch->arg, 0, &end, 1);
}

void end_tell_over(const struct end *end)
{
	if (end->watch && end->watch->block_ends)
		end->watch->block_ends(end->watch->arg, end);
}

size_t block_end_flows(const struct end *end)
{
	return end->ops->connects ? 0 : end->flows;
}

int block_end_fd(const struct end *end, size_t flow)
{
	return end->flow[flow].fd;
}

uint64_t block_end_bytes(const struct end *end)
{
	return end_bytes(end, true) + end_bytes(end, false);
}

static int report_latency(struct end *end, struct block_result *result,
			  struct err *err)
{
	if (!end->counting || !end->ops->exchange)
		return 0;
	result->latency = calloc(1, sizeof(*result->latency));
	if (!result->latency)
		return err_sys(err, ENOMEM, "a histogram");
	for (size_t i = 0; i < end->counting; i++)
		histogram_merge(result->latency, end->lane[i].latency);
	return 0;
}

int end_report(struct end *end, struct block_result *result, struct err *err)
{
	int rc = report_latency(end, result, err);

	result->messages = 0;
	for (size_t i = 0; i < end->lanes; i++)
		result->messages += end->lane[i].messages;
	result->fed_bytes = end->fed_bytes;
	result->fed_ns = end->fed_ns;
	result->datagrams = end->datagrams;
	result->track = end->track;
	result->tracks = end->tracks;
	end->track = NULL;
	if (end->counted_turns) {
		result->datagrams.jitter_us /= (double)end->counted_turns;
	}
	if (rc || end->flows == 0 || end->flow[0].fd < 0)
		return rc;
	return sock_read(end->flow[0].fd, &result->socket, err);
}
