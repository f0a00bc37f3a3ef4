/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * errand_json.c - one path of a block in an errand's report. As in
 * block_result, but of both ends together, as agent_run_block() has it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/block_json.h"
#include "agent/errand.h"
#include "base/json.h"

static json_t *ends_to_json(const struct agent_block_path *path)
{
	const struct block_socket *s = &path->sender, *r = &path->receiver;

	return json_pack(
		"{sI sI sI sI ss}", "sndbuf_bytes", (json_int_t)s->sndbuf_bytes,
		"rcvbuf_bytes", (json_int_t)r->rcvbuf_bytes, "mss_bytes",
		(json_int_t)s->mss_bytes, "retransmits",
		(json_int_t)s->retransmits, "congestion", s->congestion);
}

static int ends_from_json(const json_t *json, struct agent_block_path *path,
			  struct err *err)
{
	struct block_socket *s = &path->sender;
	const char *congestion;
	int rc = json_get_int(json, "sndbuf_bytes", &s->sndbuf_bytes, err);

	if (!rc)
		rc = json_get_int(json, "rcvbuf_bytes",
				  &path->receiver.rcvbuf_bytes, err);
	if (!rc)
		rc = json_get_int(json, "mss_bytes", &s->mss_bytes, err);
	if (!rc)
		rc = json_get_int(json, "retransmits", &s->retransmits, err);
	if (!rc)
		rc = json_get_string(json, "congestion", &congestion, err);
	if (!rc)
		snprintf(s->congestion, sizeof(s->congestion), "%s",
			 congestion);
	return rc;
}

static json_t *slices_to_json(const struct agent_block_path *path)
{
	json_t *slices = json_array();

	for (size_t i = 0; i < path->slices; i++)
		json_array_append_new(
			slices,
			json_pack("[III]", (json_int_t)path->slice[i].bytes,
				  (json_int_t)path->slice[i].duration_ns,
				  (json_int_t)path->slice[i].idle_ns));
	return slices;
}

static int slices_from_json(const json_t *list, struct agent_block_path *path,
			    struct err *err)
{
	json_t *item;
	size_t i;

	path->slice = calloc(json_array_size(list) + 1, sizeof(*path->slice));
	if (!path->slice)
		return err_sys(err, ENOMEM, "slices");
	json_array_foreach(list, i, item) {
		json_int_t bytes, duration_ns, idle_ns;

		if (json_unpack(item, "[III!]", &bytes, &duration_ns,
				&idle_ns) < 0 ||
		    bytes < 0 || duration_ns <= 0)
			return err_set(err, EPROTO, "slice %zu is none", i);
		path->slice[i] =
			(struct block_slice){ bytes, duration_ns, idle_ns };
	}
	path->slices = json_array_size(list);
	return 0;
}

static json_t *datagrams_to_json(const struct agent_block_path *path)
{
	const struct block_datagrams *d = &path->datagrams;

	return json_pack("[III f]", (json_int_t)d->received,
			 (json_int_t)d->lost, (json_int_t)d->reordered,
			 d->jitter_us);
}

static int datagrams_from_json(const json_t *json,
			       struct agent_block_path *path, struct err *err)
{
	struct block_datagrams *d = &path->datagrams;
	json_int_t received, lost, reordered;

	if (json_unpack((json_t *)json, "[IIIF!]", &received, &lost, &reordered,
			&d->jitter_us) < 0)
		return err_set(err, EPROTO, "datagrams without their numbers");
	d->received = received;
	d->lost = lost;
	d->reordered = reordered;
	return 0;
}

json_t *errand_path_to_json(const struct agent_block_path *path)
{
	json_t *json = json_pack(
		"{sf sf sf sI sI so so so}", "throughput_mbps",
		path->throughput_mbps, "reverse_mbps", path->reverse_mbps,
		"sent_mbps", path->sent_mbps, "messages",
		(json_int_t)path->messages, "transactions",
		(json_int_t)path->transactions, "slices", slices_to_json(path),
		"ends", ends_to_json(path), "datagrams",
		datagrams_to_json(path));

	if (path->latency)
		json_object_set_new(json, "latency",
				    block_latency_to_json(path->latency));
	return json;
}

static int latency_from_json(const json_t *json, struct agent_block_path *path,
			     struct err *err)
{
	const json_t *latency = json_object_get(json, "latency");

	if (!latency)
		return 0;
	path->latency = calloc(1, sizeof(*path->latency));
	if (!path->latency)
		return err_sys(err, ENOMEM, "a histogram");
	return block_latency_from_json(latency, path->latency, err);
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
		rc = json_get_array(json, "datagrams", &datagrams, err);
	if (!rc)
		rc = datagrams_from_json(datagrams, path, err);
	if (!rc)
		rc = json_get_array(json, "slices", &slices, err);
	if (!rc)
		rc = slices_from_json(slices, path, err);
	if (!rc)
		rc = latency_from_json(json, path, err);
	if (rc)
		agent_block_path_free(path);
	return rc;
}
