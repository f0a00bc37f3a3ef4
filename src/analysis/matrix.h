/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * matrix.h - a stored study as a matrix of cells with intervals.
 *
 * From rows alone (store/), by the estimator of stats/. The report, the
 * figures, the comparison and the advice all start here.
 *
 * Facts of the study that it reads (store_get_meta()): title, host, version,
 * rule ("2007": the control's estimate), precision (a fraction), min_blocks,
 * link_bps, end (how it ended), started_at and finished_at (ns since 1970, or ISO 8601 in UTC). What is not
 * there is empty, 0, or the plan's default.
 */
#ifndef VAZAO_ANALYSIS_MATRIX_H
#define VAZAO_ANALYSIS_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/axis.h"
#include "base/err.h"
#include "stats/estimate.h"
#include "stats/loss_search.h"
#include "stats/quantile.h"
#include "store/store.h"
#include "store/usage.h"

enum cell_status {
	CELL_REFERENCE, /* first path; efficiency 1 by definition */
	CELL_REACHED,
	CELL_NOT_REACHED, /* out of budget: the interval as it is */
	CELL_CAPPED,	  /* the cable's rate binds both paths */
	CELL_IMPORTED,	  /* another tool's number, without a history; cause
			   * says from where */
	CELL_FAILED	  /* cause says why */
};

const char *cell_status_name(enum cell_status status); /* "REACHED" */

/* What transactions and datagrams have beside throughput; see exchange.h.
 * Transactions per second are throughput by the bytes of one. */
#define CELL_QUANTILES 3 /* 50, 99 and 99.99 %, ns */
struct cell_exchange {
	struct quantile latency[CELL_QUANTILES]; /* 0 where there is none */
	double datagrams, lost, reordered; /* received; of the good blocks */
	double sent_mbps, jitter_us;	   /* means over the blocks */
	int blocks;			   /* with datagrams */
};

/* Where several pairs run at the same time; see pairs.h. */
struct cell_pairs {
	size_t pairs;		   /* 0: there is one */
	struct stats_mean jain;	   /* of a block */
	double min_mbps, max_mbps; /* the least and the best served pair */
};

/* The highest rate without loss, 10^6 bit/s; see no_loss.h. */
struct cell_no_loss {
	size_t trials;		       /* 0: was not searched */
	struct loss_search rate;       /* stats/loss_search.h */
	struct loss_search efficiency; /* over the reference's */
};

struct cell {
	const struct point *point;
	int point_id, path;
	enum cell_status status;
	struct stats_mean throughput; /* 10^6 bit/s */
	struct stats_efficiency efficiency;
	double trimmed; /* stats_trimmed_ratio(); 0: none */
	size_t blocks;	/* good ones with this path */
	int64_t sndbuf_effective, rcvbuf_effective; /* bytes; 0: not known */
	double cpu_us_per_kb, context_switches_per_s,
		page_faults_per_s; /* < 0: not measured */
	struct cell_exchange exchange;
	struct cell_no_loss no_loss;
	struct cell_pairs pairs;
	char cause[512]; /* "" but for FAILED and IMPORTED */
};

/* One path over all its points, for the methods section. */
struct matrix_path {
	char name[32], kind[32];
	json_t *options; /* as the plan has them */
	struct stats_pool pool;
	struct store_usage usage; /* of the whole study */
};

struct matrix {
	char *title, *host, *version, *end; /* "" where not stored */
	bool rule_2007;	    /* one configuration after another */
	double precision;   /* 0.025 */
	int64_t min_blocks; /* a cell is not REACHED before */
	int64_t link_bps;
	struct matrix_path *path;
	size_t paths;
	int reference; /* path; 0 but for matrix_load_query() */
	struct point *point;
	size_t points;
	struct cell *cell;	  /* [point * paths + path] */
	size_t blocks, discarded; /* good; left out, with their causes */
	int64_t started_at_ns, finished_at_ns; /* 0: not finished */
	json_t *settings;		       /* store_load_settings() */
	json_t *differences; /* [{"key", "values": {node: value}}]: what the
			      * nodes do not have alike */
	json_t *events;
	json_t *discards; /* store_load_discards() */
	json_t *design; /* how it was measured: slice_ns, cycles ... as text */
};

int matrix_load(struct matrix **matrix, struct store *store, struct err *err);
void matrix_free(struct matrix *matrix);

/* A part of a study, or seen from another path: all zero is matrix_load(). */
struct matrix_query {
	const char *reference;	/* path; NULL: the first */
	int64_t from_ns, to_ns; /* blocks started then; to 0: no end */
};
int matrix_load_query(struct matrix **matrix, struct store *store,
		      const struct matrix_query *query, struct err *err);

/*
 * Payload that TCP can carry over a link, 10^6 bit/s: rate x (MTU - 52) /
 * (MTU + 38). Off the MTU go IPv4 (20 bytes), TCP (20) and its timestamps
 * (12), and 20 more with IPv6; on the wire each frame takes 14 bytes of header, 4 of checksum, 8 of
 * preamble and 12 of gap (IEEE 802.3). 0 where the link is unlimited. A cell
 * is CAPPED where both its path and the reference reach MATRIX_CAPPED of it.
 */
#define MATRIX_CAPPED 0.98
double matrix_link_mbps(int64_t link_bps, const struct point *point);

/* Efficiencies that were estimated, and how many of their intervals are
 * expected to miss the truth. */
size_t matrix_intervals(const struct matrix *matrix);

/* Counted in instructions instead of seconds (time: exact)? */
bool matrix_is_exact(const struct matrix *matrix);

/* Does some point tell of the axis (axis_is_told())? If not, it is not worth
 * a column. */
bool matrix_tells(const struct matrix *matrix, enum axis axis);

const struct cell *matrix_cell(const struct matrix *matrix, size_t point,
			       size_t path);

#endif
