/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.h - study.db: everything a study found out, raw.
 *
 * SQLite in WAL mode with synchronous=FULL: a block is on disk before the
 * next begins, and a crash of anything loses at most the block in hand. The
 * schema is versioned (PRAGMA user_version) and migrated on opening; a newer
 * file than the program is refused. The study writes; analysis and report
 * read, on any machine, years later. schema.sql in this room is the reference
 * of tables and columns.
 *
 * Errors have the file's name and SQLite's words: -ENOSPC for a full disk,
 * -EROFS, -ENOMEM, else -EIO. What was stored before stays.
 */
#ifndef VAZAO_STORE_STORE_H
#define VAZAO_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/axis.h"
#include "base/err.h"

struct store;

enum store_mode { STORE_CREATE, STORE_WRITE, STORE_READ };

/*
 * dir/study.db. CREATE refuses an existing one (-EEXIST), WRITE and READ a
 * missing one (-ENOENT), and all of them a newer schema (-ENOTSUP), a damaged
 * file and one that is not vazao's (-EIO). CREATE and WRITE take a lock that
 * a second writer is refused (-EBUSY, with the holder's pid): VAZAO_PID, which
 * a process sets before it enters a PID namespace, where its own pid would
 * tell others nothing; else its pid. READ works beside a writer, and changes
 * nothing in the file.
 */
int store_open(struct store **store, const char *dir, enum store_mode mode,
	       struct err *err);
void store_close(struct store *store);

/*
 * Many small rows at once: none of what follows store_begin() is there before
 * store_commit() has returned 0, nor after store_undo(). Without them every
 * call below is durable when it returns.
 */
int store_begin(struct store *store, struct err *err);
int store_commit(struct store *store, struct err *err);
void store_undo(struct store *store);

/* Facts of the study as a whole: title, version, seed, plan (YAML text),
 * started_at, finished_at, precision, rule, ... Values are text. */
int store_set_meta(struct store *store, const char *key, const char *value,
		   struct err *err);
/* *value malloc'ed; NULL where there is none. */
int store_get_meta(struct store *store, const char *key, char **value,
		   struct err *err);

/* Paths in plan order, [0] the reference; ids are 0, 1, ... */
struct store_path {
	int id;
	char name[32], kind[32];
	json_t *options;
};
int store_add_path(struct store *store, const struct store_path *path,
		   struct err *err);
int store_load_paths(struct store *store, struct store_path **paths,
		     size_t *count, struct err *err);
void store_paths_free(struct store_path *paths, size_t count);

/* Points in plan order; ids are 0, 1, ... */
int store_add_point(struct store *store, int id, const struct point *point,
		    struct err *err);
int store_load_points(struct store *store, struct point **points, size_t *count,
		      struct err *err);

/* One path within one block. */
struct store_measurement {
	int path; /* id */
	double throughput_mbps;
	int64_t bytes, duration_ns; /* sums over the slices */
	int64_t idle_max_ns;	    /* longest idle gap before a slice */
	int64_t sndbuf_bytes, rcvbuf_bytes; /* effective: sender's, receiver's*/
	int64_t mss_bytes, retransmits, messages;
	char congestion[16];
	json_t *slices;	  /* [[bytes, ns], ...] as measured */
	json_t *counters; /* what observers add; may be NULL */
	double reverse_mbps, sent_mbps;
	int64_t transactions;
	json_t *latency; /* [[bucket, count], ...]; may be NULL */
	int64_t datagrams, lost, reordered;
	double jitter_us;
	json_t *pair_mbps; /* [rate of each pair, ...]; NULL: there is one */
};

struct store_block {
	int64_t id; /* set by store_add_block */
	int point;  /* id */
	int round;
	uint64_t seed;
	json_t *order;	       /* [path ids], one a slice */
	int64_t started_at_ns; /* CLOCK_REALTIME */
	int64_t duration_ns;
	json_t *settings;      /* {"mtu":..., read back per hop ...}; or NULL */
	const char *discarded; /* why; NULL: a good block */
	struct store_measurement *measurement;
	size_t measurements;
};

/* One transaction; durable when it returns, or nothing of it is there. */
int store_add_block(struct store *store, struct store_block *block,
		    struct err *err);

/* Every block in time order, all at once; scan.h has them one by one.
 * `light`: without slices, counters, settings. */
int store_load_blocks(struct store *store, bool light,
		      struct store_block **blocks, size_t *count,
		      struct err *err);
void store_blocks_free(struct store_block *blocks, size_t count);

/* A cell that failed, for good, and why. Cells that did not are judged from
 * their blocks, so nothing else is stored of them. */
struct store_failure {
	int point, path;
	char cause[512];
};
int store_add_failure(struct store *store, const struct store_failure *failure,
		      struct err *err);
/* All of them: a resumed study tries its failed cells anew. */
int store_clear_failures(struct store *store, struct err *err);
int store_load_failures(struct store *store, struct store_failure **failures,
			size_t *count, struct err *err);

/* Settings of nodes as read back: ("M2", "net.ipv4.tcp_sack", "1"). */
int store_set_setting(struct store *store, const char *node, const char *key,
		      const char *value, struct err *err);
/* {"M2": {"net.ipv4.tcp_sack": "1", ...}, ...} */
int store_load_settings(struct store *store, json_t **settings,
			struct err *err);

/* What happened: agent restarted, resumed, interrupted, budget spent... */
int store_add_event(struct store *store, const char *kind, const char *text,
		    struct err *err);
/* [{"at_ns", "kind", "text"}] */
int store_load_events(struct store *store, json_t **events, struct err *err);

#endif
