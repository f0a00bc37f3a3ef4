/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guest_line.h - the stream between a guest's agent and the lab, and the
 * relay that carries a guest's guest's. Called by guest.c and errand*.c;
 * base/guest.h names the kinds of line.
 */
#ifndef VAZAO_AGENT_GUEST_LINE_H
#define VAZAO_AGENT_GUEST_LINE_H

#include <stdint.h>

#include "base/err.h"

/* A descriptor for reading and writing; -1, and no error, where `line` is
 * NULL. Waits up to 20 s for a device to appear or a peer to listen. */
int guest_open_line(const char *line, int *fd, struct err *err);

/* The one connection that is made to address and port; -ETIMEDOUT. */
int guest_accept(const char *address, const char *port, int64_t timeout_ns,
		 int *fd, struct err *err);

/*
 * Takes one connection on address and port, and passes bytes between it and
 * the device until one of them ends. 0 after that.
 */
int guest_relay(const char *device, const char *address, const char *port,
		struct err *err);

#endif
