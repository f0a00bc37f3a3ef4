/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/sock_options.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

/* An int's worth of option, set where the axis is not its fallback. */
struct option {
	enum axis axis;
	int family; /* 0: any */
	int level, name;
	int shift; /* of the axis' value */
};

/* clang-format off */
static const struct option options[] = {
	{ AXIS_NODELAY,	      0,	IPPROTO_TCP,  TCP_NODELAY,	 0 },
	{ AXIS_BUSY_POLL,     0,	SOL_SOCKET,   SO_BUSY_POLL,	 0 },
	{ AXIS_NOTSENT_LOWAT, 0,	IPPROTO_TCP,  TCP_NOTSENT_LOWAT, 0 },
	/* RFC 2474: the upper six bits of the octet; ECN's two stay 0 */
	{ AXIS_DSCP,	      AF_INET,	IPPROTO_IP,   IP_TOS,		 2 },
	{ AXIS_DSCP,	      AF_INET6, IPPROTO_IPV6, IPV6_TCLASS,	 2 },
};
/* clang-format on */

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static int set_option(int fd, const struct option *option, int64_t value,
		      struct err *err)
{
	int v = (int)(value << option->shift);

	if (setsockopt(fd, option->level, option->name, &v, sizeof(v)) == 0)
		return 0;
	return err_sys(err, errno, "%s %d", axis_table[option->axis].name,
		       (int)value);
}

static int set_buffers(int fd, int64_t bytes, struct err *err)
{
	int size = bytes > INT_MAX ? INT_MAX : (int)bytes;

	/* the kernel cuts at net.core.[rw]mem_max without a word and
	 * doubles what is left; sock_read() tells what came of it */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0)
		return err_sys(err, errno, "socket size %d", size);
	return 0;
}

int64_t sock_buffer_bytes(const struct point *point, bool sends)
{
	int64_t own = point->value[sends ? AXIS_SENDER_SOCKET_SIZE
					 : AXIS_RECEIVER_SOCKET_SIZE];

	return own ? own : point->value[AXIS_SOCKET_SIZE];
}

static int set_congestion(int fd, const struct sock_args *args, struct err *err)
{
	int64_t asked = args->point->value[AXIS_CONGESTION];
	const char *name = asked == CONGESTION_AUTO
				   ? args->congestion
				   : axis_table[AXIS_CONGESTION].choices[asked];

	if (!name || setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name,
				(socklen_t)strlen(name)) == 0)
		return 0;
	return err_sys(err, errno,
		       "congestion %s (see "
		       "net.ipv4.tcp_available_congestion_control)",
		       name);
}

/* TCP paces itself by it, with any qdisc, since Linux 4.13. */
static int set_pacing(int fd, int64_t bps, struct err *err)
{
	uint64_t bytes_per_s = (uint64_t)bps / 8;

	if (!bps || setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &bytes_per_s,
			       sizeof(bytes_per_s)) == 0)
		return 0;
	return err_sys(err, errno, "pacing_rate");
}

int sock_set_options(int fd, int family, const struct sock_args *args,
		     struct err *err)
{
	const struct point *point = args->point;
	int64_t bytes = sock_buffer_bytes(point, args->sends);
	int rc = bytes ? set_buffers(fd, bytes, err) : 0;

	for (size_t i = 0; i < OPTIONS && !rc; i++) {
		const struct option *option = &options[i];
		int64_t value = point->value[option->axis];

		if (axis_applies(option->axis, point) &&
		    value != axis_table[option->axis].fallback &&
		    (!option->family || option->family == family))
			rc = set_option(fd, option, value, err);
	}
	if (!rc && axis_applies(AXIS_CONGESTION, point))
		rc = set_congestion(fd, args, err);
	if (!rc && axis_applies(AXIS_CONGESTION, point))
		rc = set_pacing(fd, point->value[AXIS_PACING_RATE], err);
	return rc;
}
