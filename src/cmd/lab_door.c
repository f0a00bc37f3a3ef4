/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/lab_door.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/json.h"

#define PREFIX		"vazao-lab."
#define REQUEST_TIMEOUT 90 /* s: a guest boots, or runs a command for 60 */
#define END_TIMEOUT_MS	10000

static bool is_name(const char *name)
{
	if (!name[0] || strlen(name) >= DOOR_NAME_MAX)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._-", *name))
			return false;
	return true;
}

/* Abstract: the path begins with a zero byte and has no end but its length. */
static socklen_t make_address(const struct door *door, struct sockaddr_un *un)
{
	int length;

	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	length = snprintf(un->sun_path + 1, sizeof(un->sun_path) - 1,
			  PREFIX "%u.%s", door->uid, door->name);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)length);
}

int door_open(const char *name, int *fd, struct err *err)
{
	struct door door = { .uid = geteuid() };
	struct sockaddr_un un;
	socklen_t size;
	int rc;

	if (!is_name(name))
		return err_set(err, EINVAL,
			       "'%s' is no name for a lab: up to %d letters, "
			       "digits, dots, dashes",
			       name, DOOR_NAME_MAX - 1);
	strcpy(door.name, name);
	size = make_address(&door, &un);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return err_sys(err, errno, "socket");
	if (bind(*fd, (struct sockaddr *)&un, size) == 0)
		return 0;
	rc = errno == EADDRINUSE
		     ? err_set(err, EADDRINUSE,
			       "a lab '%s' is up already: end it by `vazao lab "
			       "down`, or name this one by --lab",
			       name)
		     : err_sys(err, errno, "the lab's socket");
	close(*fd);
	return rc;
}

/*
 * Finding.
 */

/* "... @vazao-lab.1000.quick" */
static bool parse_line(const char *line, struct door *door)
{
	const char *at = strstr(line, " @" PREFIX);

	return at && sscanf(at, " @" PREFIX "%u.%48[A-Za-z0-9._-]", &door->uid,
			    door->name) == 2;
}

static bool is_among(const struct door *doors, size_t count,
		     const struct door *door)
{
	for (size_t i = 0; i < count; i++)
		if (doors[i].uid == door->uid &&
		    strcmp(doors[i].name, door->name) == 0)
			return true;
	return false;
}

/* A connection that is being served stands there under the same name. */
size_t door_find(struct door door[DOOR_LABS_MAX])
{
	FILE *f = fopen("/proc/net/unix", "re");
	size_t count = 0;
	char line[512];

	while (f && count < DOOR_LABS_MAX && fgets(line, sizeof(line), f)) {
		struct door *next = &door[count];

		if (parse_line(line, next) && !is_among(door, count, next) &&
		    (next->uid == geteuid() || geteuid() == 0))
			count++;
	}
	if (f)
		fclose(f);
	return count;
}

static void list_names(const struct door *door, size_t count, char *text,
		       size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (door[i].uid != geteuid() || used >= size)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 used ? ", " : "", door[i].name);
	}
}

int door_pick(const char *name, struct door *door, struct err *err)
{
	struct door all[DOOR_LABS_MAX];
	size_t count = door_find(all);
	char names[256];
	int matches = 0;

	/* root may mean another's, but has to say so by its name */
	for (size_t i = 0; i < count; i++) {
		if (name ? strcmp(name, all[i].name) != 0
			 : all[i].uid != geteuid())
			continue;
		*door = all[i];
		matches++;
	}
	if (matches == 1)
		return 0;
	list_names(all, count, names, sizeof(names));
	if (!names[0])
		return err_set(err, ENOENT,
			       "no lab is up: `vazao lab up PLAN` makes one");
	if (name)
		return err_set(err, ENOENT, "no lab '%s' is up (there are: %s)",
			       name, names);
	return err_set(err, EINVAL,
		       "several labs are up: choose by --lab one of %s", names);
}

/*
 * Asking.
 */

/* Whoever sits at another user's name is not that user's lab. */
static int check_owner(int fd, const struct door *door, pid_t *pid,
		       struct err *err)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return err_sys(err, errno, "lab %s", door->name);
	if (peer.uid != door->uid)
		return err_set(err, EACCES,
			       "lab %s: its socket is held by user %u",
			       door->name, peer.uid);
	*pid = peer.pid;
	return 0;
}

static int connect_to(const struct door *door, int *fd, pid_t *pid,
		      struct err *err)
{
	const struct timeval patience = { .tv_sec = REQUEST_TIMEOUT };
	struct sockaddr_un un;
	socklen_t size = make_address(door, &un);
	int rc;

	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return err_sys(err, errno, "socket");
	setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(*fd, (struct sockaddr *)&un, size) < 0)
		rc = err_sys(err, errno, "lab %s", door->name);
	else
		rc = check_owner(*fd, door, pid, err);
	if (rc)
		close(*fd);
	return rc;
}

static int write_json(int socket, json_t *json, struct err *err)
{
	char *text = json_dumps(json, JSON_COMPACT);
	size_t size = text ? strlen(text) : 0;
	size_t used = 0;

	while (used < size) {
		ssize_t n =
			send(socket, text + used, size - used, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		used += (size_t)n;
	}
	free(text);
	return used == size && size ? 0 : err_sys(err, errno, "writing");
}

static int read_json(int socket, json_t **json, struct err *err)
{
	json_error_t wrong;

	*json = json_loadfd(socket, 0, &wrong);
	if (!*json)
		return err_set(err, EPROTO, "no answer (%s)", wrong.text);
	return 0;
}

/* One byte goes before each reply: what descriptors travel with. */
static int take_fds(int socket, int fd[DOOR_FDS_MAX], struct err *err)
{
	char byte, control[CMSG_SPACE(DOOR_FDS_MAX * sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) != 1)
		return err_set(err, EPIPE, "it does not answer");
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS && fd)
		memcpy(fd, CMSG_DATA(cmsg), cmsg->cmsg_len - CMSG_LEN(0));
	return 0;
}

static int take_refusal(json_t **reply, struct err *err)
{
	const json_t *error = json_object_get(*reply, "error");
	const char *text = "refused";
	int64_t code = EPROTO;

	if (!error)
		return 0;
	json_get_int(error, "code", &code, NULL);
	json_get_string(error, "text", &text, NULL);
	err_set(err, (int)code, "%s", text);
	json_decref(*reply);
	*reply = NULL;
	return (int)-code;
}

int door_ask(const struct door *door, json_t *request, json_t **reply,
	     int fd[DOOR_FDS_MAX], struct err *err)
{
	int socket, rc;
	pid_t pid = 0;

	rc = connect_to(door, &socket, &pid, err);
	if (rc) {
		json_decref(request);
		return rc;
	}
	/* who refuses us does so without reading: its answer tells more */
	write_json(socket, request, err);
	shutdown(socket, SHUT_WR);
	rc = take_fds(socket, fd, err);
	if (!rc)
		rc = read_json(socket, reply, err);
	if (rc)
		err_wrap(err, "lab %s", door->name);
	else
		rc = take_refusal(reply, err);
	close(socket);
	json_decref(request);
	return rc;
}

/*
 * Ending. SIGTERM to the holder's outermost process, whose end is that of all
 * (cage.h); SIGKILL where that does not help.
 */

/* A descriptor, since the number may be another's by the time it is used: it
 * is this lab's if the lab still answers to it afterwards. */
static int open_holder(const struct door *door, int *pidfd, struct err *err)
{
	pid_t pid = 0, again = 0;
	int socket, rc;

	rc = connect_to(door, &socket, &pid, err);
	if (rc)
		return rc;
	close(socket);
	*pidfd = pidfd_open(pid, 0);
	if (*pidfd < 0)
		return err_sys(err, errno, "lab %s: process %d", door->name,
			       (int)pid);
	rc = connect_to(door, &socket, &again, err);
	if (!rc)
		close(socket);
	if (!rc && again != pid)
		rc = err_set(err, ESTALE, "lab %s: another took its place",
			     door->name);
	if (rc)
		close(*pidfd);
	return rc;
}

int door_end(const struct door *door, struct err *err)
{
	struct pollfd ended = { .events = POLLIN };
	int rc = open_holder(door, &ended.fd, err);

	if (rc)
		return rc;
	if (pidfd_send_signal(ended.fd, SIGTERM, NULL, 0) < 0)
		rc = err_sys(err, errno, "lab %s: ending it", door->name);
	else if (poll(&ended, 1, END_TIMEOUT_MS) != 1) {
		pidfd_send_signal(ended.fd, SIGKILL, NULL, 0);
		if (poll(&ended, 1, END_TIMEOUT_MS) != 1)
			rc = err_set(err, EBUSY, "lab %s: it does not end",
				     door->name);
	}
	close(ended.fd);
	return rc;
}

/*
 * The holder's side. In a user namespace the lab's user is root, and the
 * machine's root is nobody: it may end the lab, but not enter it.
 */

int door_read(int connection, json_t **request, struct err *err)
{
	const struct timeval patience = { .tv_sec = 2 };
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience,
		   sizeof(patience));
	setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience,
		   sizeof(patience));
	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return err_sys(err, errno, "SO_PEERCRED");
	if (peer.uid != geteuid())
		return err_set(err, EACCES, "the lab is another user's");
	return read_json(connection, request, err);
}

static int send_fds(int connection, const int *fd, int fds)
{
	char byte = '\n', control[CMSG_SPACE(DOOR_FDS_MAX * sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (fds) {
		memset(control, 0, sizeof(control));
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE((size_t)fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN((size_t)fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fd, (size_t)fds * sizeof(int));
	}
	return sendmsg(connection, &msg, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int door_answer(int connection, json_t *reply, const int *fd, int fds)
{
	int rc = send_fds(connection, fd, fds);

	if (!rc)
		rc = write_json(connection, reply, NULL);
	json_decref(reply);
	return rc;
}
