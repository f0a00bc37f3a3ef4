/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What both ends of every pair said, put together: a path's result. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/block_json.h"
#include "agent/client_block.h"
#include "base/json.h"

size_t block_pairs_of(const struct agent_block_args *args, size_t path)
{
	return args->pairs ? args->pairs[path] : 1;
}

size_t block_count_members(const struct agent_block_args *args)
{
	size_t members = 0;

	for (size_t p = 0; p < args->paths; p++)
		members += block_pairs_of(args, p);
	return members;
}

/* The last of its path, where there is one. */
bool block_is_neighbor(const struct agent_block_args *args, size_t member)
{
	size_t last = 0;

	for (size_t p = 0; args->neighbor && p < args->paths; p++) {
		last += block_pairs_of(args, p);
		if (member + 1 == last)
			return true;
	}
	return false;
}

const struct point *block_point_of(const struct agent_block_args *args,
				   size_t member)
{
	return block_is_neighbor(args, member) ? args->neighbor : args->point;
}

static double mean_mbps(const struct block_slice *slice, size_t slices)
{
	double sum = 0;

	for (size_t i = 0; i < slices; i++)
		sum += (double)slice[i].bytes * 8e3 /
		       (double)slice[i].duration_ns;
	return slices ? sum / (double)slices : 0;
}

/* What both ends counted in a slice as one: the sum of their rates. */
static void add_slice(struct block_slice *slice,
		      const struct block_slice *other)
{
	double rate = (double)slice->bytes / (double)slice->duration_ns +
		      (double)other->bytes / (double)other->duration_ns;

	slice->bytes += other->bytes;
	if (rate > 0)
		slice->duration_ns =
			(int64_t)((double)slice->bytes / rate + 0.5);
	if (other->idle_ns > slice->idle_ns)
		slice->idle_ns = other->idle_ns;
}

static int add_reverse(struct agent_block_path *path,
		       const struct block_result *follower, struct err *err)
{
	if (follower->slices != path->slices)
		return err_set(err, EPROTO, "%zu slices one way, %zu the other",
			       path->slices, follower->slices);
	path->reverse_mbps = mean_mbps(follower->slice, follower->slices);
	for (size_t i = 0; i < path->slices; i++)
		add_slice(&path->slice[i], &follower->slice[i]);
	return 0;
}

static int64_t sum_bytes(const struct agent_block_path *path)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < path->slices; i++)
		bytes += path->slice[i].bytes;
	return bytes;
}

static void take_slices(struct agent_block_path *path,
			struct block_result *counting)
{
	path->slice = counting->slice;
	path->slices = counting->slices;
	path->latency = counting->latency;
	path->datagrams = counting->datagrams;
	path->track = counting->track;
	path->tracks = counting->tracks;
	counting->track = NULL;
	counting->slice = NULL;
	counting->latency = NULL;
}

/* The end that counts has the slices, the one that feeds the messages. */
static int merge(const struct point *point, struct block_result *follower,
		 struct block_result *conductor, struct agent_block_path *path,
		 struct err *err)
{
	bool exchange = block_transaction_bytes(point) > 0;
	bool m2_counts = block_conductor_counts(point);
	bool m1_counts = block_follower_counts(point);
	const struct block_result *counting = m2_counts ? conductor : follower;
	const struct block_result *feeding = m2_counts ? follower : conductor;

	*path = (struct agent_block_path){
		.sender = (exchange ? counting : feeding)->socket,
		.receiver = (exchange ? feeding : counting)->socket,
		.messages = feeding->messages,
		.sent_mbps = feeding->fed_ns > 0
				     ? (double)feeding->fed_bytes * 8e3 /
					       (double)feeding->fed_ns
				     : 0,
		.strangers = conductor->strangers,
	};
	take_slices(path, m2_counts ? conductor : follower);
	if (m1_counts && m2_counts) {
		int rc = add_reverse(path, follower, err);

		if (rc) {
			agent_block_path_free(path);
			return rc;
		}
	}
	if (exchange)
		path->transactions =
			sum_bytes(path) / block_transaction_bytes(point);
	path->throughput_mbps = mean_mbps(path->slice, path->slices);
	return 0;
}

/* M2's, with M1's as "m1" in it. NULL where M2 did not observe. */
static json_t *merge_counters(const json_t *followed, const json_t *conducted)
{
	json_t *m1 = json_object_get(followed, "counters");
	json_t *all = json_object_get(conducted, "counters");

	if (!json_is_object(all))
		return NULL;
	if (json_is_object(m1))
		json_object_set(all, "m1", m1);
	return json_incref(all);
}

static int merge_member(const struct block_run *run, size_t p,
			struct agent_block_path *path, struct err *err)
{
	struct block_result follower, conductor = { 0 };
	json_t *conducted;
	int rc = block_result_from_json(run->m1[p].reply, &follower, err);

	if (!rc)
		rc = json_get_array(run->m2.reply, "path", &conducted, err);
	if (!rc)
		rc = block_result_from_json(json_array_get(conducted, p),
					    &conductor, err);
	if (!rc)
		rc = merge(block_point_of(run->args, p), &follower, &conductor,
			   path, err);
	if (!rc)
		path->counters = merge_counters(run->m1[p].reply,
						json_array_get(conducted, p));
	block_result_free(&follower);
	block_result_free(&conductor);
	return rc ? err_wrap(err, "path %s", run->args->path_name[p]) : 0;
}

/*
 * A path of several pairs: rates are added, slice by slice, and counts.
 */

static int add_slices(struct agent_block_path *sum,
		      const struct agent_block_path *pair, struct err *err)
{
	if (pair->slices != sum->slices)
		return err_set(err, EPROTO,
			       "%zu slices of one pair, %zu of "
			       "another",
			       sum->slices, pair->slices);
	for (size_t i = 0; i < sum->slices; i++)
		add_slice(&sum->slice[i], &pair->slice[i]);
	return 0;
}

static int add_tracks(struct agent_block_path *sum,
		      const struct agent_block_path *pair, struct err *err)
{
	size_t tracks = sum->tracks + pair->tracks;
	struct loss_track *all;

	if (!pair->tracks)
		return 0;
	all = reallocarray(sum->track, tracks, sizeof(*all));
	if (!all)
		return err_sys(err, ENOMEM, "%zu pieces of slices", tracks);
	memcpy(&all[sum->tracks], pair->track, pair->tracks * sizeof(*all));
	sum->track = all;
	sum->tracks = tracks;
	return 0;
}

static void add_pair(struct agent_block_path *sum,
		     const struct agent_block_path *pair)
{
	struct block_datagrams *d = &sum->datagrams;

	sum->reverse_mbps += pair->reverse_mbps;
	sum->sent_mbps += pair->sent_mbps;
	sum->sender.retransmits += pair->sender.retransmits;
	sum->messages += pair->messages;
	sum->strangers += pair->strangers;
	sum->transactions += pair->transactions;
	if (sum->latency && pair->latency)
		histogram_merge(sum->latency, pair->latency);
	d->received += pair->datagrams.received;
	d->lost += pair->datagrams.lost;
	d->reordered += pair->datagrams.reordered;
	d->jitter_us += pair->datagrams.jitter_us;
}

/* Its latency instead of the streams', which have none. */
static void take_neighbor(struct agent_block_path *sum,
			  struct agent_block_path *neighbor)
{
	free(sum->latency);
	sum->latency = neighbor->latency;
	neighbor->latency = NULL;
}

static int fold(const struct block_run *run, size_t first, size_t members,
		struct agent_block_path *member, struct agent_block_path *path,
		struct err *err)
{
	bool neighbor = block_is_neighbor(run->args, first + members - 1);
	size_t pairs = members - neighbor;
	int rc = 0;

	path->pair_mbps = calloc(pairs, sizeof(*path->pair_mbps));
	if (!path->pair_mbps)
		return err_sys(err, ENOMEM, "%zu pairs", pairs);
	path->pairs = pairs;
	path->pair_mbps[0] = path->throughput_mbps;
	for (size_t k = 1; k < pairs && !rc; k++) {
		path->pair_mbps[k] = member[k].throughput_mbps;
		rc = add_slices(path, &member[k], err);
		if (!rc)
			rc = add_tracks(path, &member[k], err);
		add_pair(path, &member[k]);
	}
	path->datagrams.jitter_us /= (double)pairs;
	path->throughput_mbps = mean_mbps(path->slice, path->slices);
	if (neighbor)
		take_neighbor(path, &member[pairs]);
	return rc;
}

/* member: [members] of the path, of which the first becomes the path. */
static int merge_path(const struct block_run *run, size_t first, size_t members,
		      struct agent_block_path *path, int *failed,
		      struct err *err)
{
	struct agent_block_path member[PAIRS_MAX + 1] = { 0 };
	int rc = 0;

	for (size_t k = 0; k < members && !rc; k++) {
		*failed = (int)(first + k);
		rc = merge_member(run, first + k, &member[k], err);
	}
	*path = member[0];
	if (!rc && members > 1)
		rc = fold(run, first, members, member, path, err);
	for (size_t k = 1; k < members; k++)
		agent_block_path_free(&member[k]);
	if (rc)
		agent_block_path_free(path);
	return rc;
}

int block_merge(const struct block_run *run, struct agent_block_path *paths,
		int *failed, struct err *err)
{
	size_t first = 0;

	for (size_t p = 0; p < run->args->paths; p++) {
		size_t members = block_pairs_of(run->args, p);
		int rc =
			merge_path(run, first, members, &paths[p], failed, err);

		first += members;
		if (!rc)
			continue;
		while (p-- > 0)
			agent_block_path_free(&paths[p]);
		return rc;
	}
	*failed = -1;
	return 0;
}
