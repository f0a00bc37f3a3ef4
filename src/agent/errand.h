/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * errand.h - a machine's own work: blocks that it measures inside itself,
 * without the host. Called by guest.c alone, in a child of PID 1.
 *
 * For exact time (docs/xen-exact.md): a machine that counts instructions runs
 * the same way twice only if nothing comes in from outside. So all ends of
 * all paths are in it, M2 in a network namespace, and what to do is given at
 * boot (base/guest.h, GUEST_ERRAND). Ends and blocks are those of the wall
 * clock: agents, spoken to by agent.h's client.
 *
 *   own    eth0 ==ERRAND_CABLE== M2, or as dom0's setup plugs it
 *   domU   its agent connects to ERRAND_DOMU_ADDRESS
 *
 * The errand: one JSON object
 *   {"m2_address": "10.77.1.254",
 *    "paths": [{"name": "domU", "end": "own" or "domU", "address":
 *    "10.77.1.2"}, ...],
 *    "sysctls": {"net.ipv4.tcp_sack": null: as M2 has it; or "1", ...},
 *    "blocks": [{"point", "timing", "order": as protocol.h has them,
 *    "delay_ns": idle before it}, ...]}
 *
 * The report: a line of JSON each
 *   {"settings": {"M2": {"net.ipv4.tcp_sack": "1", "kernel": ...}, ...}}
 *   {"block": 0, "paths": [errand_path_to_json(), ...]}
 *   {"block": 0, "failed_path": 1 or -1 for M2, "error": "..."}
 *   {"done": blocks} or {"error": "...", "failed_path": ...}, the last
 */
#ifndef VAZAO_AGENT_ERRAND_H
#define VAZAO_AGENT_ERRAND_H

#include <jansson.h>

#include "agent/block.h"
#include "base/err.h"

#define ERRAND_CABLE	    "cable0"
#define ERRAND_DOMU_ADDRESS "10.99.0.1"
#define ERRAND_DOMU_PORT    "7000"

/* Before the machine's own network is set up: eth0 and the cable's far end. */
int errand_plug_cable(struct err *err);

/* The whole of it. What goes wrong is in the report; 0 if that could be
 * written. */
int errand_run(const char *file, int report_fd, struct err *err);

/* errand_json.c: {"slices": [[bytes, ns, idle_ns], ...], ...}; the host's
 * side reads it back, to be freed by agent_block_path_free(). */
json_t *errand_path_to_json(const struct agent_block_path *path);
int errand_path_from_json(const json_t *json, struct agent_block_path *path,
			  struct err *err);

#endif
