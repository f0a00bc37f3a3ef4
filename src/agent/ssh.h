/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ssh.h - the coordinator's side of an agent that ssh(1) starts.
 *
 * ssh itself is called, so that ssh_config, jump hosts, agents and keys are
 * as its user has set them up; never with a password asked for (BatchMode).
 * VAZAO_SSH in the environment is the command to call instead, its words
 * separated by blanks: "ssh -F file".
 *
 * What runs there
 *   If there is a `vazao` of the very same version on the PATH there, that;
 *   else our static vazao-agent, sent over the same connection into a fresh
 *   directory below ${TMPDIR:-/tmp}, which is removed as soon as it runs.
 *   Nothing else of the machine is touched.
 *
 * The script that does it (script in ssh.c) says one line and goes on:
 *   vazao-here            vazao will speak next
 *   vazao-send x86_64     it waits for the agent's file, for that machine
 * After a file the agent speaks next. Lines before are noise (a login's
 * greetings) and passed on to standard error.
 *
 * Called by remote.c and cmd/agent.c.
 */
#ifndef VAZAO_AGENT_SSH_H
#define VAZAO_AGENT_SSH_H

#include <stdbool.h>

#include "agent/relay.h"
#include "base/err.h"

struct ssh_args {
	const char *host;	/* "m1", "user@m1", "ssh://user@m1:2222" */
	const char *agent_path; /* our vazao-agent's file */
	bool may_configure;
};

/* -EINVAL where it is no host. */
int ssh_check_host(const char *host, struct err *err);

/*
 * Starts ssh and relays between it and the client until either ends. What
 * prevents it is told to the client as noise before the hello (protocol.h),
 * so that its error says it, and returned.
 */
int ssh_relay(const struct ssh_args *args, const struct relay_end *client,
	      struct err *err);

#endif
