/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/evtchn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAUSE_FIRST_NS	1000
#define PAUSE_DOUBLINGS 13 /* 8.2 ms */
#define PAUSE_MAX_NS	10000000

/* A new open file on the same pipe, with flags of its own. */
static int reopen(int fd, int access)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, access | O_NONBLOCK | O_CLOEXEC);
}

static void close_pair(int fd[2])
{
	for (int i = 0; i < 2; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	fd[0] = fd[1] = -1;
}

int evtchn_create(struct evtchn *channel, int peer_fd[2], struct err *err)
{
	int to_peer[2] = { -1, -1 }, to_us[2] = { -1, -1 };

	*channel = (struct evtchn)EVTCHN_INIT;
	if (pipe2(to_peer, O_CLOEXEC) || pipe2(to_us, O_CLOEXEC))
		goto fail;
	channel->read_fd = reopen(to_us[0], O_RDONLY);
	channel->write_fd = reopen(to_peer[1], O_WRONLY);
	if (channel->read_fd < 0 || channel->write_fd < 0)
		goto fail;
	close(to_us[0]);
	close(to_peer[1]);
	peer_fd[0] = to_peer[0];
	peer_fd[1] = to_us[1];
	return 0;
fail:
	err_sys(err, errno, "event channel");
	evtchn_close(channel);
	close_pair(to_peer);
	close_pair(to_us);
	return -err->code;
}

static bool is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

int evtchn_bind(struct evtchn *channel, int read_fd, int write_fd,
		struct err *err)
{
	int given[2] = { read_fd, write_fd };
	int rc = 0;

	*channel = (struct evtchn)EVTCHN_INIT;
	if (!is_pipe(read_fd) || !is_pipe(write_fd)) {
		rc = err_set(err, EPROTO, "event channel: not two pipes");
		goto out;
	}
	channel->read_fd = reopen(read_fd, O_RDONLY);
	channel->write_fd = reopen(write_fd, O_WRONLY);
	if (channel->read_fd < 0 || channel->write_fd < 0) {
		rc = err_sys(err, errno, "event channel: opening it anew");
		evtchn_close(channel);
	}
out:
	close_pair(given);
	return rc;
}

void evtchn_close(struct evtchn *channel)
{
	int ours[2] = { channel->read_fd, channel->write_fd };

	close_pair(ours);
	channel->read_fd = channel->write_fd = -1;
}

int evtchn_notify(struct evtchn *channel)
{
	channel->sent++;
	if (write(channel->write_fd, "", 1) == 1 || errno == EAGAIN)
		return 0;
	return -EPIPE;
}

int evtchn_clear(struct evtchn *channel)
{
	char sink[4096];
	ssize_t n = read(channel->read_fd, sink, sizeof(sink));

	if (n > 0) {
		channel->received++;
		return 1;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -EPIPE;
}

int64_t evtchn_judge(struct evtchn *channel, bool had_work)
{
	uint32_t over;
	int64_t pause;

	if (had_work) {
		channel->spurious = 0;
		return 0;
	}
	if (channel->spurious < UINT32_MAX)
		channel->spurious++;
	if (channel->spurious < EVTCHN_STORM)
		return 0;
	if (channel->spurious == EVTCHN_STORM)
		channel->storms++;
	over = channel->spurious - EVTCHN_STORM;
	pause = over > PAUSE_DOUBLINGS ? PAUSE_MAX_NS : PAUSE_FIRST_NS << over;
	return pause;
}
