/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * errand_json.c - one path of a block in an errand's report. As in
 * block_result, but of both ends together, as agent_run_block() has it.
 */
#include "agent/block_json.h"
#include "agent/errand.h"
#include "base/json.h"

/* The sender's socket, but for the buffer that received. */
static json_t *ends_to_json(const struct agent_block_path *path)
{
	struct block_socket ends = path->sender;

	ends.rcvbuf_bytes = path->receiver.rcvbuf_bytes;
	return block_socket_to_json(&ends);
}

static int ends_from_json(const json_t *json, struct agent_block_path *path,
			  struct err *err)
{
	int rc = block_socket_from_json(json, &path->sender, err);

	path->receiver.rcvbuf_bytes = path->sender.rcvbuf_bytes;
	path->sender.rcvbuf_bytes = 0;
	return rc;
}

json_t *errand_path_to_json(const struct agent_block_path *path)
{
	json_t *json = json_pack(
		"{sf sf sf sI sI so so so}", "throughput_mbps",
		path->throughput_mbps, "reverse_mbps", path->reverse_mbps,
		"sent_mbps", path->sent_mbps, "messages",
		(json_int_t)path->messages, "transactions",
		(json_int_t)path->transactions, "slices",
		block_slices_to_json(path->slice, path->slices), "ends",
		ends_to_json(path), "datagrams",
		block_datagrams_to_json(&path->datagrams));

	if (path->latency)
		json_object_set_new(json, "latency",
				    block_latency_to_json(path->latency));
	return json;
}

static int rates_from_json(const json_t *json, struct agent_block_path *path,
			   struct err *err)
{
	int rc = json_get_double(json, "throughput_mbps",
				 &path->throughput_mbps, err);

	if (!rc)
		rc = json_get_double(json, "reverse_mbps", &path->reverse_mbps,
				     err);
	if (!rc)
		rc = json_get_double(json, "sent_mbps", &path->sent_mbps, err);
	if (!rc)
		rc = json_get_int(json, "messages", &path->messages, err);
	if (!rc)
		rc = json_get_int(json, "transactions", &path->transactions,
				  err);
	return rc;
}

int errand_path_from_json(const json_t *json, struct agent_block_path *path,
			  struct err *err)
{
	json_t *slices, *ends, *datagrams;
	int rc;

	*path = (struct agent_block_path){ 0 };
	rc = rates_from_json(json, path, err);
	if (!rc)
		rc = json_get_object(json, "ends", &ends, err);
	if (!rc)
		rc = ends_from_json(ends, path, err);
	if (!rc)
		rc = json_get_object(json, "datagrams", &datagrams, err);
	if (!rc)
		rc = block_datagrams_from_json(datagrams, &path->datagrams,
					       err);
	if (!rc)
		rc = json_get_array(json, "slices", &slices, err);
	if (!rc)
		rc = block_slices_from_json(slices, &path->slice, &path->slices,
					    err);
	if (!rc)
		rc = block_latency_take(json, &path->latency, err);
	if (rc)
		agent_block_path_free(path);
	return rc;
}
