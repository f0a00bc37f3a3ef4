/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/block_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"

/* A week: no probe is longer. Keeps sums far from overflow. */
#define TIME_MAX_NS (7 * 86400 * NS_PER_S)

json_t *block_timing_to_json(const struct block_timing *timing)
{
	return json_pack("{sI sI sI sI}", "warmup_ns",
			 (json_int_t)timing->warmup_ns, "guard_ns",
			 (json_int_t)timing->guard_ns, "slice_ns",
			 (json_int_t)timing->slice_ns, "patience_ns",
			 (json_int_t)timing->patience_ns);
}

static int get_time(const json_t *json, const char *key, int64_t *value,
		    struct err *err)
{
	int rc = json_get_int(json, key, value, err);

	if (!rc && (*value < 0 || *value > TIME_MAX_NS))
		return err_set(err, ERANGE, "%s: not within 0 to a week", key);
	return rc;
}

int block_timing_from_json(const json_t *json, struct block_timing *timing,
			   struct err *err)
{
	int rc = get_time(json, "warmup_ns", &timing->warmup_ns, err);

	if (!rc)
		rc = get_time(json, "guard_ns", &timing->guard_ns, err);
	if (!rc)
		rc = get_time(json, "slice_ns", &timing->slice_ns, err);
	if (!rc)
		rc = get_time(json, "patience_ns", &timing->patience_ns, err);
	return rc;
}

json_t *block_slices_to_json(const struct block_slice *slice, size_t slices)
{
	json_t *list = json_array();

	for (size_t i = 0; i < slices; i++)
		json_array_append_new(
			list, json_pack("[III]", (json_int_t)slice[i].bytes,
					(json_int_t)slice[i].duration_ns,
					(json_int_t)slice[i].idle_ns));
	return list;
}

/* [[bucket, count], ...] of those that are not empty. */
json_t *block_latency_to_json(const struct histogram *h)
{
	json_t *list = json_array();

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (h->count[i])
			json_array_append_new(
				list, json_pack("[iI]", (int)i,
						(json_int_t)h->count[i]));
	return list;
}

int block_latency_from_json(const json_t *list, struct histogram *h,
			    struct err *err)
{
	json_int_t bucket, count;
	json_t *pair;
	size_t i;

	json_array_foreach(list, i, pair) {
		if (json_unpack(pair, "[II!]", &bucket, &count) < 0 ||
		    bucket < 0 || bucket >= HISTOGRAM_BUCKETS || count < 0)
			return err_set(err, EPROTO,
				       "a latency is no bucket and count");
		h->count[bucket] += (uint64_t)count;
		h->total += (uint64_t)count;
	}
	return 0;
}

json_t *block_datagrams_to_json(const struct block_datagrams *d)
{
	return json_pack("{sI sI sI sf}", "received", (json_int_t)d->received,
			 "lost", (json_int_t)d->lost, "reordered",
			 (json_int_t)d->reordered, "jitter_us", d->jitter_us);
}

json_t *block_socket_to_json(const struct block_socket *s)
{
	return json_pack(
		"{sI sI sI sI ss}", "sndbuf_bytes", (json_int_t)s->sndbuf_bytes,
		"rcvbuf_bytes", (json_int_t)s->rcvbuf_bytes, "mss_bytes",
		(json_int_t)s->mss_bytes, "retransmits",
		(json_int_t)s->retransmits, "congestion", s->congestion);
}

static json_t *tracks_to_json(const struct block_result *result)
{
	json_t *list = json_array();

	for (size_t t = 0; t < result->tracks; t++) {
		json_t *track = json_array();

		for (size_t i = 0; i < LOSS_PIECES; i++) {
			const struct loss_piece *p = &result->track[t].piece[i];

			json_array_append_new(
				track,
				json_pack("[IIIi]", (json_int_t)p->offered,
					  (json_int_t)p->lost,
					  (json_int_t)p->transit_ns, p->kept));
		}
		json_array_append_new(list, track);
	}
	return list;
}

json_t *block_result_to_json(const struct block_result *result)
{
	json_t *json =
		json_pack("{so sI sI so}", "slices",
			  block_slices_to_json(result->slice, result->slices),
			  "messages", (json_int_t)result->messages, "strangers",
			  (json_int_t)result->strangers, "socket",
			  block_socket_to_json(&result->socket));

	json_object_set_new(json, "fed_bytes", json_integer(result->fed_bytes));
	json_object_set_new(json, "fed_ns", json_integer(result->fed_ns));
	json_object_set_new(json, "datagrams",
			    block_datagrams_to_json(&result->datagrams));
	if (result->tracks)
		json_object_set_new(json, "tracks", tracks_to_json(result));
	if (result->latency)
		json_object_set_new(json, "latency",
				    block_latency_to_json(result->latency));
	return json;
}

static int slice_from_json(const json_t *json, struct block_slice *slice,
			   struct err *err)
{
	json_int_t bytes, duration_ns, idle_ns;

	if (json_unpack((json_t *)json, "[III!]", &bytes, &duration_ns,
			&idle_ns) < 0)
		return err_set(err, EPROTO, "a slice is no three numbers");
	if (bytes < 0 || duration_ns <= 0)
		return err_set(err, EPROTO, "a slice of no time");
	*slice = (struct block_slice){ .bytes = bytes,
				       .duration_ns = duration_ns,
				       .idle_ns = idle_ns };
	return 0;
}

int block_socket_from_json(const json_t *json, struct block_socket *s,
			   struct err *err)
{
	const char *congestion;
	int rc = json_get_int(json, "sndbuf_bytes", &s->sndbuf_bytes, err);

	if (!rc)
		rc = json_get_int(json, "rcvbuf_bytes", &s->rcvbuf_bytes, err);
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

int block_datagrams_from_json(const json_t *json, struct block_datagrams *d,
			      struct err *err)
{
	json_int_t received, lost, reordered;

	if (json_unpack((json_t *)json, "{sI sI sI sF}", "received", &received,
			"lost", &lost, "reordered", &reordered, "jitter_us",
			&d->jitter_us) < 0)
		return err_set(err, EPROTO, "datagrams without their numbers");
	d->received = received;
	d->lost = lost;
	d->reordered = reordered;
	return 0;
}

int block_latency_take(const json_t *json, struct histogram **latency,
		       struct err *err)
{
	const json_t *list = json_object_get(json, "latency");

	*latency = NULL;
	if (!list)
		return 0;
	*latency = calloc(1, sizeof(**latency));
	if (!*latency)
		return err_sys(err, ENOMEM, "a histogram");
	return block_latency_from_json(list, *latency, err);
}

static int piece_from_json(const json_t *json, struct loss_piece *piece,
			   struct err *err)
{
	json_int_t offered, lost, transit_ns;
	int kept;

	if (json_unpack((json_t *)json, "[IIIi!]", &offered, &lost, &transit_ns,
			&kept) < 0)
		return err_set(err, EPROTO, "a piece is no four numbers");
	if (offered < 0 || lost > offered)
		return err_set(err, EPROTO, "a piece lost more than it had");
	*piece = (struct loss_piece){ .offered = offered,
				      .lost = lost,
				      .transit_ns = transit_ns,
				      .kept = kept != 0 };
	return 0;
}

static int track_from_json(const json_t *json, struct loss_track *track,
			   struct err *err)
{
	json_t *piece;
	int rc = 0;
	size_t i;

	if (json_array_size(json) != LOSS_PIECES)
		return err_set(err, EPROTO, "a slice is not of %d pieces",
			       LOSS_PIECES);
	json_array_foreach(json, i, piece) {
		rc = piece_from_json(piece, &track->piece[i], err);
		if (rc)
			break;
	}
	return rc;
}

static int tracks_take(const json_t *json, struct block_result *result,
		       struct err *err)
{
	const json_t *list = json_object_get(json, "tracks");
	json_t *track;
	int rc = 0;
	size_t i;

	if (!list)
		return 0;
	result->track =
		calloc(json_array_size(list) + 1, sizeof(*result->track));
	if (!result->track)
		return err_sys(err, ENOMEM, "pieces of slices");
	json_array_foreach(list, i, track) {
		rc = track_from_json(track, &result->track[i], err);
		if (rc)
			break;
	}
	result->tracks = rc ? 0 : json_array_size(list);
	return rc;
}

static int extras_from_json(const json_t *json, struct block_result *result,
			    struct err *err)
{
	int rc = json_get_int(json, "fed_bytes", &result->fed_bytes, err);

	if (!rc)
		rc = json_get_int(json, "fed_ns", &result->fed_ns, err);
	if (!rc)
		rc = block_datagrams_from_json(
			json_object_get(json, "datagrams"), &result->datagrams,
			err);
	if (!rc)
		rc = block_latency_take(json, &result->latency, err);
	return rc ? rc : tracks_take(json, result, err);
}

int block_slices_from_json(const json_t *list, struct block_slice **slice,
			   size_t *slices, struct err *err)
{
	json_t *item;
	size_t i;

	*slices = 0;
	*slice = calloc(json_array_size(list) + 1, sizeof(**slice));
	if (!*slice)
		return err_sys(err, ENOMEM, "slices");
	json_array_foreach(list, i, item) {
		int rc = slice_from_json(item, &(*slice)[i], err);

		if (rc)
			return rc;
	}
	*slices = json_array_size(list);
	return 0;
}

int block_result_from_json(const json_t *json, struct block_result *result,
			   struct err *err)
{
	json_t *slices, *socket;
	int rc = json_get_array(json, "slices", &slices, err);

	*result = (struct block_result){ 0 };
	if (!rc)
		rc = json_get_object(json, "socket", &socket, err);
	if (!rc)
		rc = json_get_int(json, "messages", &result->messages, err);
	if (!rc && json_object_get(json, "strangers"))
		rc = json_get_int(json, "strangers", &result->strangers, err);
	if (!rc)
		rc = block_socket_from_json(socket, &result->socket, err);
	if (!rc)
		rc = block_slices_from_json(slices, &result->slice,
					    &result->slices, err);
	if (!rc)
		rc = extras_from_json(json, result, err);
	if (rc)
		block_result_free(result);
	return rc;
}
