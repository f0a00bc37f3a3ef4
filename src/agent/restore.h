/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * restore.h - a far machine as it was: what an agent changes there is noted
 * first, and put back afterwards, whatever happened.
 *
 * The notes are lines of JSON in a file: the agent appends one before it
 * changes something for the first time; its keeper (tether.h) reads them when
 * the agent has ended and puts all back, the latest change first. Both have
 * the file open, so the agent may die in any way. Where /run/vazao can be
 * made, the file stands there while it is needed: if the keeper is killed, or
 * the machine loses power before it was done, the next agent there that may
 * configure puts back what it finds there first (restore_leftovers()).
 *
 *   {"sysctl": "net.ipv4.tcp_sack", "value": "1"}
 *   {"ifname": "eth0", "mtu": 1500}
 *   {"ifname": "eth0", "features": {"tso": true, ...}}
 *
 * Called by op_node.c (notes), tether.c (the rest).
 */
#ifndef VAZAO_AGENT_RESTORE_H
#define VAZAO_AGENT_RESTORE_H

#include <stdint.h>

#include "base/err.h"

struct restore;

int restore_open(struct restore **restore, struct err *err);

/* The file goes, too; restore_apply() first. NULL is fine. */
void restore_close(struct restore *restore);

/* Before a change; what was noted once is not noted again. A NULL restore
 * notes nothing. `fd` as in base/netdev.h. */
int restore_note_mtu(struct restore *restore, int fd, const char *ifname,
		     struct err *err);
int restore_note_features(struct restore *restore, int fd, const char *ifname,
			  struct err *err);
int restore_note_sysctl(struct restore *restore, const char *name,
			const char *value, struct err *err);

/* Puts all back that can be; the first failure is told. */
int restore_apply(struct restore *restore, struct err *err);

/*
 * What former keepers left undone on this machine, which is to say in this
 * network namespace. One that is alive is waited for: its coordinator may have
 * been cut off, and who noted a changed value as the machine's own would put
 * that back. -EBUSY where it stays: one agent at a time may configure.
 */
#define RESTORE_PATIENCE_NS (INT64_C(20) * 1000 * 1000 * 1000)

int restore_leftovers(struct err *err);

/* op_node.c: as sysctl_set does it, of names below net. alone. */
int sysctl_put(const char *name, const char *value, struct err *err);

#endif
