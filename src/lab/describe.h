/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * describe.h - what a lab's paths are made of and what they have counted, as
 * JSON. Part of lab.h, which includes it.
 */
#ifndef VAZAO_LAB_DESCRIBE_H
#define VAZAO_LAB_DESCRIBE_H

#include <stddef.h>

#include <jansson.h>

#include "base/err.h"

struct lab;

/* [{"path", "hops": [{"node", "ifname", "role": "end", "port", "bridge" or "trunk",
 * "mtu", "features", "qdisc", "rate_bps"}]}], read now, from M1 to M2; an end
 * that is in a guest is not among them. Behind the first pair's hops stand
 * those that the others have beside them. */
json_t *lab_describe(struct lab *lab);

/* Frame counters of every hop of a path, the ends in namespaces among them:
 * [{"node", "ifname", "role", "rx_packets", "rx_bytes", "rx_dropped",
 * "tx_packets", "tx_bytes", "tx_dropped"}]. */
int lab_read_counters(struct lab *lab, size_t path, json_t **counters,
		      struct err *err);

/* Counters of what carries a path's frames beside the kernel, such as netfront
 * and netback: {"netback": {"notify_sent": 12, ...}, ...}, each only grows.
 * *counters is NULL where the path has none. An error: the path is broken. */
int lab_read_path_counters(struct lab *lab, size_t path, json_t **counters,
			   struct err *err);

/* The host's own interfaces that the cables are of: "enp3s0:enp4s0 (igb, 1000
 * Mbit/s), ..."; "": the lab has made its cables. */
const char *lab_nics(const struct lab *lab);

/* What an observer in M2 must know of a path: {"agent": pid of M1's, 0 in a
 * guest, "processes": {name: pid, ...}, "hops": [{"node", "ifname", "role", "netns": a file of setns(2)}]}; a new
 * reference. The pids change when a node's agent is started anew. */
json_t *lab_describe_observed(struct lab *lab, size_t path);

#endif
