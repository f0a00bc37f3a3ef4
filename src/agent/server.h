/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server.h - the agent itself: serves one stream until it ends.
 * Called by cmd/agent.c and by vazao-agent (PID 1 of a guest).
 */
#ifndef VAZAO_AGENT_SERVER_H
#define VAZAO_AGENT_SERVER_H

#include "base/err.h"

/* Sends the hello, then serves requests; 0 when the stream ends. */
int agent_serve(int read_fd, int write_fd, struct err *err);

#endif
