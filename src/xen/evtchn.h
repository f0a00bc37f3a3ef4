/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * evtchn.h - an event channel that a hostile peer cannot turn against us.
 *
 * Two pipes, one a direction. An eventfd shared with a peer will not do: the
 * peer can clear O_NONBLOCK on the common open file and fill the counter, and
 * our next write blocks. Each end of a pipe that we keep is opened anew through
 * /proc/self/fd, so its flags are ours alone; the peer gets the originals.
 *
 *   full pipe   the peer has not looked yet: the event is pending, nothing
 *               is lost, nothing blocks (EAGAIN)
 *   flood       evtchn_clear() takes at most 4 KiB a call; events that bring
 *               no work are counted and answered with growing pauses
 *               (XSA-391), see evtchn_judge()
 *   close       reads as end of file: the peer is gone
 *
 * The process ignores SIGPIPE. Called by netfront (create) and netback (bind).
 */
#ifndef VAZAO_XEN_EVTCHN_H
#define VAZAO_XEN_EVTCHN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct evtchn {
	int read_fd, write_fd; /* ours; -1: closed. read_fd is for epoll */
	uint32_t spurious;     /* events without work, in a row */
	uint64_t sent, received, storms;
};

#define EVTCHN_INIT                           \
	{                                     \
		.read_fd = -1, .write_fd = -1 \
	}

/* Both ends. peer_fd[0] is what the peer reads, [1] what it writes: to be
 * sent over xenbus and closed. */
int evtchn_create(struct evtchn *channel, int peer_fd[2], struct err *err);

/* Takes both over, closed on error too. -EPROTO where they are no pipes. */
int evtchn_bind(struct evtchn *channel, int read_fd, int write_fd,
		struct err *err);
void evtchn_close(struct evtchn *channel);

/* 0 (also if one is pending still), -EPIPE if the peer is gone. Never blocks */
int evtchn_notify(struct evtchn *channel);

/* Takes what is pending: 1 something, 0 nothing, -EPIPE peer gone. */
int evtchn_clear(struct evtchn *channel);

/*
 * After each event: did it bring work? The pause in ns that this channel's
 * events should be ignored for: 0, or from 1 us doubling to 10 ms once
 * EVTCHN_STORM events in a row brought none. The owner looks at its rings
 * when the pause is over, so no wake-up is lost.
 */
#define EVTCHN_STORM 64
int64_t evtchn_judge(struct evtchn *channel, bool had_work);

#endif
