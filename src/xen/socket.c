/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

static int address(const char *path, struct sockaddr_un *sun, struct err *err)
{
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(sun->sun_path))
		return err_set(err, ENAMETOOLONG,
			       "%s: a socket's path has at most %zu characters",
			       path, sizeof(sun->sun_path) - 1);
	strcpy(sun->sun_path, path);
	return 0;
}

/* -errno alone: the caller may try again. */
static int try_connect(const struct sockaddr_un *sun, int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int socket_listen(const char *path, int type, struct err *err)
{
	struct sockaddr_un sun;
	int fd, other;

	if (address(path, &sun, err))
		return -err->code;
	other = try_connect(&sun, type);
	if (other >= 0) {
		close(other);
		return err_set(err, EADDRINUSE, "%s: somebody listens there",
			       path);
	}
	if (other == -ECONNREFUSED)
		unlink(path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, errno, "%s", path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    listen(fd, 16) < 0) {
		int code = errno;

		close(fd);
		return err_sys(err, code, "%s", path);
	}
	return fd;
}

int socket_connect(const char *path, int type, int64_t deadline_mono_ns,
		   struct err *err)
{
	struct sockaddr_un sun;
	int fd;

	if (address(path, &sun, err))
		return -err->code;
	for (;;) {
		fd = try_connect(&sun, type);
		if (fd >= 0)
			return fd;
		if ((fd != -ENOENT && fd != -ECONNREFUSED) ||
		    clock_mono_ns() >= deadline_mono_ns)
			return err_sys(err, -fd, "%s", path);
		clock_sleep_ns(10 * NS_PER_MS);
	}
}
