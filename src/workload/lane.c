/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/lane.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "workload/wake.h"

/* Flows whose readiness one epoll_wait() tells. */
#define READY_MAX 64

int lane_stuck(const struct lane *lane, const char *what, struct err *err)
{
	return err_set(err, ETIMEDOUT, "%s for %g s", what,
		       (double)lane->patience_ns / 1e9);
}

int lane_send_failed(const struct lane *lane, int code, struct err *err)
{
	if (code == EAGAIN)
		return lane_stuck(lane, "the other end took no data", err);
	return err_sys(err, code == EPIPE ? ECONNRESET : code, "sending");
}

int lane_receive_failed(const struct lane *lane, ssize_t n, int code,
			struct err *err)
{
	if (n == 0)
		return err_set(err, ECONNRESET,
			       "the other end closed the connection");
	if (code == EAGAIN)
		return lane_stuck(lane, "no data came", err);
	return err_sys(err, code, "receiving");
}

int lane_data_fd(const struct lane *lane)
{
	return lane->epoll_fd >= 0 ? lane->epoll_fd : lane->flow[0].fd;
}

int lane_step_ready(struct lane *lane, lane_step *step, int timeout_ms,
		    int *ready, struct err *err)
{
	struct epoll_event events[READY_MAX];
	int rc = 0;

	*ready = epoll_wait(lane->epoll_fd, events, READY_MAX, timeout_ms);
	if (*ready < 0)
		return errno == EINTR ? 0 : err_sys(err, errno, "epoll_wait");
	for (int i = 0; i < *ready && !rc; i++)
		rc = step(lane, events[i].data.ptr, err);
	return rc;
}

int lane_step_many(struct lane *lane, lane_step *step, const char *silent,
		   struct err *err)
{
	int patience_ms = (int)(lane->patience_ns / NS_PER_MS) + 1;
	int ready, rc = 0;

	while (!rc && !wake_pending()) {
		rc = lane_step_ready(lane, step, patience_ms, &ready, err);
		if (!rc && ready == 0)
			rc = lane_stuck(lane, silent, err);
	}
	return rc;
}
