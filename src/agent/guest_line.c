/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/guest_line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/netdev.h"

#define PATIENCE_NS (20 * NS_PER_S)
#define RETRY_US    50000

/* Tries again until the deadline, where `code` is one that passes. */
static bool may_retry(int code, int64_t deadline_ns)
{
	if ((code != ENOENT && code != ECONNREFUSED && code != ENODEV &&
	     code != ENETUNREACH && code != EHOSTUNREACH) ||
	    clock_mono_ns() > deadline_ns)
		return false;
	usleep(RETRY_US);
	return true;
}

static int make_raw(int fd, const char *path, struct err *err)
{
	struct termios t;

	if (!isatty(fd))
		return 0;
	if (tcgetattr(fd, &t) < 0)
		return err_sys(err, errno, "%s", path);
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	if (tcsetattr(fd, TCSANOW, &t) < 0)
		return err_sys(err, errno, "%s: making it raw", path);
	return 0;
}

static int open_device(const char *path, int *fd, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + PATIENCE_NS;

	do {
		*fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	} while (*fd < 0 && may_retry(errno, deadline_ns));
	if (*fd < 0)
		return err_sys(err, errno, "%s", path);
	return make_raw(*fd, path, err);
}

static int set_up_interface(const char *ifname, const char *address,
			    struct err *err)
{
	char with_prefix[64];
	int fd = netdev_open(err);
	int rc = fd < 0 ? fd : 0;

	snprintf(with_prefix, sizeof(with_prefix), "%s/24", address);
	if (!rc)
		rc = netdev_set_up(fd, ifname, true, err);
	if (!rc)
		rc = netdev_set_address(fd, ifname, with_prefix, err);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int parse_address(const char *address, const char *port,
			 struct sockaddr_in *to, struct err *err)
{
	*to = (struct sockaddr_in){ .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)atoi(port)) };
	if (inet_pton(AF_INET, address, &to->sin_addr) == 1 && to->sin_port)
		return 0;
	return err_set(err, EINVAL, "'%s:%s' is no IPv4 address and port",
		       address, port);
}

static int connect_once(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), code;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
			   sizeof(int));
		return fd;
	}
	code = errno;
	close(fd);
	return -code;
}

/* INTERFACE:ADDRESS:PEER:PORT */
static int open_connection(const char *line, int *fd, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + PATIENCE_NS;
	char ifname[16], address[16], peer[16], port[8];
	struct sockaddr_in to;
	int rc;

	if (sscanf(line, "%15[^:]:%15[^:]:%15[^:]:%7s", ifname, address, peer,
		   port) != 4)
		return err_set(err, EINVAL,
			       "'tcp:%s' is not tcp:INTERFACE:ADDRESS:PEER:"
			       "PORT",
			       line);
	rc = parse_address(peer, port, &to, err);
	if (!rc)
		rc = set_up_interface(ifname, address, err);
	if (rc)
		return rc;
	do {
		*fd = connect_once(&to);
	} while (*fd < 0 && may_retry(-*fd, deadline_ns));
	return *fd < 0 ? err_sys(err, -*fd, "connecting to %s:%s", peer, port)
		       : 0;
}

int guest_open_line(const char *line, int *fd, struct err *err)
{
	char path[64];

	*fd = -1;
	if (!line)
		return 0;
	if (strncmp(line, "tcp:", 4) == 0)
		return open_connection(line + 4, fd, err);
	snprintf(path, sizeof(path), "/dev/%s", line);
	return open_device(path, fd, err);
}

/*
 * The relay.
 */

/* timeout_ms: poll(2)'s. */
static int accept_one(const struct sockaddr_in *at, int timeout_ms, int *fd,
		      struct err *err)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd pfd = { .fd = listener, .events = POLLIN };
	int rc = 0;

	if (listener < 0)
		return err_sys(err, errno, "socket");
	if (bind(listener, (const struct sockaddr *)at, sizeof(*at)) < 0 ||
	    listen(listener, 1) < 0) {
		rc = err_sys(err, errno, "listening for the guest");
	} else if (poll(&pfd, 1, timeout_ms) == 0) {
		rc = err_set(err, ETIMEDOUT, "it has not come within %d s",
			     timeout_ms / 1000);
	} else {
		*fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (*fd < 0)
			rc = err_sys(err, errno, "accept");
	}
	close(listener);
	return rc;
}

int guest_accept(const char *address, const char *port, int64_t timeout_ns,
		 int *fd, struct err *err)
{
	struct sockaddr_in at;
	int rc = parse_address(address, port, &at, err);

	if (!rc)
		rc = accept_one(&at, (int)(timeout_ns / NS_PER_MS), fd, err);
	if (!rc)
		setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
			   sizeof(int));
	return rc;
}

/* False at the end of either. */
static bool pass(int from, int to)
{
	char bytes[4096];
	ssize_t n = read(from, bytes, sizeof(bytes));

	for (ssize_t done = 0; done < n;) {
		ssize_t m = write(to, bytes + done, (size_t)(n - done));

		if (m <= 0)
			return false;
		done += m;
	}
	return n > 0;
}

static void pass_all(int a, int b)
{
	struct pollfd pfd[2] = { { .fd = a, .events = POLLIN },
				 { .fd = b, .events = POLLIN } };

	for (;;) {
		if (poll(pfd, 2, -1) < 0 && errno != EINTR)
			return;
		if ((pfd[0].revents && !pass(a, b)) ||
		    (pfd[1].revents && !pass(b, a)))
			return;
	}
}

int guest_relay(const char *device, const char *address, const char *port,
		struct err *err)
{
	struct sockaddr_in at;
	int device_fd, fd = -1, rc;

	rc = parse_address(address, port, &at, err);
	if (!rc)
		rc = open_device(device, &device_fd, err);
	if (rc)
		return rc;
	rc = accept_one(&at, -1, &fd, err);
	if (!rc) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
			   sizeof(int));
		pass_all(device_fd, fd);
		close(fd);
	}
	close(device_fd);
	return rc;
}
