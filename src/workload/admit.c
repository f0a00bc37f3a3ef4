/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/admit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "workload/sock.h"

void admit_open(struct admission *admission, int listen_fd,
		const uint8_t *token)
{
	*admission =
		(struct admission){ .listen_fd = listen_fd, .token = token };
}

void admit_close(struct admission *admission)
{
	for (size_t i = 0; i < admission->candidates; i++)
		close(admission->candidate[i].fd);
	admission->candidates = 0;
}

/* No early end: the time tells nothing of where they differ. */
bool admit_compare(const uint8_t *a, const uint8_t *b)
{
	volatile uint8_t differs = 0;

	for (size_t i = 0; i < BLOCK_TOKEN_BYTES; i++)
		differs |= a[i] ^ b[i];
	return !differs;
}

static int remove_candidate(struct admission *a, size_t i)
{
	int fd = a->candidate[i].fd;

	a->candidates--;
	memmove(&a->candidate[i], &a->candidate[i + 1],
		(a->candidates - i) * sizeof(a->candidate[0]));
	return fd;
}

static void drop(struct admission *a, size_t i)
{
	close(remove_candidate(a, i));
	a->strangers++;
}

static int accept_one(struct admission *a, struct err *err)
{
	int fd =
		accept4(a->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0 &&
	    (errno == EINTR || errno == ECONNABORTED || errno == EAGAIN))
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "accept");
	if (a->candidates == ADMIT_CANDIDATES)
		drop(a, 0);
	a->candidate[a->candidates].fd = fd;
	a->candidate[a->candidates++].have = 0;
	return 0;
}

/* 1: all of it has come, and is right. -1: a stranger. */
static int look_at(struct admission *a, size_t i)
{
	size_t have = a->candidate[i].have;
	ssize_t n = recv(a->candidate[i].fd, a->candidate[i].shown + have,
			 BLOCK_TOKEN_BYTES - have, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	a->candidate[i].have += (size_t)n;
	if (a->candidate[i].have < BLOCK_TOKEN_BYTES)
		return 0;
	return admit_compare(a->candidate[i].shown, a->token) ? 1 : -1;
}

/* The first that is welcome, or -1; strangers go. Who came first goes first:
 * a connection is known by its number. */
static int find_welcome(struct admission *a)
{
	size_t i = 0;

	while (i < a->candidates) {
		int verdict = look_at(a, i);

		if (verdict > 0)
			return remove_candidate(a, i);
		if (verdict < 0)
			drop(a, i);
		else
			i++;
	}
	return -1;
}

static int await_any(const struct admission *a, int64_t deadline_ns,
		     struct err *err)
{
	struct pollfd pfd[1 + ADMIT_CANDIDATES];
	int rc;

	pfd[0] = (struct pollfd){ .fd = a->listen_fd, .events = POLLIN };
	for (size_t i = 0; i < a->candidates; i++)
		pfd[i + 1] = (struct pollfd){ .fd = a->candidate[i].fd,
					      .events = POLLIN };
	do
		rc = poll(pfd, 1 + a->candidates, clock_poll_ms(deadline_ns));
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return err_sys(err, errno, "poll");
	if (rc == 0 && a->strangers)
		return err_set(err, ETIMEDOUT,
			       "no connection came with the block's token, "
			       "%" PRId64 " without it",
			       a->strangers);
	if (rc == 0)
		return err_sys(err, ETIMEDOUT, "no connection came");
	return pfd[0].revents ? 1 : 0;
}

int admit_next(struct admission *admission, int64_t deadline_mono_ns,
	       struct err *err)
{
	if (!admission->token)
		return sock_accept(admission->listen_fd, deadline_mono_ns, err);
	for (;;) {
		int fd = find_welcome(admission);
		int rc;

		if (fd >= 0) {
			fcntl(fd, F_SETFL, 0);
			return fd;
		}
		rc = await_any(admission, deadline_mono_ns, err);
		if (rc > 0)
			rc = accept_one(admission, err);
		if (rc < 0)
			return rc;
	}
}

int admit_show(int fd, const uint8_t *token, struct err *err)
{
	/* a new connection's buffer takes it at once */
	if (token && send(fd, token, BLOCK_TOKEN_BYTES, MSG_NOSIGNAL) !=
			     BLOCK_TOKEN_BYTES)
		return err_sys(err, errno, "showing the block's token");
	return 0;
}
