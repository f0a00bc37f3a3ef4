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

static json_t *slices_to_json(const struct block_result *result)
{
	json_t *slices = json_array();

	for (size_t i = 0; i < result->slices; i++) {
		const struct block_slice *slice = &result->slice[i];

		json_array_append_new(
			slices, json_pack("[III]", (json_int_t)slice->bytes,
					  (json_int_t)slice->duration_ns,
					  (json_int_t)slice->idle_ns));
	}
	return slices;
}

json_t *block_result_to_json(const struct block_result *result)
{
	const struct block_socket *s = &result->socket;

	return json_pack("{so sI sI s{sI sI sI sI ss}}", "slices",
			 slices_to_json(result), "messages",
			 (json_int_t)result->messages, "strangers",
			 (json_int_t)result->strangers, "socket",
			 "sndbuf_bytes", (json_int_t)s->sndbuf_bytes,
			 "rcvbuf_bytes", (json_int_t)s->rcvbuf_bytes,
			 "mss_bytes", (json_int_t)s->mss_bytes, "retransmits",
			 (json_int_t)s->retransmits, "congestion",
			 s->congestion);
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

static int socket_from_json(const json_t *json, struct block_socket *s,
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

static int slices_from_json(const json_t *slices, struct block_result *result,
			    struct err *err)
{
	json_t *slice;
	size_t i;
	int rc;

	result->slice =
		calloc(json_array_size(slices) + 1, sizeof(*result->slice));
	if (!result->slice)
		return err_sys(err, ENOMEM, "slices");
	json_array_foreach(slices, i, slice) {
		rc = slice_from_json(slice, &result->slice[i], err);
		if (rc)
			return rc;
	}
	result->slices = json_array_size(slices);
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
		rc = socket_from_json(socket, &result->socket, err);
	if (!rc)
		rc = slices_from_json(slices, result, err);
	if (rc)
		block_result_free(result);
	return rc;
}
