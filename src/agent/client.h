/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client.h - what agent.h's two files share: a call whose refusal may have
 * fields of its own. Called by client.c and client_block.c alone.
 */
#ifndef VAZAO_AGENT_CLIENT_H
#define VAZAO_AGENT_CLIENT_H

#include "agent/agent.h"

/*
 * As agent_wait(), until a moment of CLOCK_MONOTONIC. *refusal (may be NULL)
 * is set to the refusal's fields, a new reference, or to NULL.
 */
int client_wait_until(struct agent *agent, int64_t deadline_mono_ns,
		      json_t **reply, json_t **refusal, struct err *err);

/* As above for the agent whose events go to the watch. */
int client_wait_watching(struct agent *agent, const struct agent_watch *watch,
			 int64_t deadline_mono_ns, json_t **reply,
			 json_t **refusal, struct err *err);

#endif
