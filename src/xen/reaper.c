/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/reaper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct reaper {
	pthread_t thread;
	int read_fd, write_fd; /* a pipe of descriptors' numbers */
	atomic_int pending;
};

static void *reap(void *arg)
{
	struct reaper *reaper = arg;
	int fd;

	/* written whole, being short, and so read whole */
	while (read(reaper->read_fd, &fd, sizeof(fd)) == sizeof(fd)) {
		close(fd);
		atomic_fetch_sub(&reaper->pending, 1);
	}
	return NULL;
}

int reaper_open(struct reaper **reaper, struct err *err)
{
	struct reaper *r = calloc(1, sizeof(*r));
	int fd[2], rc;

	*reaper = NULL;
	if (!r)
		return err_sys(err, ENOMEM, "reaper");
	if (pipe2(fd, O_CLOEXEC) < 0) {
		rc = errno;
		free(r);
		return err_sys(err, rc, "reaper");
	}
	r->read_fd = fd[0];
	r->write_fd = fd[1];
	fcntl(r->write_fd, F_SETFL, O_NONBLOCK);
	rc = pthread_create(&r->thread, NULL, reap, r);
	if (rc) {
		close(fd[0]);
		close(fd[1]);
		free(r);
		return err_sys(err, rc, "reaper: a thread");
	}
	*reaper = r;
	return 0;
}

void reaper_close(struct reaper *reaper)
{
	if (!reaper)
		return;
	close(reaper->write_fd); /* the thread ends behind the last one */
	pthread_join(reaper->thread, NULL);
	close(reaper->read_fd);
	free(reaper);
}

void reaper_take(struct reaper *reaper, int fd)
{
	atomic_fetch_add(&reaper->pending, 1);
	if (write(reaper->write_fd, &fd, sizeof(fd)) == sizeof(fd))
		return;
	close(fd);
	atomic_fetch_sub(&reaper->pending, 1);
}

int reaper_pending(const struct reaper *reaper)
{
	return atomic_load(&reaper->pending);
}
