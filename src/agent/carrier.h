/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * carrier.h - does an interface carry frames? Called by the agent's operations
 * on interfaces, in the agent's own network namespace alone; by rtnetlink
 * without a library, for a guest's agent is static.
 */
#ifndef VAZAO_AGENT_CARRIER_H
#define VAZAO_AGENT_CARRIER_H

#include <stdbool.h>
#include <stdint.h>

/* Up, and its queue is attached (IFF_LOWER_UP, IFF_RUNNING). */
bool carrier_is_on(const char *ifname);

/* Until it is, at most so long; was it? */
bool carrier_await(const char *ifname, int64_t patience_ns);

#endif
