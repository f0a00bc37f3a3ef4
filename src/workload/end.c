/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/end.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAGE 4096

int kit_open(struct kit *kit, const struct point *point, bool sends,
	     struct err *err)
{
	const struct workload_ops *ops = workload_of(point);
	size_t bytes =
		sends ? ops->send_bytes(point) : ops->receive_bytes(point);
	int rc = wake_open(&kit->wake, err);

	if (rc)
		return rc;
	kit->buffer_bytes = bytes;
	kit->buffer = aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE);
	if (!kit->buffer) {
		wake_close(&kit->wake);
		return err_sys(err, ENOMEM, "a buffer of %zu bytes", bytes);
	}
	/* not zeros: nothing on the way shall find them easy to handle */
	memset(kit->buffer, 0x5a, bytes);
	return 0;
}

void kit_close(struct kit *kit)
{
	free(kit->buffer);
	wake_close(&kit->wake);
}

bool end_follower_sends(const struct point *point)
{
	return point->value[AXIS_DIRECTION] == DIRECTION_SEND;
}

int end_init(struct end *end, const struct point *point, bool sends,
	     struct err *err)
{
	*end = (struct end){
		.ops = workload_of(point),
		.baton = { .fd = -1 },
		.flows_max = (size_t)point->value[AXIS_FLOWS],
		.epoll_fd = -1,
		.sends = sends,
		.nodelay = point->value[AXIS_NODELAY],
		.receive_flags = point->value[AXIS_MSG_TRUNC] ? MSG_TRUNC : 0,
	};
	end->flow = calloc(end->flows_max, sizeof(*end->flow));
	if (!end->flow)
		return err_sys(err, ENOMEM, "%zu flows", end->flows_max);
	if (end->flows_max == 1)
		return 0;
	end->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return end->epoll_fd < 0 ? err_sys(err, errno, "epoll_create1") : 0;
}

static int watch(struct end *end, struct flow *flow, struct err *err)
{
	struct epoll_event event = { .events = end->sends ? EPOLLOUT : EPOLLIN,
				     .data.ptr = flow };

	if (fcntl(flow->fd, F_SETFL, O_NONBLOCK) < 0 ||
	    epoll_ctl(end->epoll_fd, EPOLL_CTL_ADD, flow->fd, &event) < 0)
		return err_sys(err, errno, "epoll_ctl");
	return 0;
}

int end_add_flow(struct end *end, int fd, struct err *err)
{
	struct flow *flow = &end->flow[end->flows];
	int rc;

	*flow = (struct flow){ .fd = fd };
	end->flows++;
	rc = sock_set_patience(fd, end->patience_ns, err);
	if (rc || end->epoll_fd < 0)
		return rc;
	return watch(end, flow, err);
}

static void close_socket(int fd, bool at_once)
{
	if (at_once)
		sock_close_at_once(fd);
	else
		close(fd);
}

void end_close(struct end *end, bool at_once)
{
	if (!end->ops)
		return;
	for (size_t i = 0; i < end->flows; i++)
		close_socket(end->flow[i].fd, at_once);
	if (end->baton.fd >= 0)
		close_socket(end->baton.fd, at_once);
	if (end->epoll_fd >= 0)
		close(end->epoll_fd);
	free(end->flow);
	*end = (struct end){ 0 };
}

void end_tell_begin(const struct end *end, uint32_t turn)
{
	if (end->watch && turn)
		end->watch->turn_begins(end->watch->arg, 0, end);
}

void end_tell_end(const struct end *end, uint32_t turn)
{
	if (end->watch && turn)
		end->watch->turn_ends(end->watch->arg, 0, end);
}

size_t block_end_flows(const struct end *end)
{
	return end->flows;
}

int block_end_fd(const struct end *end, size_t flow)
{
	return end->flow[flow].fd;
}

uint64_t block_end_bytes(const struct end *end)
{
	return end->bytes;
}

int end_data_fd(const struct end *end)
{
	return end->epoll_fd >= 0 ? end->epoll_fd : end->flow[0].fd;
}

int end_report(const struct end *end, struct block_result *result,
	       struct err *err)
{
	result->messages = end->messages;
	return sock_read(end->flow[0].fd, &result->socket, err);
}
