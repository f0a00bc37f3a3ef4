/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * team.h - the agents of a lab: one in every node, alike in their settings,
 * replaced when they die.
 *
 * Called by the study's own files only. Owns the agents; borrows the lab.
 */
#ifndef VAZAO_STUDY_TEAM_H
#define VAZAO_STUDY_TEAM_H

#include <stddef.h>

#include "agent/agent.h"
#include "base/axis.h"
#include "base/err.h"
#include "lab/lab.h"
#include "plan/plan.h"
#include "store/store.h"

struct team;

/* No agent is started yet. */
int team_create(struct team **team, struct lab *lab, const struct plan *plan,
		struct err *err);
void team_free(struct team *team);

/*
 * Starts an agent in the node that is the end of one pair of `path` (or M2,
 * path -1), in place of any former one, and gives it the team's settings and
 * the node's addresses.
 */
int team_start(struct team *team, int path, int pair, struct err *err);

/* Of all of the path's pairs. */
int team_start_path(struct team *team, size_t path, struct err *err);

/* Where the path's agent is lost: puts behind the error what its node's
 * machine says of itself, such as a panic on its console. */
void team_hear(const struct team *team, size_t path, int pair, struct err *err);

/* NULL where there is none. */
struct agent *team_m1(const struct team *team, size_t path, int pair);
struct agent *team_m2(const struct team *team);

/*
 * Makes TCP alike on every node that has an agent: the congestion control is
 * the first of cubic and reno that all take, the rest is M2's. What is then
 * read back is stored, so that the report can name what still differs. On
 * failure *failed is the path whose node is at fault, -1 for M2 or the store.
 */
int team_equalize(struct team *team, struct store *store, int *failed,
		  struct err *err);

/* Lets a path's agents go; the others are the team. */
void team_drop(struct team *team, size_t path);

/* "cubic" or "reno"; NULL before team_equalize(). */
const char *team_congestion(const struct team *team);

/*
 * MTU and offload on both ends of a path's pairs by their agents and on every
 * hop between by the lab; read back; -EIO naming the place where one did not
 * take. Nothing is done where the path has them already. *blame: the pair, or
 * -1 M2's agent. With offload on, an end has what its device can: see
 * team_features().
 */
int team_set_path(struct team *team, size_t path, int mtu, int offload,
		  int *blame, struct err *err);

/* random(4)'s name for this boot of M2's kernel, where M2 is a machine that was
 * there already; else "". */
const char *team_boot_id(const struct team *team);

/* {"tso": true, ...} of the first pair's own end, as last read back; borrowed, NULL
 * before team_set_path(). */
const json_t *team_features(const struct team *team, size_t path);

/* What TCP has alike on all nodes: {"net.ipv4.tcp_sack": null: as M2 has it,
 * "net.ipv4.tcp_mtu_probing": "0", ...}; a new reference. */
json_t *team_sysctls(void);

#endif
