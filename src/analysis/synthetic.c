/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/synthetic.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "stats/order.h"

/* clang-format off */
const struct synthetic synthetic_paper = {
	.axis = {
		[AXIS_MTU] = { { 500, 1500 }, 2 },
		[AXIS_SOCKET_SIZE] = {
			{ 4096, 8192, 16384, 65536, 114688, 131072, 262144 }, 7 },
		[AXIS_MESSAGE_SIZE] = {
			{ 512, 1024, 2048, 4096, 8192, 32768, 65536, 1048576 }, 8 },
	},
	.blocks = 14, .noise = 0.04, .title = "paper",
};

const struct synthetic synthetic_quick = {
	.axis = {
		[AXIS_MTU] = { { 500, 1500 }, 2 },
		[AXIS_SOCKET_SIZE] = { { 16384, 131072 }, 2 },
		[AXIS_MESSAGE_SIZE] = { { 4096, 65536 }, 2 },
	},
	.blocks = 14, .noise = 0.04, .title = "quick",
};
/* clang-format on */

static const char *const path_names[SYNTHETIC_PATHS] = { "native", "dom0",
							 "domU" };

#define STARTED_NS INT64_C(1795395600000000000) /* 2026-11-23 01:00 UTC */

/* The points of the product of the axes, the last axis fastest. */
static size_t count_points(const struct synthetic *study)
{
	size_t count = 1;

	for (int i = 0; i < AXIS_COUNT; i++)
		if (study->axis[i].count)
			count *= study->axis[i].count;
	return count;
}

static void point_at(const struct synthetic *study, size_t id,
		     struct point *point)
{
	point_init(point);
	for (int i = AXIS_COUNT - 1; i >= 0; i--) {
		size_t n = study->axis[i].count;

		if (!n)
			continue;
		point->value[i] = study->axis[i].value[id % n];
		id /= n;
	}
}

/* Saturating in both sizes, proportional to the payload a frame carries, as
 * the study's figures run. */
double synthetic_rate(const struct synthetic *study, int path,
		      const struct point *point)
{
	static const double per_message[] = { 400, 450, 1500 };
	static const double ceiling[] = { 1, 0.97, 0.85 };
	double mtu = (double)point->value[AXIS_MTU];
	double message = (double)point->value[AXIS_MESSAGE_SIZE];
	double buffer = (double)point->value[AXIS_SOCKET_SIZE];
	double rate = 5200 * mtu / (mtu + 1400);

	if (study->rate)
		return study->rate(path, point);
	rate *= message / (message + per_message[path]);
	rate *= buffer / (buffer + 12000 * (path == 2 ? 2 : 1));
	rate *= ceiling[path];
	if (point->value[AXIS_DIRECTION] == DIRECTION_RECEIVE)
		rate *= 0.9;
	if (path == 2 && mtu == 500)
		rate *= 1 + study->effect;
	if (study->link_bps)
		rate = fmin(rate, (double)study->link_bps / 1e6 * (mtu - 52) /
					  (mtu + 38));
	return rate;
}

static double uniform(uint64_t seed, uint64_t counter)
{
	return (double)(stats_seed(seed, counter) >> 11) * 0x1p-53;
}

/* Box and Muller's. */
static double gaussian(uint64_t seed)
{
	return sqrt(-2 * log(1 - uniform(seed, 0))) *
	       cos(6.283185307179586 * uniform(seed, 1));
}

static int fill_facts(const struct synthetic *study, struct store *store,
		      struct err *err)
{
	char link[32];
	const char *const facts[][2] = {
		{ "title", study->title ? study->title : "synthetic" },
		{ "version", "0.1.0" },
		{ "host", "testhost, Linux 6.1.0, 2 CPUs" },
		{ "precision", "0.025" },
		{ "rule", study->rule ? study->rule : "blocks" },
		{ "link_bps", link },
		{ "time", study->exact ? "exact" : "wall" },
		{ "end", "complete" },
		{ "started_at", "2026-11-23T01:00:00Z" },
		{ "finished_at", "2026-11-23T01:12:34Z" },
	};
	int rc = 0;

	snprintf(link, sizeof(link), "%" PRId64, study->link_bps);
	for (size_t i = 0; rc == 0 && i < sizeof(facts) / sizeof(*facts); i++)
		rc = store_set_meta(store, facts[i][0], facts[i][1], err);
	return rc;
}

static int fill_axes(const struct synthetic *study, struct store *store,
		     struct err *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < SYNTHETIC_PATHS; i++) {
		struct store_path path = { .id = i };

		snprintf(path.name, sizeof(path.name), "%s", path_names[i]);
		memcpy(path.kind, path.name, sizeof(path.kind));
		rc = store_add_path(store, &path, err);
	}
	for (size_t id = 0; rc == 0 && id < count_points(study); id++) {
		struct point point;

		point_at(study, id, &point);
		rc = store_add_point(store, (int)id, &point, err);
	}
	return rc;
}

static void fill_measurement(struct store_measurement *m, int path,
			     double throughput_mbps)
{
	*m = (struct store_measurement){
		.path = path,
		.throughput_mbps = throughput_mbps,
		.bytes = (int64_t)(throughput_mbps * 1e4),
		.duration_ns = 80 * NS_PER_MS,
		.sndbuf_bytes = 32768,
		.rcvbuf_bytes = 65536,
		.mss_bytes = 1448,
		.congestion = "cubic",
	};
	m->slices = json_pack("[[II]]", (json_int_t)m->bytes,
			      (json_int_t)m->duration_ns);
}

struct block_args {
	const struct synthetic *study;
	struct store *store;
	int point, round;
	int only_path; /* -1: all */
	const char *discarded;
};

/* An object that takes about so many bytes as text. */
static json_t *filler(size_t bytes)
{
	json_t *object = json_object();

	for (size_t used = 0; used < bytes; used += 22) {
		char key[16];

		snprintf(key, sizeof(key), "counter_%04zu", used % 10000);
		json_object_set_new(object, key, json_integer(1234567));
	}
	return object;
}

/* The host's weather hits all paths of a block; the noise each its own. */
static int fill_block(const struct block_args *args, struct err *err)
{
	struct store_measurement m[SYNTHETIC_PATHS];
	int which = args->point * 8 + args->only_path + 1;
	uint64_t seed = stats_seed((uint64_t)args->round + args->study->salt,
				   (uint64_t)which);
	double weather = 1 + 0.03 * gaussian(stats_seed(seed, 99));
	struct store_block block = {
		.point = args->point,
		.round = args->round,
		.seed = seed,
		.order = json_pack("[iiiiii]", 0, 1, 2, 2, 1, 0),
		.started_at_ns = STARTED_NS + args->round * NS_PER_S,
		.duration_ns = 390 * NS_PER_MS,
		.discarded = args->discarded,
		.measurement = m,
	};
	struct point point;
	int rc;

	point_at(args->study, (size_t)args->point, &point);
	for (int path = 0; path < SYNTHETIC_PATHS; path++) {
		double noise = args->study->noise / sqrt(2) *
			       gaussian(stats_seed(seed, (uint64_t)path));

		if (args->only_path >= 0 && args->only_path != path)
			continue;
		fill_measurement(&m[block.measurements++], path,
				 synthetic_rate(args->study, path, &point) *
					 weather * (1 + noise));
		if (args->study->counters)
			m[block.measurements - 1].counters =
				args->study->counters(path, &point,
						      args->round);
	}
	for (size_t i = 0;
	     args->study->counters_bytes && i < block.measurements; i++)
		m[i].counters = filler(args->study->counters_bytes);
	rc = store_add_block(args->store, &block, err);
	for (size_t i = 0; i < block.measurements; i++) {
		json_decref(m[i].slices);
		json_decref(m[i].counters);
	}
	json_decref(block.order);
	return rc;
}

/* The last point is not visited where there is trouble. */
static int fill_blocks(const struct synthetic *study, struct store *store,
		       struct err *err)
{
	int points = (int)count_points(study) - study->trouble;
	bool apart = study->rule && strcmp(study->rule, "2007") == 0;
	int rc = 0;

	for (int i = 0; rc == 0 && i < study->blocks * points; i++) {
		struct block_args args = { .study = study,
					   .store = store,
					   .point = i % points,
					   .round = i / points,
					   .only_path = apart ? 0 : -1 };

		rc = fill_block(&args, err);
		for (int path = 1; apart && rc == 0 && path < SYNTHETIC_PATHS;
		     path++) {
			args.only_path = path;
			rc = fill_block(&args, err);
		}
	}
	return rc;
}

static int fill_settings(const struct synthetic *study, struct store *store,
			 struct err *err)
{
	static const char *const nodes[] = { "native", "dom0", "domU", "M2" };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < 4; i++) {
		rc = store_set_setting(store, nodes[i], "net.ipv4.tcp_sack",
				       "1", err);
		if (rc == 0)
			rc = store_set_setting(
				store, nodes[i], "congestion",
				study->trouble && i == 2 ? "reno" : "cubic",
				err);
		if (rc == 0 && !(study->trouble && i == 2))
			rc = store_set_setting(store, nodes[i],
					       "net.core.wmem_max", "212992",
					       err);
	}
	return rc;
}

static int fill_trouble(const struct synthetic *study, struct store *store,
			struct err *err)
{
	struct block_args args = { .study = study,
				   .store = store,
				   .round = study->blocks,
				   .only_path = -1,
				   .discarded = "the clock jumped by 3600 s" };
	struct store_failure failure = {
		.point = 1,
		.path = 2,
		.cause = "domU: no answer within 5 s, \"eth0\" is down, twice"
	};
	int rc = fill_block(&args, err);

	if (rc == 0)
		rc = store_add_failure(store, &failure, err);
	if (rc == 0)
		rc = store_add_event(store, "agent", "domU restarted", err);
	return rc;
}

static int fill(const struct synthetic *study, struct store *store,
		struct err *err)
{
	int rc = store_begin(store, err);

	if (rc)
		return rc;
	rc = fill_facts(study, store, err);
	rc = rc ? rc : fill_axes(study, store, err);
	rc = rc ? rc : fill_settings(study, store, err);
	rc = rc ? rc : fill_blocks(study, store, err);
	if (rc == 0 && study->trouble)
		rc = fill_trouble(study, store, err);
	if (rc) {
		store_undo(store);
		return rc;
	}
	return store_commit(store, err);
}

int synthetic_create(char *dir, const struct synthetic *study, struct err *err)
{
	struct store *store;
	int rc;

	if (!mkdtemp(dir))
		return err_sys(err, errno, "%s", dir);
	rc = store_open(&store, dir, STORE_CREATE, err);
	if (rc)
		return rc;
	rc = fill(study, store, err);
	store_close(store);
	return rc;
}

void synthetic_remove(const char *dir)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		unlinkat(dirfd(stream), entry->d_name, 0);
	if (stream)
		closedir(stream);
	rmdir(dir);
}
