/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * block_json.h - what block.h speaks of, as protocol.h writes it. Used by
 * both sides: client_block.c and op_block.c, and by an errand's report. All
 * json_t are new references.
 */
#ifndef VAZAO_AGENT_BLOCK_JSON_H
#define VAZAO_AGENT_BLOCK_JSON_H

#include <jansson.h>

#include "base/err.h"
#include "workload/block.h"

json_t *block_timing_to_json(const struct block_timing *timing);
int block_timing_from_json(const json_t *json, struct block_timing *timing,
			   struct err *err);

/* [[bucket, count], ...] of stats/histogram.h, without the empty ones. From
 * JSON: added to what is there. */
json_t *block_latency_to_json(const struct histogram *h);
int block_latency_from_json(const json_t *list, struct histogram *h,
			    struct err *err);

/* A histogram of its own from the object's key "latency"; NULL: it has none. */
int block_latency_take(const json_t *json, struct histogram **latency,
		       struct err *err);

/* [[bytes, duration_ns, idle_ns], ...]. From JSON: *slice is malloc'ed, also
 * on failure. */
json_t *block_slices_to_json(const struct block_slice *slice, size_t slices);
int block_slices_from_json(const json_t *list, struct block_slice **slice,
			   size_t *slices, struct err *err);

json_t *block_socket_to_json(const struct block_socket *s);
int block_socket_from_json(const json_t *json, struct block_socket *s,
			   struct err *err);

json_t *block_datagrams_to_json(const struct block_datagrams *d);
int block_datagrams_from_json(const json_t *json, struct block_datagrams *d,
			      struct err *err);

json_t *block_result_to_json(const struct block_result *result);

/* result->slice and result->latency are malloc'ed; nothing to free on failure. */
int block_result_from_json(const json_t *json, struct block_result *result,
			   struct err *err);

#endif
