/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/xenbus.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define ALPHABET "abcdefghijklmnopqrstuvwxyz0123456789-/"

struct entry {
	char key[XENBUS_KEY_BYTES];
	char value[XENBUS_VALUE_BYTES];
	int fd; /* -1: a plain value */
};

struct xenbus {
	int fd;
	pid_t peer_pid;
	enum xenbus_state peer_state;
	struct entry *entry; /* the peer's directory */
	size_t entries;
	/* the message in the making */
	char out[XENBUS_MESSAGE_BYTES];
	size_t out_bytes;
	int out_fd[XENBUS_MESSAGE_FDS];
	size_t out_fds;
	bool out_full;
};

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int) * XENBUS_MESSAGE_FDS) +
		  CMSG_SPACE(sizeof(struct ucred))];
};

int xenbus_open(struct xenbus **bus, int fd, struct err *err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int type = 0, on = 1;

	*bus = calloc(1, sizeof(**bus));
	if (!*bus)
		return err_sys(err, ENOMEM, "xenbus");
	(*bus)->fd = fd;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
		(*bus)->peer_pid = peer.pid;
	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	size = sizeof(type);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
	    type != SOCK_SEQPACKET) {
		xenbus_close(*bus);
		*bus = NULL;
		return err_set(err, EPROTO,
			       "xenbus: not a SOCK_SEQPACKET socket");
	}
	return 0;
}

void xenbus_close(struct xenbus *bus)
{
	if (!bus)
		return;
	for (size_t i = 0; i < bus->entries; i++)
		if (bus->entry[i].fd >= 0)
			close(bus->entry[i].fd);
	free(bus->entry);
	close(bus->fd);
	free(bus);
}

int xenbus_fd(const struct xenbus *bus)
{
	return bus->fd;
}

pid_t xenbus_peer_pid(const struct xenbus *bus)
{
	return bus->peer_pid;
}

enum xenbus_state xenbus_peer_state(const struct xenbus *bus)
{
	return bus->peer_state;
}

void xenbus_put(struct xenbus *bus, const char *key, const char *fmt, ...)
{
	char value[XENBUS_VALUE_BYTES];
	size_t room = sizeof(bus->out) - bus->out_bytes;
	va_list ap;
	int n;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	n = snprintf(bus->out + bus->out_bytes, room, "%s = %s\n", key, value);
	if (n < 0 || (size_t)n >= room)
		bus->out_full = true;
	else
		bus->out_bytes += (size_t)n;
}

void xenbus_put_fd(struct xenbus *bus, const char *key, int fd)
{
	if (bus->out_fds == XENBUS_MESSAGE_FDS) {
		bus->out_full = true;
		return;
	}
	xenbus_put(bus, key, "@%zu", bus->out_fds);
	bus->out_fd[bus->out_fds++] = fd;
}

static void attach_fds(const struct xenbus *bus, struct msghdr *msg,
		       union control *control)
{
	size_t bytes = sizeof(int) * bus->out_fds;

	if (!bus->out_fds)
		return;
	memset(control, 0, sizeof(*control));
	msg->msg_control = control;
	msg->msg_controllen = CMSG_SPACE(bytes);
	control->header.cmsg_level = SOL_SOCKET;
	control->header.cmsg_type = SCM_RIGHTS;
	control->header.cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(&control->header), bus->out_fd, bytes);
}

int xenbus_send(struct xenbus *bus, enum xenbus_state state, struct err *err)
{
	union control control;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	xenbus_put(bus, "state", "%d", state);
	iov = (struct iovec){ bus->out, bus->out_bytes };
	attach_fds(bus, &msg, &control);
	bus->out_bytes = 0;
	bus->out_fds = 0;
	if (bus->out_full)
		return err_set(err, EMSGSIZE, "xenbus: message too long");
	n = sendmsg(bus->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return err_sys(err, errno, "xenbus: sending state %d", state);
	return 0;
}

/* Descriptors of a message: ours from the moment recvmsg() returns. */
struct inbox {
	char text[XENBUS_MESSAGE_BYTES + 1];
	int fd[sizeof(union control) / sizeof(int)]; /* no more can come */
	size_t fds;
};

static void inbox_close(struct inbox *inbox)
{
	for (size_t i = 0; i < inbox->fds; i++)
		if (inbox->fd[i] >= 0)
			close(inbox->fd[i]);
}

/* A socketpair's SO_PEERCRED names who made it: the sender is who counts. */
static void take_sender(struct xenbus *bus, const struct cmsghdr *c)
{
	struct ucred sender;

	memcpy(&sender, CMSG_DATA(c), sizeof(sender));
	if (sender.pid > 0)
		bus->peer_pid = sender.pid;
}

static void collect_control(struct xenbus *bus, struct inbox *inbox,
			    struct msghdr *msg)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_CREDENTIALS)
			take_sender(bus, c);
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(inbox->fd + inbox->fds, CMSG_DATA(c), n * sizeof(int));
		inbox->fds += n;
	}
}

/* 1 with a message, 0 without, or an error; the inbox holds fds even then. */
static int take_message(struct xenbus *bus, struct inbox *inbox,
			struct err *err)
{
	union control control;
	struct iovec iov = { inbox->text, XENBUS_MESSAGE_BYTES };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n;

	inbox->fds = 0;
	n = recvmsg(bus->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && errno != ECONNRESET)
		return err_sys(err, errno, "xenbus: receiving");
	if (n <= 0)
		return err_set(err, EPIPE, "xenbus: the other end is gone");
	collect_control(bus, inbox, &msg);
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return err_set(err, EPROTO, "xenbus: message too long");
	inbox->text[n] = '\0';
	if (strlen(inbox->text) != (size_t)n)
		return err_set(err, EPROTO, "xenbus: NUL in a message");
	return 1;
}

static struct entry *find(const struct xenbus *bus, const char *key)
{
	for (size_t i = 0; i < bus->entries; i++)
		if (strcmp(bus->entry[i].key, key) == 0)
			return &bus->entry[i];
	return NULL;
}

static struct entry *find_or_add(struct xenbus *bus, const char *key)
{
	struct entry *entry = find(bus, key);
	struct entry *more;

	if (entry || bus->entries == XENBUS_KEYS)
		return entry;
	more = realloc(bus->entry, (bus->entries + 1) * sizeof(*more));
	if (!more)
		return NULL;
	bus->entry = more;
	entry = &more[bus->entries++];
	snprintf(entry->key, sizeof(entry->key), "%s", key);
	entry->fd = -1;
	return entry;
}

/* "@3" names a descriptor of the message, each once. */
static int take_named_fd(const char *value, struct inbox *inbox, int *fd)
{
	char *end;
	unsigned long at;

	*fd = -1;
	if (value[0] != '@')
		return 0;
	at = strtoul(value + 1, &end, 10);
	if (!value[1] || *end || at >= inbox->fds || inbox->fd[at] < 0)
		return -EPROTO;
	*fd = inbox->fd[at];
	inbox->fd[at] = -1;
	return 0;
}

static int apply_state(struct xenbus *bus, const char *value, struct err *err)
{
	if (value[0] < '1' || value[0] > '8' || value[1])
		return err_set(err, EPROTO, "xenbus: state '%s' is not 1 to 8",
			       value);
	bus->peer_state = (enum xenbus_state)(value[0] - '0');
	return 0;
}

static int apply_line(struct xenbus *bus, char *line, struct inbox *inbox,
		      struct err *err)
{
	char *value = strstr(line, " = ");
	struct entry *entry;
	int fd;

	if (!value)
		return err_set(err, EPROTO, "xenbus: a line without ' = '");
	*value = '\0';
	value += 3;
	if (!*line || strlen(line) >= XENBUS_KEY_BYTES ||
	    line[strspn(line, ALPHABET)])
		return err_set(err, EPROTO, "xenbus: a key of a wrong form");
	if (strlen(value) >= XENBUS_VALUE_BYTES)
		return err_set(err, EPROTO, "xenbus: %s: value too long", line);
	if (strcmp(line, "state") == 0)
		return apply_state(bus, value, err);
	if (take_named_fd(value, inbox, &fd))
		return err_set(err, EPROTO, "xenbus: %s: no such descriptor",
			       line);
	entry = find_or_add(bus, line);
	if (!entry) {
		if (fd >= 0)
			close(fd);
		return err_set(err, EPROTO, "xenbus: more than %d keys",
			       XENBUS_KEYS);
	}
	if (entry->fd >= 0)
		close(entry->fd);
	entry->fd = fd;
	snprintf(entry->value, sizeof(entry->value), "%s", value);
	return 0;
}

int xenbus_receive(struct xenbus *bus, struct err *err)
{
	struct inbox inbox;
	char *rest = inbox.text, *line;
	int rc = take_message(bus, &inbox, err);

	while (rc == 1 && (line = strsep(&rest, "\n"))) {
		int failed = *line ? apply_line(bus, line, &inbox, err) : 0;

		if (failed)
			rc = failed;
	}
	inbox_close(&inbox);
	return rc;
}

int xenbus_wait(struct xenbus *bus, enum xenbus_state state,
		int64_t deadline_mono_ns, struct err *err)
{
	struct pollfd pfd = { .fd = bus->fd, .events = POLLIN };

	while (bus->peer_state != state) {
		const char *why;
		int rc = xenbus_receive(bus, err);

		if (rc < 0)
			return rc;
		if (rc == 0) {
			if (clock_mono_ns() >= deadline_mono_ns)
				return err_set(err, ETIMEDOUT,
					       "xenbus: the other end is in "
					       "state %d, not %d",
					       bus->peer_state, state);
			poll(&pfd, 1, clock_poll_ms(deadline_mono_ns));
		}
		if (bus->peer_state <= state)
			continue;
		if (bus->peer_state != XENBUS_CLOSING &&
		    bus->peer_state != XENBUS_CLOSED)
			return err_set(err, EPROTO,
				       "xenbus: the other end goes into state "
				       "%d, not %d",
				       bus->peer_state, state);
		why = xenbus_get(bus, "error");
		return err_set(err, ECONNABORTED, "the other end closed: %s",
			       why ? why : "no reason given");
	}
	return 0;
}

const char *xenbus_get(const struct xenbus *bus, const char *key)
{
	const struct entry *entry = find(bus, key);

	return entry && entry->fd < 0 ? entry->value : NULL;
}

int xenbus_get_int(const struct xenbus *bus, const char *key,
		   struct xenbus_range range, int64_t *value, struct err *err)
{
	const char *text = xenbus_get(bus, key);
	char *end;

	*value = range.fallback;
	if (text) {
		errno = 0;
		*value = strtoll(text, &end, 10);
		if (errno || end == text || *end)
			*value = range.min - 1;
	}
	if (*value < range.min || *value > range.max)
		return err_set(err, EPROTO,
			       "xenbus: %s is '%s', not %lld to %lld", key,
			       text ? text : "missing", (long long)range.min,
			       (long long)range.max);
	return 0;
}

int xenbus_take_fd(struct xenbus *bus, const char *key, int *fd,
		   struct err *err)
{
	struct entry *entry = find(bus, key);

	if (!entry || entry->fd < 0)
		return err_set(err, EPROTO, "xenbus: no descriptor for %s",
			       key);
	*fd = entry->fd;
	entry->fd = -1;
	return 0;
}
