/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame.h - frames of protocol.h on any descriptor: pipe, socket, terminal.
 *
 * Deadlines are moments of CLOCK_MONOTONIC (FRAME_NO_DEADLINE: none). They
 * hold on reading always; on writing, only where the descriptor is
 * nonblocking. Called by client.c and server.c alone.
 */
#ifndef VAZAO_AGENT_FRAME_H
#define VAZAO_AGENT_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"

#define FRAME_NO_DEADLINE INT64_MAX

int frame_write_bytes(int fd, const void *bytes, size_t size,
		      int64_t deadline_mono_ns, struct err *err);
int frame_write(int fd, const json_t *json, int64_t deadline_mono_ns,
		struct err *err);

/*
 * 0 and *json, a new reference. Else
 *   -EPIPE     the stream has ended; err is set if within a frame
 *   -ETIMEDOUT nothing, or not all, came in time
 *   -EBADMSG   what came is no JSON object; the next frame may be read
 *   -EMSGSIZE  the length is out of range; nothing more can be read
 */
int frame_read(int fd, json_t **json, int64_t deadline_mono_ns,
	       struct err *err);

/* As frame_read(), of no more than `max` bytes. */
int frame_read_limited(int fd, uint32_t max, json_t **json,
		       int64_t deadline_mono_ns, struct err *err);

/*
 * Passes over everything up to and with `magic`. `noise` gets the last line
 * of it that is not empty, made printable: if nothing else comes, that is
 * what a guest died of.
 */
int frame_seek(int fd, const char *magic, int64_t deadline_mono_ns, char *noise,
	       size_t noise_size, struct err *err);

#endif
