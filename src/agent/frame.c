/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/frame.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/protocol.h"
#include "base/clock.h"

/* 0 once ready (or hung up: read or write will tell). */
static int await(int fd, short events, int64_t deadline_ns)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	for (;;) {
		int rc = poll(&pfd, 1, clock_poll_ms(deadline_ns));

		if (rc > 0)
			return 0;
		if (rc < 0 && errno != EINTR)
			return -errno;
		if (rc == 0 && clock_mono_ns() >= deadline_ns)
			return -ETIMEDOUT;
	}
}

/* Bytes read, at least 1. A terminal whose other side is gone says EIO. */
static ssize_t read_some(int fd, void *buf, size_t size, int64_t deadline_ns)
{
	for (;;) {
		int rc = await(fd, POLLIN, deadline_ns);
		ssize_t n;

		if (rc)
			return rc;
		n = read(fd, buf, size);
		if (n > 0)
			return n;
		if (n == 0 || errno == EIO || errno == ECONNRESET)
			return -EPIPE;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

static int read_all(int fd, void *buf, size_t size, int64_t deadline_ns)
{
	for (size_t have = 0; have < size;) {
		ssize_t n = read_some(fd, (char *)buf + have, size - have,
				      deadline_ns);

		if (n < 0)
			return (int)n;
		have += (size_t)n;
	}
	return 0;
}

static int broken(int rc, const char *doing, struct err *err)
{
	if (rc == -EPIPE)
		return err_set(err, EPIPE, "%s: the stream has ended", doing);
	if (rc == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "%s: not in time", doing);
	return err_sys(err, -rc, "%s", doing);
}

int frame_write_bytes(int fd, const void *bytes, size_t size,
		      int64_t deadline_mono_ns, struct err *err)
{
	const char *at = bytes;

	while (size > 0) {
		int rc = await(fd, POLLOUT, deadline_mono_ns);
		ssize_t n;

		if (rc)
			return broken(rc, "writing", err);
		n = write(fd, at, size);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return broken(-errno, "writing", err);
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* Length and text in one buffer: one write(2), one wake-up of the reader. */
int frame_write(int fd, const json_t *json, int64_t deadline_mono_ns,
		struct err *err)
{
	size_t size = json_dumpb(json, NULL, 0, JSON_COMPACT);
	uint32_t length = htobe32((uint32_t)size);
	char *bytes;
	int rc;

	if (size == 0 || size > FRAME_MAX)
		return err_set(err, EMSGSIZE,
			       "a frame of %zu bytes where 1 to %d can be",
			       size, FRAME_MAX);
	bytes = malloc(sizeof(length) + size);
	if (!bytes)
		return err_sys(err, ENOMEM, "a frame");
	memcpy(bytes, &length, sizeof(length));
	json_dumpb(json, bytes + sizeof(length), size, JSON_COMPACT);
	rc = frame_write_bytes(fd, bytes, sizeof(length) + size,
			       deadline_mono_ns, err);
	free(bytes);
	return rc;
}

static int parse(const char *text, size_t size, json_t **json, struct err *err)
{
	json_error_t where;

	*json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
	if (json_is_object(*json))
		return 0;
	if (*json) {
		json_decref(*json);
		return err_set(err, EBADMSG, "a frame that is no JSON object");
	}
	return err_set(err, EBADMSG, "a frame that is no JSON: %s at byte %d",
		       where.text, where.position);
}

int frame_read(int fd, json_t **json, int64_t deadline_mono_ns, struct err *err)
{
	return frame_read_limited(fd, FRAME_MAX, json, deadline_mono_ns, err);
}

int frame_read_limited(int fd, uint32_t max, json_t **json,
		       int64_t deadline_mono_ns, struct err *err)
{
	uint32_t length;
	char *text;
	int rc = read_all(fd, &length, sizeof(length), deadline_mono_ns);

	if (rc)
		return broken(rc, "waiting for a frame", err);
	length = be32toh(length);
	if (length == 0 || length > max)
		return err_set(err, EMSGSIZE,
			       "a frame of %u bytes where 1 to %u can be: "
			       "the stream is not, or no more, in step",
			       length, max);
	text = malloc(length);
	if (!text)
		return err_sys(err, ENOMEM, "a frame");
	rc = read_all(fd, text, length, deadline_mono_ns);
	rc = rc ? broken(rc, "within a frame", err)
		: parse(text, length, json, err);
	free(text);
	return rc;
}

/* The last line of noise: `line` is begun anew where one has ended. */
struct noise {
	char *line;
	size_t size, used;
	bool ended;
};

static void note(struct noise *noise, char c)
{
	if (c == '\n' || c == '\r') {
		noise->ended = noise->used > 0;
		return;
	}
	if (noise->ended) {
		noise->used = 0;
		noise->ended = false;
	}
	if (noise->used + 1 >= noise->size)
		return;
	noise->line[noise->used++] = c >= ' ' && c < 127 ? c : '?';
	noise->line[noise->used] = '\0';
}

/* Byte by byte, as nothing behind the magic may be taken. The magic's first
 * byte does not occur in its rest, so a mismatch needs no going back. */
int frame_seek(int fd, const char *magic, int64_t deadline_mono_ns,
	       char *noise_line, size_t noise_size, struct err *err)
{
	struct noise noise = { .line = noise_line, .size = noise_size };
	size_t matched = 0;

	noise_line[0] = '\0';
	while (magic[matched]) {
		char c = 0;
		int rc = read_all(fd, &c, 1, deadline_mono_ns);

		if (rc)
			return broken(rc, "waiting for the hello", err);
		if (c == magic[matched]) {
			matched++;
			continue;
		}
		matched = c == magic[0];
		note(&noise, c);
	}
	return 0;
}
