/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/zero_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Completions are read once in so many sends; net.core.optmem_max holds a few
 * hundred at least. */
#define REAP_EVERY 32

/* What a pipe is asked to hold; fs.pipe-max-size lets anybody have it. */
#define PIPE_BYTES 1048576

struct zero_copy {
	ssize_t (*send)(struct lane *lane, int fd, size_t size);
	int memfd;
	int pipe[2];
	size_t in_pipe; /* spliced in, not yet out */
	unsigned sends; /* since completions were read */
};

static void reap(int fd)
{
	char control[128];
	struct msghdr message;

	do
		message = (struct msghdr){ .msg_control = control,
					   .msg_controllen = sizeof(control) };
	while (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0);
}

static ssize_t send_pinned(struct lane *lane, int fd, size_t size)
{
	struct zero_copy *z = lane->zero_copy;
	ssize_t n = send(fd, lane->buffer, size, MSG_NOSIGNAL | MSG_ZEROCOPY);
	int code = errno;

	if (++z->sends < REAP_EVERY && (n >= 0 || code != ENOBUFS))
		return n;
	z->sends = 0;
	reap(fd);
	errno = code == ENOBUFS ? EINTR : code; /* EINTR: try again */
	return n;
}

static ssize_t send_file(struct lane *lane, int fd, size_t size)
{
	off_t offset = 0;

	return sendfile(fd, lane->zero_copy->memfd, &offset, size);
}

/* What the socket did not take stays in the pipe, and goes first. */
static ssize_t send_spliced(struct lane *lane, int fd, size_t size)
{
	struct zero_copy *z = lane->zero_copy;
	struct iovec iov = { .iov_base = lane->buffer, .iov_len = size };
	ssize_t n;

	if (!z->in_pipe) {
		n = vmsplice(z->pipe[1], &iov, 1, SPLICE_F_NONBLOCK);
		if (n < 0)
			return n;
		z->in_pipe = (size_t)n;
	}
	n = splice(z->pipe[0], NULL, fd, NULL, z->in_pipe, SPLICE_F_MOVE);
	if (n > 0)
		z->in_pipe -= (size_t)n;
	return n;
}

static int open_pinned(struct lane *lane, struct err *err)
{
	int on = 1;

	lane->zero_copy->send = send_pinned;
	for (size_t i = 0; i < lane->flows; i++)
		if (setsockopt(lane->flow[i].fd, SOL_SOCKET, SO_ZEROCOPY, &on,
			       sizeof(on)) < 0)
			return err_sys(err, errno, "zero_copy msg_zerocopy");
	return 0;
}

static int open_file(struct lane *lane, struct err *err)
{
	struct zero_copy *z = lane->zero_copy;

	z->send = send_file;
	z->memfd = memfd_create("vazao-message", MFD_CLOEXEC);
	if (z->memfd < 0 || write(z->memfd, lane->buffer, lane->buffer_bytes) !=
				    (ssize_t)lane->buffer_bytes)
		return err_sys(err, errno, "zero_copy sendfile");
	return 0;
}

/* A pipe for each flow would be needed where a socket may take a part. */
static int open_spliced(struct lane *lane, struct err *err)
{
	struct zero_copy *z = lane->zero_copy;

	z->send = send_spliced;
	if (lane->flows > 1)
		return err_set(err, EINVAL,
			       "zero_copy splice: a thread for each flow is "
			       "needed");
	if (pipe2(z->pipe, O_CLOEXEC) < 0)
		return err_sys(err, errno, "zero_copy splice");
	fcntl(z->pipe[1], F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

int zero_copy_open(struct lane *lane, struct err *err)
{
	struct zero_copy *z = calloc(1, sizeof(*z));

	if (!z)
		return err_sys(err, ENOMEM, "zero_copy");
	*z = (struct zero_copy){ .memfd = -1, .pipe = { -1, -1 } };
	lane->zero_copy = z;
	switch (lane->point->value[AXIS_ZERO_COPY]) {
	case ZERO_COPY_MSG:
		return open_pinned(lane, err);
	case ZERO_COPY_SENDFILE:
		return open_file(lane, err);
	default:
		return open_spliced(lane, err);
	}
}

void zero_copy_close(struct lane *lane)
{
	struct zero_copy *z = lane->zero_copy;

	if (!z)
		return;
	if (z->memfd >= 0)
		close(z->memfd);
	for (int i = 0; i < 2; i++)
		if (z->pipe[i] >= 0)
			close(z->pipe[i]);
	free(z);
	lane->zero_copy = NULL;
}

ssize_t zero_copy_send(struct lane *lane, int fd, size_t size)
{
	return lane->zero_copy->send(lane, fd, size);
}
