/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tether.h - an agent on somebody's machine, at the end of a line that may be
 * cut: `vazao agent --stdio --tethered`, as ssh.h starts it there.
 *
 * The process that stays on standard input and output is the agent's keeper,
 * a relay (relay.h); the agent is its child. When the stream ends, when
 * nothing was heard of the coordinator's relay for TETHER_PATIENCE_NS (a cut
 * link, a coordinator's machine that is gone), at SIGHUP, SIGTERM or SIGINT,
 * and when the agent dies, the keeper ends the agent and puts back what it
 * had changed (restore.h). Without may_configure nothing can be changed.
 *
 * Called by cmd/agent.c and by vazao-agent (guest.c).
 */
#ifndef VAZAO_AGENT_TETHER_H
#define VAZAO_AGENT_TETHER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define TETHER_PATIENCE_NS (INT64_C(15) * 1000 * 1000 * 1000)

/*
 * patience_ns: as above; 0 where the stream is a pipe from the coordinator
 * itself, which cannot be cut (`vazao agent --here`).
 */
struct tether_args {
	int read_fd, write_fd;
	int64_t patience_ns;
	bool may_configure;
};
int tether_run(const struct tether_args *args, struct err *err);

#endif
