/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * socket.h - UNIX sockets by path, for netfront and netback to meet, and for
 * whoever asks them for counters. Called by cmd/ and tests.
 */
#ifndef VAZAO_XEN_SOCKET_H
#define VAZAO_XEN_SOCKET_H

#include <stdint.h>

#include "base/err.h"

/* `type`: SOCK_SEQPACKET for xenbus, SOCK_STREAM for control. A socket file
 * that nobody listens to any more is replaced. The descriptor, or -errno. */
int socket_listen(const char *path, int type, struct err *err);

/* Waits until the deadline for somebody to listen there. */
int socket_connect(const char *path, int type, int64_t deadline_mono_ns,
		   struct err *err);

#endif
