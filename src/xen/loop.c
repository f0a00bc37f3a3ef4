/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/loop.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define BATCH 64

struct loop {
	int fd;
	int count, at; /* of the batch in hand */
	struct epoll_event event[BATCH];
};

int loop_open(struct loop **loop, struct err *err)
{
	*loop = calloc(1, sizeof(**loop));
	if (!*loop)
		return err_sys(err, ENOMEM, "event loop");
	(*loop)->fd = epoll_create1(EPOLL_CLOEXEC);
	if ((*loop)->fd < 0) {
		int code = errno;

		free(*loop);
		*loop = NULL;
		return err_sys(err, code, "epoll");
	}
	return 0;
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	close(loop->fd);
	free(loop);
}

int loop_add(struct loop *loop, struct loop_source *source, bool edge,
	     struct err *err)
{
	struct epoll_event event = {
		.events = EPOLLIN | (edge ? EPOLLET : 0),
		.data.ptr = source,
	};

	if (epoll_ctl(loop->fd, EPOLL_CTL_ADD, source->fd, &event) < 0)
		return err_sys(err, errno, "epoll: descriptor %d", source->fd);
	return 0;
}

void loop_prefer_batches(void)
{
	const struct sched_param none = { 0 };

	prctl(PR_SET_TIMERSLACK, 1000);
	if (sched_getscheduler(0) == SCHED_OTHER)
		sched_setscheduler(0, SCHED_BATCH, &none);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	epoll_ctl(loop->fd, EPOLL_CTL_DEL, source->fd, NULL);
	/* it may be further on in the batch in hand */
	for (int i = loop->at; i < loop->count; i++)
		if (loop->event[i].data.ptr == source)
			loop->event[i].data.ptr = NULL;
}

void loop_listen(struct loop *loop, struct loop_source *source, bool on)
{
	struct epoll_event event = { .events = on ? EPOLLIN : 0,
				     .data.ptr = source };

	epoll_ctl(loop->fd, EPOLL_CTL_MOD, source->fd, &event);
}

void loop_listen_writable(struct loop *loop, struct loop_source *source,
			  bool on)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLET | (on ? EPOLLOUT : 0),
		.data.ptr = source,
	};

	epoll_ctl(loop->fd, EPOLL_CTL_MOD, source->fd, &event);
}

/* In nanoseconds where the kernel can (pauses of event storms are short). */
static int wait_ns(struct loop *loop, int64_t timeout_ns)
{
	struct timespec ts = { timeout_ns / NS_PER_S, timeout_ns % NS_PER_S };

	if (timeout_ns <= 0)
		return epoll_wait(loop->fd, loop->event, BATCH,
				  timeout_ns < 0 ? -1 : 0);
	return epoll_pwait2(loop->fd, loop->event, BATCH, &ts, NULL);
}

int loop_wait(struct loop *loop, int64_t timeout_ns)
{
	int called = 0;

	loop->count = wait_ns(loop, timeout_ns);
	for (loop->at = 0; loop->at < loop->count; loop->at++) {
		struct loop_source *source = loop->event[loop->at].data.ptr;

		if (!source)
			continue;
		source->ready(source);
		called++;
	}
	loop->count = 0;
	return called;
}
